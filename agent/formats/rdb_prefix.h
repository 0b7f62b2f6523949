/*
 * rdb_prefix.h - what the names of like keys have in common: "user:*:" of
 * user:1000:cart.
 *
 * The parts of a name end at a separator, as ':'. Its prefix is the first two, without the
 * last part of all, and one that is an id is shown as "*": digits alone, or 8
 * and more hexadecimal digits or '-' with a digit among them.
 */
#ifndef FORMATS_RDB_PREFIX_H
#define FORMATS_RDB_PREFIX_H

#include <stddef.h>

/* Writes it and returns its size, at most size; 0: the name has none. */
size_t rdb_prefix_write(char *out, size_t size, const char *name,
                        size_t name_size, char separator);

#endif
