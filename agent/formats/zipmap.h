/*
 * zipmap.h - zipmaps: small hashes until redis 2.6. Servers since 6.2 walk
 * each at load.
 *
 * Count (254 and more: walk), pairs, FF. Pair: size, field, size, a byte of
 * unused room, value, the unused room. Size: 1 byte, or FE and four.
 */
#ifndef FORMATS_ZIPMAP_H
#define FORMATS_ZIPMAP_H

#include "formats/packed.h"

enum { ZIPMAP_MIN = 2 };

/* Begins a walk over at least ZIPMAP_MIN bytes. */
void zipmap_begin(struct packed *p, const unsigned char *bytes, size_t size);

/* Fields and values in turn. */
packed_next zipmap_next;

#endif
