#include "formats/rdb_stream.h"

#include <inttypes.h>
#include <string.h>

#include "formats/rdb_blob.h"
#include "formats/rdb_deep.h"
#include "formats/rdb_packed.h"
#include "formats/rdb_pending.h"
#include "formats/rdb_string.h"
#include "formats/rdb_weigh.h"

enum { ID_SIZE = 16 };

/* Ids of nodes ascend; two in a row that are the same are one twice. */
static bool
read_node_id(struct rdb_read *r, unsigned char id[ID_SIZE], bool first)
{
    unsigned char last[ID_SIZE];
    struct rdb_blob b;

    memcpy(last, id, ID_SIZE);
    if (!rdb_blob_read(r, &b))
        return false;
    if (b.size != ID_SIZE || b.bytes == NULL)
        return rdb_read_spoiled(
            r, b.start, "the id of a stream node has %" PRIu64 " bytes, not 16",
            b.size);
    memcpy(id, b.bytes, ID_SIZE);
    if (r->weigh != NULL)
        rdb_weigh_id(r, id);
    if (first)
        return true;
    if (memcmp(last, id, ID_SIZE) == 0)
        return rdb_read_spoiled(r, b.start, "a stream node comes twice");
    if (memcmp(last, id, ID_SIZE) > 0)
        return rdb_read_flawed(r, 0, b.start,
                               "the nodes of a stream do not ascend");
    return true;
}

/* live: entries in all nodes, or -1. */
static bool
read_nodes(struct rdb_read *r, uint64_t *nodes, int64_t *live)
{
    unsigned char id[ID_SIZE] = {0};
    int64_t here;

    *live = 0;
    if (!rdb_read_count(r, nodes))
        return false;
    for (uint64_t i = 0; i < *nodes; i++) {
        if (!read_node_id(r, id, i == 0) || !rdb_packed_read_node(r, &here))
            return false;
        *live = *live < 0 || here < 0 ? -1 : *live + here;
    }
    if (r->weigh != NULL)
        rdb_weigh_tree(r);
    return true;
}

/* The number of entries, which the nodes must have. */
static bool
read_items(struct rdb_read *r, uint64_t nodes, int64_t live)
{
    uint64_t n, start = source_offset(r->s);

    if (!rdb_read_number(r, &n))
        return false;
    r->key.elements = n;
    if (n > 0 && nodes == 0)
        return rdb_read_spoiled(
            r, start, "a stream of %" PRIu64 " entries has no nodes", n);
    if (live >= 0 && n != (uint64_t)live)
        return rdb_read_flawed(r, RDB_BY_9_1, start,
                               "a stream counts %" PRIu64 " entries and its "
                               "nodes hold %" PRId64,
                               n, live);
    return true;
}

/* The name of a group (1) or consumer (0), of which each is there once. */
static bool
read_member(struct rdb_read *r, unsigned level)
{
    uint64_t size;

    if (r->deep != NULL)
        return rdb_deep_member(r, level);
    if (!rdb_string_skip(r, &size))
        return false;
    if (r->weigh != NULL && level == 0)
        rdb_weigh_consumer(r, size);
    else if (r->weigh != NULL)
        rdb_weigh_group(r);
    return true;
}

static bool
read_consumers(struct rdb_read *r, unsigned version, struct rdb_pending *p)
{
    size_t times = version >= 3 ? 16 : 8;
    uint64_t n;

    if (!rdb_read_count(r, &n))
        return false;
    if (r->deep != NULL)
        rdb_deep_begin_members(r, 0);
    for (uint64_t i = 1; i <= n; i++)
        if (!read_member(r, 0) ||
            rdb_read_raw(r, times, "the times of a consumer") == NULL ||
            !rdb_pending_read_owned(p, r, i))
            return false;
    if (r->deep != NULL)
        rdb_deep_end_members(r, 0, RDB_BY_ALL, "the consumer");
    return true;
}

/* Name, last id, entries read; pending entries, consumers, unowned ids. */
static bool
read_group(struct rdb_read *r, unsigned version, struct rdb_pending *p)
{
    uint64_t start = source_offset(r->s);

    if (!read_member(r, 1) || !rdb_read_numbers(r, version >= 2 ? 3 : 2) ||
        !rdb_pending_read(p, r) || !read_consumers(r, version, p))
        return false;
    if (version >= 5 && !rdb_pending_read_owned(p, r, UINT64_MAX))
        return false;
    if (r->deep != NULL)
        rdb_pending_end(p, r, start);
    return true;
}

static bool
read_groups(struct rdb_read *r, unsigned version)
{
    struct rdb_pending pending = {0};
    bool good = true;
    uint64_t n;

    if (!rdb_read_count(r, &n))
        return false;
    if (r->deep != NULL)
        rdb_deep_begin_members(r, 1);
    for (; n > 0 && good; n--)
        good = read_group(r, version, &pending);
    rdb_pending_clear(&pending);
    if (good && r->deep != NULL)
        rdb_deep_end_members(r, 1, RDB_BY_ALL, "the group");
    return good;
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
    uint64_t nodes;
    int64_t live;

    return read_nodes(r, &nodes, &live) && read_items(r, nodes, live) &&
           rdb_read_numbers(r, version >= 2 ? 7 : 2) &&
           read_groups(r, version) && (version < 4 || read_producers(r));
}
