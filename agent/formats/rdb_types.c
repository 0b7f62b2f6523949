#include "formats/rdb_types.h"

#include <endian.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "formats/rdb_deep.h"
#include "formats/rdb_members.h"
#include "formats/rdb_module.h"
#include "formats/rdb_packed.h"
#include "formats/rdb_stream.h"
#include "formats/rdb_string.h"
#include "formats/rdb_weigh.h"

/* Of a score as text: the length byte also has values of its own. */
enum { SCORE_NAN = 253, SCORE_PLUS_INFINITY = 254 };

/* A member with a 6-bit length, its head and a score. */
enum { SHORT_MEMBER_MAX = 72 };

enum { ARRAY_STRING, ARRAY_INTEGER, ARRAY_DOUBLE, ARRAY_SMALL };

/* The count of a value; none makes the key empty. */
static bool
read_elements(struct rdb_read *r, uint64_t *n)
{
    if (!rdb_read_count(r, n))
        return false;
    r->key.empty = *n == 0;
    r->key.elements = *n;
    return true;
}

static bool
walk_string(struct rdb_read *r, unsigned detail)
{
    uint64_t size;

    (void)detail;
    return r->weigh != NULL ? rdb_weigh_text(r) : rdb_string_skip(r, &size);
}

/* Elements of so many strings each. */
static bool
walk_strings(struct rdb_read *r, unsigned strings)
{
    uint64_t n;

    if (!read_elements(r, &n))
        return false;
    return r->weigh != NULL ? rdb_weigh_elements(r, n)
                            : rdb_string_skip_many(r, n * strings);
}

/* One packed structure. */
static bool
walk_packed(struct rdb_read *r, unsigned kind)
{
    return rdb_packed_read(r, kind, &r->key.empty);
}

/* Before a score. */
static bool
read_member(struct rdb_read *r)
{
    uint64_t size;

    if (r->weigh != NULL)
        return rdb_weigh_scored(r);
    return r->deep != NULL ? rdb_deep_member(r, 0) : rdb_string_skip(r, &size);
}

static bool
read_score_text(struct rdb_read *r)
{
    uint64_t start = source_offset(r->s);
    const unsigned char *p = rdb_read_raw(r, 1, "a score");
    char text[256];
    double score;
    unsigned size;

    if (p == NULL)
        return false;
    size = *p;
    if (size == SCORE_NAN)
        return rdb_read_spoiled(r, start, "a score is not a number");
    if (size >= SCORE_PLUS_INFINITY)
        return true;
    if ((p = rdb_read_raw(r, size, "a score")) == NULL)
        return false;
    memcpy(text, p, size);
    text[size] = '\0';
    /* Servers read it by sscanf too. */
    if (sscanf(text, "%lg", &score) != 1)
        return rdb_read_flawed(r, RDB_BY_LOOKING, start,
                               "a score is not a number");
    if (isnan(score))
        return rdb_read_spoiled(r, start, "a score is not a number");
    return true;
}

static bool
walk_zset_text(struct rdb_read *r, unsigned detail)
{
    uint64_t n;

    (void)detail;
    if (!read_elements(r, &n))
        return false;
    rdb_members_begin(r);
    for (; n > 0; n--)
        if (!read_member(r) || !read_score_text(r))
            return false;
    rdb_members_end(r);
    return true;
}

static bool
is_nan(uint64_t bits)
{
    return (bits & INT64_MAX) > UINT64_C(0x7ff0000000000000);
}

/* Members with short names while they lie in the window; the rest stays. */
static void
walk_short_members(struct rdb_read *r, uint64_t *n)
{
    const unsigned char *p = r->s->at, *end = rdb_read_near(r);
    uint64_t bits;

    while (*n > 0 && end - p >= SHORT_MEMBER_MAX) {
        unsigned c = *p, size = 1;

        if (c < 0x40)
            size += c;
        else if (c >= 0xc0 && c <= 0xc2)
            size += 1u << (c & 3);
        else
            break;
        memcpy(&bits, p + size, sizeof bits);
        if (is_nan(le64toh(bits)))
            break;
        p += size + sizeof bits;
        --*n;
    }
    r->s->at = p;
}

static bool
walk_zset(struct rdb_read *r, unsigned detail)
{
    uint64_t n, bits;

    (void)detail;
    if (!read_elements(r, &n))
        return false;
    rdb_members_begin(r);
    for (; n > 0; n--) {
        if (r->deep == NULL && r->weigh == NULL)
            walk_short_members(r, &n);
        if (n == 0)
            break;
        if (!read_member(r))
            return false;
        uint64_t start = source_offset(r->s);

        if (!rdb_read_u64(r, &bits, "a score"))
            return false;
        if (is_nan(bits))
            rdb_read_spoiled(r, start, "a score is not a number");
    }
    rdb_members_end(r);
    return true;
}

