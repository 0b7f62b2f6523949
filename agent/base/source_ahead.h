/*
 * source_ahead.h - the next window of a mapped file, made ready by a thread
 * while the reader is in the present one; for source_map.c only.
 *
 * To enter a window's pages into the page tables is a good part of the work of
 * a reader that only walks over the bytes.
 */
#ifndef BASE_SOURCE_AHEAD_H
#define BASE_SOURCE_AHEAD_H

#include <stddef.h>
#include <stdint.h>

struct source_ahead;

/* fd is borrowed. NULL where no thread can be had: then go without. */
struct source_ahead *source_ahead_new(int fd);

/*
 * Ends an old window (NULL: none) and then maps size bytes from offset (a
 * multiple of the page; size 0: nothing), both in the thread. What is still
 * ready from before must have been taken.
 */
void source_ahead_prepare(struct source_ahead *a, void *old, size_t old_size,
                          uint64_t offset, size_t size);

/* Waits for that window; it is the caller's. NULL: there is none. */
void *source_ahead_take(struct source_ahead *a, uint64_t *offset, size_t *size);

/* Ends the thread and what it has ready. NULL is fine. */
void source_ahead_free(struct source_ahead *a);

#endif
