#include "formats/rdb_stream.h"

#include <inttypes.h>

#include "formats/rdb_string.h"

enum { ID_SIZE = 16, LISTPACK_EMPTY = 7 };

static bool
read_nodes(struct rdb_read *r)
{
    uint64_t n, size;

    if (!rdb_read_count(r, &n))
        return false;
    for (; n > 0; n--) {
        uint64_t start = source_offset(r->s);

        if (!rdb_string_skip(r, &size))
            return false;
        if (size != ID_SIZE)
            rdb_read_spoiled(
                r, start,
                "the id of a stream node has %" PRIu64 " bytes, not 16", size);
        start = source_offset(r->s);
        if (!rdb_string_skip(r, &size))
            return false;
        if (size <= LISTPACK_EMPTY)
            rdb_read_spoiled(r, start,
                             "a stream node of %" PRIu64 " bytes holds nothing",
                             size);
    }
    return true;
}

/* A count, and as many ids. */
static bool
read_ids(struct rdb_read *r)
{
    uint64_t n;

    return rdb_read_count(r, &n) &&
           rdb_read_skip(r, n * ID_SIZE, source_offset(r->s),
                         "a list of stream ids");
}

/* Entries delivered and not acknowledged: id, time, deliveries. */
static bool
read_pending(struct rdb_read *r)
{
    uint64_t n;

    if (!rdb_read_count(r, &n))
        return false;
    for (; n > 0; n--)
        if (rdb_read_raw(r, ID_SIZE + 8, "a pending entry") == NULL ||
            !rdb_read_numbers(r, 1))
            return false;
    return true;
}

static bool
read_consumers(struct rdb_read *r, unsigned version)
{
    size_t times = version >= 3 ? 16 : 8;
    uint64_t n, size;

    if (!rdb_read_count(r, &n))
        return false;
    for (; n > 0; n--)
        if (!rdb_string_skip(r, &size) ||
            rdb_read_raw(r, times, "the times of a consumer") == NULL ||
            !read_ids(r))
            return false;
    return true;
}

/* Name, last id, entries read; pending entries, consumers, unowned ids. */
static bool
read_groups(struct rdb_read *r, unsigned version)
{
    uint64_t n, size;

    if (!rdb_read_count(r, &n))
        return false;
    for (; n > 0; n--) {
        if (!rdb_string_skip(r, &size) ||
            !rdb_read_numbers(r, version >= 2 ? 3 : 2) || !read_pending(r) ||
            !read_consumers(r, version))
            return false;
        if (version >= 5 && !read_ids(r))
            return false;
    }
    return true;
}

/* Settings; per producer its name and (id, stream id) pairs; two counters. */
static bool
read_producers(struct rdb_read *r)
{
    uint64_t n, ids, size;

    if (!rdb_read_numbers(r, 2) || !rdb_read_count(r, &n))
        return false;
    for (; n > 0; n--) {
        if (!rdb_string_skip(r, &size) || !rdb_read_count(r, &ids))
            return false;
        for (; ids > 0; ids--)
            if (!rdb_string_skip(r, &size) || !rdb_read_numbers(r, 2))
                return false;
    }
    return rdb_read_numbers(r, 2);
}

bool
rdb_stream_walk(struct rdb_read *r, unsigned version)
{
    return read_nodes(r) && rdb_read_numbers(r, version >= 2 ? 8 : 3) &&
           read_groups(r, version) && (version < 4 || read_producers(r));
}
