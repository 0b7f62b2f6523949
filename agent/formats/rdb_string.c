#include "formats/rdb_string.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "formats/rdb_lzf.h"

/* LZF: a reference of 3 bytes stands for at most 264. */
enum { LZF_RATIO_MAX = 264 };

/* The longest string with a 6-bit length, and its head. */
enum { SHORT_MAX = 64 };

bool
rdb_string_packed(struct rdb_read *r, uint64_t start, uint64_t *packed,
                  uint64_t *plain)
{
    if (!rdb_read_number(r, packed) || !rdb_read_number(r, plain))
        return false;
    if (*packed == 0 || *plain == 0 || *packed > RDB_STRING_MAX ||
        *plain > *packed * LZF_RATIO_MAX)
        return rdb_read_fail(r, "rdb-length", start,
                             "a compressed string of %" PRIu64 " bytes cannot "
                             "hold %" PRIu64,
                             *packed, *plain);
    return true;
}

bool
rdb_string_skip_slow(struct rdb_read *r, uint64_t *size)
{
    uint64_t start = source_offset(r->s), n;
    unsigned c;

    if (!rdb_read_want(r, 1))
        return rdb_read_cut(r, start, "a string");
    c = *r->s->at;
    if (c >= 0xc0 && c <= 0xc2) {
        *size = 1;
        return rdb_read_raw(r, 1 + (1u << (c & 3)), "a number") != NULL;
    }
    if (c == 0xc3) {
        r->s->at++;
        if (!rdb_string_packed(r, start, &n, size) ||
            !rdb_lzf_skip(r, start, n, *size))
            return false;
        r->packed_end = source_offset(r->s);
        return true;
    }
    if (c > 0xc3)
        return rdb_read_fail(r, "rdb-length", start,
                             "the byte %02x does not begin a string", c);
    if (!rdb_read_number(r, &n))
        return false;
    if (n > RDB_STRING_MAX)
        return rdb_read_fail(r, "rdb-length", start,
                             "a string of %" PRIu64 " bytes is longer than any "
                             "server can hold",
                             n);
    *size = n;
    return rdb_read_skip(r, n, start, "a string");
}

bool
rdb_string_skip_many(struct rdb_read *r, uint64_t n)
{
    struct source *s = r->s;
    uint64_t size;

    for (; n > 0; n--) {
        const unsigned char *p = s->at, *end = rdb_read_near(r);

        for (; n > 0 && end - p > SHORT_MAX; n--) {
            unsigned c = *p;

            if (c < 0x40) {
                p += 1 + c;
            } else if (c < 0x80) {
                size_t long_size = (size_t)(c & 0x3f) << 8 | p[1];

                if (long_size > (size_t)(end - p) - 2)
                    break;
                p += 2 + long_size;
            } else if (c >= 0xc0 && c <= 0xc2) {
                p += 1 + (1u << (c & 3));
            } else {
                break;
            }
        }
        s->at = p;
        if (n == 0)
            return true;
        if (!rdb_string_skip(r, &size))
            return false;
    }
    return true;
}

bool
rdb_string_text(struct rdb_read *r, char *text, size_t size)
{
    uint64_t skipped;
    unsigned c;

    text[0] = '\0';
    if (!rdb_read_want(r, 1))
        return rdb_string_skip(r, &skipped);
    c = *r->s->at;
    if (c < 0x40 && c < size && rdb_read_want(r, 1 + c)) {
        memcpy(text, r->s->at + 1, c);
        text[c] = '\0';
    } else if (c >= 0xc0 && c <= 0xc2 &&
               rdb_read_want(r, 1 + (1u << (c & 3)))) {
        const unsigned char *p = r->s->at + 1;
        int32_t number = c == 0xc0 ? (int8_t)p[0]
                         : c == 0xc1
                             ? (int16_t)(p[0] | p[1] << 8)
                             : (int32_t)((uint32_t)p[0] | (uint32_t)p[1] << 8 |
                                         (uint32_t)p[2] << 16 |
                                         (uint32_t)p[3] << 24);

        snprintf(text, size, "%" PRId32, number);
    }
    return rdb_string_skip(r, &skipped);
}