/* Nodes: ziplists (version 1), or each its kind and a listpack or element. */
static bool
walk_quicklist(struct rdb_read *r, unsigned version)
{
    uint64_t n, kind = 2, size;
    bool empty = true, none;

    if (!rdb_read_count(r, &n))
        return false;
    for (; n > 0; n--) {
        uint64_t start = source_offset(r->s);

        if (version == 2 && !rdb_read_count(r, &kind))
            return false;
        if (kind != 1 && kind != 2)
            return rdb_read_fail(r, "rdb-value", start,
                                 "a list node of kind %" PRIu64 ", not 1 or 2",
                                 kind);
        if (kind == 1) {
            if (!rdb_string_skip(r, &size))
                return false;
            if (size == 0)
                rdb_read_spoiled(r, start, "a list node of 0 bytes");
            if (r->weigh != NULL)
                rdb_weigh_plain(r, size);
            r->key.elements++;
            empty = false;
            continue;
        }
        if (!rdb_packed_read(r,
                             version == 1 ? RDB_PACKED_NODE_ZIPLIST
                                          : RDB_PACKED_LIST_LISTPACK,
                             &none))
            return false;
        empty = empty && none;
    }
    r->key.empty = empty;
    return true;
}

static bool
read_array_element(struct rdb_read *r, unsigned small_max)
{
    uint64_t index, kind, size, start, bits;

    if (!rdb_read_number(r, &index))
        return false;
    start = source_offset(r->s);
    if (!rdb_read_number(r, &kind))
        return false;
    if (kind == ARRAY_INTEGER || kind == ARRAY_DOUBLE)
        return rdb_read_u64(r, &bits, "a number");
    if (kind != ARRAY_STRING && kind != ARRAY_SMALL)
        return rdb_read_fail(r, "rdb-value", start,
                             "an array element of kind %" PRIu64 ", not 0 to 3",
                             kind);
    if (!rdb_string_skip(r, &size))
        return false;
    if (kind == ARRAY_SMALL && size > small_max)
        return rdb_read_spoiled(r, start, "a small string of %" PRIu64 " bytes",
                                size);
    return true;
}

static bool
walk_array(struct rdb_read *r, unsigned small_max)
{
    uint64_t start = source_offset(r->s), n, flag;

    if (!rdb_read_count(r, &n))
        return false;
    if (n == 0)
        rdb_read_spoiled(r, start, "an array without elements");
    r->key.elements = n;
    start = source_offset(r->s);
    if (!rdb_read_number(r, &flag))
        return false;
    if (flag > 1)
        return rdb_read_fail(r, "rdb-value", start,
                             "the flag of an array is %" PRIu64 ", not 0 or 1",
                             flag);
    if (flag == 1 && !rdb_read_numbers(r, 1))
        return false;
    for (; n > 0; n--)
        if (!read_array_element(r, small_max))
            return false;
    return true;
}

static const struct rdb_types_entry types[] = {
    [0] = {"string", walk_string, 0, 1},
    [1] = {"list", walk_strings, 1, 1},
    [2] = {"set", rdb_members_walk, 1, 1},
    [3] = {"zset, text scores", walk_zset_text, 0, 1},
    [4] = {"hash", rdb_members_walk, 2, 1},
    [5] = {"zset", walk_zset, 0, 8},
    [6] = {"module, before 4.0", NULL, 0, 8},
    [7] = {"module", rdb_module_walk, 0, 8},
    [9] = {"hash, zipmap", walk_packed, RDB_PACKED_HASH_ZIPMAP, 2},
    [10] = {"list, ziplist", walk_packed, RDB_PACKED_LIST_ZIPLIST, 2},
    [11] = {"set, intset", walk_packed, RDB_PACKED_SET_INTSET, 2},
    [12] = {"zset, ziplist", walk_packed, RDB_PACKED_ZSET_ZIPLIST, 2},
    [13] = {"hash, ziplist", walk_packed, RDB_PACKED_HASH_ZIPLIST, 4},
    [14] = {"list, quicklist", walk_quicklist, 1, 7},
    [15] = {"stream", rdb_stream_walk, 1, 9},
    [16] = {"hash, listpack", walk_packed, RDB_PACKED_HASH_LISTPACK, 10},
    [17] = {"zset, listpack", walk_packed, RDB_PACKED_ZSET_LISTPACK, 10},
    [18] = {"list, quicklist 2", walk_quicklist, 2, 10},
    [19] = {"stream 2", rdb_stream_walk, 2, 10},
    [20] = {"set, listpack", walk_packed, RDB_PACKED_SET_LISTPACK, 11},
    [21] = {"stream 3", rdb_stream_walk, 3, 11},
    [22] = {"hash, times, before 7.4", rdb_members_walk_times, 0, 12},
    [23] = {"hash, listpack, times, before 7.4", walk_packed,
            RDB_PACKED_HASH_TIMES, 12},
    [24] = {"hash, times", rdb_members_walk_times, 1, 12},
    [25] = {"hash, listpack, times", rdb_members_walk_packed,
            RDB_PACKED_HASH_TIMES, 12},
    [26] = {"stream 4", rdb_stream_walk, 4, 13},
    [27] = {"stream 5", rdb_stream_walk, 5, 14},
    [28] = {"array", walk_array, 7, 14},
};

static const struct rdb_types_entry hash_valkey = {
    "hash, times", rdb_members_walk_valkey, 0, 80};

const struct rdb_types_entry *
rdb_types_find(bool valkey_magic, unsigned type)
{
    if (valkey_magic && type >= 22)
        return type == 22 ? &hash_valkey : NULL;
    if (type >= sizeof types / sizeof *types || types[type].name == NULL)
        return NULL;
    return &types[type];
}
