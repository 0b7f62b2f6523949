/*
 * memory.h - allocation that cannot fail.
 *
 * Sizes that come from a file or a peer are compared with a named limit by the
 * caller first; then running out of memory is the end of the process (state on
 * disk is crash-safe, the service manager restarts us). All blocks are given
 * back by free(), and all are zeroed or wholly written.
 */
#ifndef BASE_MEMORY_H
#define BASE_MEMORY_H

#include <stddef.h>

/* size zeroed bytes, size 0 included. */
void *memory_new(size_t size);

/* Room for count items of item bytes; old content kept, the rest is not set. */
void *memory_resize(void *old, size_t count, size_t item);

/*
 * Room for one item more in a growing array: doubles *capacity when count has
 * reached it. Returns the array, moved if need be.
 */
void *memory_grow(void *old, size_t count, size_t *capacity, size_t item);

/* A copy of size bytes with a NUL behind it. */
char *memory_copy(const void *bytes, size_t size);

/* A copy of a string; NULL gives NULL. */
char *memory_dup(const char *string);

#endif
