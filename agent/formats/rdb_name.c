#include "formats/rdb_name.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "formats/lzf.h"
#include "formats/packed.h"

/* What has to lie in the window: heads, and in LZF, at the worst, two bytes
 * for each of a name. */
enum { LOOKED_AT = 32 + 2 * RDB_KEY_NAME_MAX };

/* The size of the length at p, which is put into n; 0: it is none. */
static size_t
read_length(const unsigned char *p, size_t have, uint64_t *n)
{
    size_t bytes;

    if (have >= 1 && *p < 0x40) {
        *n = *p;
        return 1;
    }
    if (have >= 2 && *p < 0x80) {
        *n = (uint64_t)(p[0] & 0x3f) << 8 | p[1];
        return 2;
    }
    if (have < 1 || (*p != 0x80 && *p != 0x81))
        return 0;
    bytes = *p == 0x80 ? 4 : 8;
    if (have < 1 + bytes)
        return 0;
    *n = 0;
    for (size_t i = 1; i <= bytes; i++)
        *n = *n << 8 | p[i];
    return 1 + bytes;
}

static void
keep_number(struct rdb_read *r, const unsigned char *p, unsigned bytes)
{
    int size = snprintf(r->name_text, sizeof r->name_text, "%" PRId64,
                        packed_signed(p, bytes));

    r->key.name_size = (uint32_t)size;
    r->key.name_whole = (uint64_t)size;
}

static void
keep_packed(struct rdb_read *r, const unsigned char *p, size_t have)
{
    uint64_t packed, plain;
    size_t at = read_length(p, have, &packed), head;

    head = at == 0 ? 0 : read_length(p + at, have - at, &plain);
    if (head == 0)
        return;
    at += head;
    if (packed > have - at)
        packed = have - at;
    r->key.name_whole = plain;
    r->key.name_size = (uint32_t)lzf_unpack(
        p + at, (size_t)packed, (unsigned char *)r->name_text,
        plain < RDB_KEY_NAME_MAX ? (size_t)plain : RDB_KEY_NAME_MAX);
}

void
rdb_name_keep(struct rdb_read *r)
{
    const unsigned char *p;
    uint64_t n;
    size_t have, head;

    rdb_read_want(r, LOOKED_AT); /* else there is no more */
    p = r->s->at;
    have = (size_t)(r->s->end - p);
    r->key.name = r->name_text;
    r->key.name_size = 0;
    r->key.name_whole = 0;
    head = read_length(p, have, &n);
    if (head > 0) {
        r->key.name_whole = n;
        n = n < RDB_KEY_NAME_MAX ? n : RDB_KEY_NAME_MAX;
        r->key.name_size = (uint32_t)(n < have - head ? n : have - head);
        memcpy(r->name_text, p + head, r->key.name_size);
    } else if (have >= 1 && *p >= 0xc0 && *p <= 0xc2) {
        if (have > 1u << (*p & 3))
            keep_number(r, p + 1, 1u << (*p & 3));
    } else if (have > 1 && *p == 0xc3) {
        keep_packed(r, p + 1, have - 1);
    }
}
