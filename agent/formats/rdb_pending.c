#include "formats/rdb_pending.h"

#include <endian.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "formats/rdb_weigh.h"

enum { ID_SIZE = 16 };

static int
compare(const void *a, const void *b)
{
    const struct rdb_pending_entry *x = a, *y = b;

    if (x->ms != y->ms)
        return x->ms < y->ms ? -1 : 1;
    return x->seq < y->seq ? -1 : x->seq > y->seq;
}

static struct rdb_pending_entry
entry_of(const unsigned char *id)
{
    struct rdb_pending_entry e = {0};

    memcpy(&e.ms, id, 8);
    memcpy(&e.seq, id + 8, 8);
    e.ms = be64toh(e.ms);
    e.seq = be64toh(e.seq);
    return e;
}

/* Servers write them in order, but do not ask for it. */
static void
put_in_order(struct rdb_pending *p, struct rdb_read *r, uint64_t offset)
{
    bool ordered = true;

    for (size_t i = 1; i < p->count && ordered; i++)
        ordered = compare(&p->entries[i - 1], &p->entries[i]) < 0;
    if (ordered)
        return;
    qsort(p->entries, p->count, sizeof *p->entries, compare);
    for (size_t i = 1; i < p->count; i++)
        if (compare(&p->entries[i - 1], &p->entries[i]) == 0)
            rdb_read_spoiled(r, offset,
                             "the pending entry %" PRIu64 "-%" PRIu64
                             " comes twice in a group",
                             p->entries[i].ms, p->entries[i].seq);
}

bool
rdb_pending_read(struct rdb_pending *p, struct rdb_read *r)
{
    uint64_t n, start = source_offset(r->s);
    const unsigned char *id;

    if (!rdb_read_count(r, &n))
        return false;
    p->count = 0;
    p->skipped = n > RDB_PENDING_MAX;
    if (r->weigh != NULL)
        rdb_weigh_pending(r, n);
    for (; n > 0; n--) {
        if ((id = rdb_read_raw(r, ID_SIZE + 8, "a pending entry")) == NULL)
            return false;
        if (r->weigh != NULL)
            rdb_weigh_id(r, id);
        if (!p->skipped) {
            p->entries = memory_grow(p->entries, p->count, &p->capacity,
                                     sizeof *p->entries);
            p->entries[p->count++] = entry_of(id);
        }
        if (!rdb_read_numbers(r, 1))
            return false;
    }
    if (!p->skipped)
        put_in_order(p, r, start);
    if (r->weigh != NULL)
        rdb_weigh_tree(r);
    return true;
}

static void
take(struct rdb_pending *p, struct rdb_read *r, const unsigned char *id,
     uint64_t owner, uint64_t offset)
{
    struct rdb_pending_entry e = entry_of(id), *found = NULL;

    if (p->count > 0)
        found = bsearch(&e, p->entries, p->count, sizeof e, compare);
    if (found == NULL)
        rdb_read_spoiled(r, offset,
                         "the pending entry %" PRIu64 "-%" PRIu64
                         " of a consumer is not one of its group",
                         e.ms, e.seq);
    else if (found->owner != 0)
        /* Two owners: the last one has it, since 8.0. */
        rdb_read_flawed(
            r, found->owner == owner ? RDB_BY_ALL : RDB_BY_ALL & ~RDB_BY_8,
            offset, "the pending entry %" PRIu64 "-%" PRIu64 " has two owners",
            e.ms, e.seq);
    else
        found->owner = owner;
}

bool
rdb_pending_read_owned(struct rdb_pending *p, struct rdb_read *r,
                       uint64_t owner)
{
    uint64_t n, start = source_offset(r->s);
    const unsigned char *id;

    if (!rdb_read_count(r, &n))
        return false;
    if (p->skipped && r->weigh == NULL)
        return rdb_read_skip(r, n * ID_SIZE, start, "a list of stream ids");
    for (; n > 0; n--) {
        if ((id = rdb_read_raw(r, ID_SIZE, "a list of stream ids")) == NULL)
            return false;
        if (r->weigh != NULL)
            rdb_weigh_id(r, id);
        else
            take(p, r, id, owner, source_offset(r->s) - ID_SIZE);
    }
    if (r->weigh != NULL && owner != UINT64_MAX)
        rdb_weigh_tree(r);
    return true;
}

void
rdb_pending_end(struct rdb_pending *p, struct rdb_read *r, uint64_t offset)
{
    for (size_t i = 0; i < p->count; i++)
        if (p->entries[i].owner == 0) {
            rdb_read_flawed(r, RDB_BY_9_1, offset,
                            "the pending entry %" PRIu64 "-%" PRIu64
                            " belongs to no consumer",
                            p->entries[i].ms, p->entries[i].seq);
            return;
        }
}

void
rdb_pending_clear(struct rdb_pending *p)
{
    free(p->entries);
    *p = (struct rdb_pending){0};
}
