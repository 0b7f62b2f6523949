/*
 * rdb_string.h - strings in an RDB: names, values, elements, packed structures.
 *
 * A length and so many bytes; or C0, C1, C2 and a number of 1, 2, 4 bytes,
 * little endian; or C3, the length packed, the length plain, LZF data.
 *
 * Each function has a short path for what lies wholly in the window: they are
 * called for every element of every key.
 */
#ifndef FORMATS_RDB_STRING_H
#define FORMATS_RDB_STRING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "formats/rdb_read.h"

/* Beyond this a length is damage: no server can hold such a string. */
#define RDB_STRING_MAX (UINT64_C(1) << 40)

/* Slow path of rdb_string_skip. */
bool rdb_string_skip_slow(struct rdb_read *r, uint64_t *size);

/*
 * Moves over a string. size: of its text; 1 for an encoded number (at most 11
 * characters, too short for anything whose size is looked at).
 */
static inline bool
rdb_string_skip(struct rdb_read *r, uint64_t *size)
{
    const unsigned char *p = r->s->at;
    size_t room = (size_t)(r->s->end - p), head = 1, n;

    if (room < 2)
        return rdb_string_skip_slow(r, size);
    if (p[0] < 0x40) {
        n = p[0];
    } else if (p[0] < 0x80) {
        head = 2;
        n = (size_t)(p[0] & 0x3f) << 8 | p[1];
    } else {
        return rdb_string_skip_slow(r, size);
    }
    if (n > room - head)
        return rdb_string_skip_slow(r, size);
    r->s->at = p + head + n;
    *size = n;
    return true;
}

/* The sizes of an LZF string, behind its C3. */
bool rdb_string_packed(struct rdb_read *r, uint64_t start, uint64_t *packed,
                       uint64_t *plain);

/* Moves over n strings: a tight loop. */
bool rdb_string_skip_many(struct rdb_read *r, uint64_t n);

/* A string as text; "" when it is longer than size - 1 or compressed. */
bool rdb_string_text(struct rdb_read *r, char *text, size_t size);

#endif
