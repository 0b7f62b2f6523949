/*
 * listpack.h - listpacks: since redis 7.0 small hashes, sets, sorted sets and
 * the nodes of lists; since 5.0 the nodes of streams.
 *
 * u32 size of all, u16 count (65535: walk), entries, FF; little endian. Entry:
 * encoding, data, and the size of both, so that one can go back.
 */
#ifndef FORMATS_LISTPACK_H
#define FORMATS_LISTPACK_H

#include "formats/packed.h"

enum { LISTPACK_HEAD = 6, LISTPACK_MIN = 7, LISTPACK_COUNT_UNKNOWN = 65535 };

/* What servers look at before they use one; NULL or what is wrong. head has
 * at least LISTPACK_MIN bytes if size has. */
const char *listpack_check_head(const unsigned char *head, uint64_t size,
                                unsigned char last);

/* Begins a walk over a listpack whose head is good. */
void listpack_begin(struct packed *p, const unsigned char *bytes, size_t size);

packed_next listpack_next;

#endif
