/*
 * stream_listpack.h - the node of a stream: a listpack of the master entry
 * (live, deleted, count of fields, their names, 0) and the entries: flags, two
 * differences from the node's id, fields of their own or the master's, values,
 * and how many elements that were.
 */
#ifndef FORMATS_STREAM_LISTPACK_H
#define FORMATS_STREAM_LISTPACK_H

#include <stddef.h>
#include <stdint.h>

/* NULL, or what is wrong; live: entries that are not deleted. Its head as a
 * listpack must be good. */
const char *stream_listpack_check(const unsigned char *bytes, size_t size,
                                  int64_t *live);

#endif
