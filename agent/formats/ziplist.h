/*
 * ziplist.h - ziplists: until redis 7.0 small hashes and sorted sets, and the
 * nodes of lists. Servers since 7.0 walk each at load, as they rewrite it.
 *
 * u32 size of all, u32 where the last entry lies, u16 count (65535: walk),
 * entries, FF; little endian. Entry: size of the one before (FE: in the next
 * four bytes), encoding, data.
 */
#ifndef FORMATS_ZIPLIST_H
#define FORMATS_ZIPLIST_H

#include "formats/packed.h"

enum { ZIPLIST_HEAD = 10, ZIPLIST_MIN = 11, ZIPLIST_COUNT_UNKNOWN = 65535 };

/* What servers look at before they use one; NULL or what is wrong. head has
 * at least ZIPLIST_MIN bytes if size has. */
const char *ziplist_check_head(const unsigned char *head, uint64_t size,
                               unsigned char last);

/* Begins a walk over a ziplist whose head is good. */
void ziplist_begin(struct packed *p, const unsigned char *bytes, size_t size);

packed_next ziplist_next;

#endif
