/*
 * rdb_pending.h - entries of a stream that were delivered to a group and not
 * acknowledged: each belongs to one consumer of it. The group's come first,
 * then each consumer names its own.
 */
#ifndef FORMATS_RDB_PENDING_H
#define FORMATS_RDB_PENDING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "formats/rdb_read.h"

/* Of a group with more, the owners are not judged: 24 MiB. */
enum { RDB_PENDING_MAX = 1 << 20 };

struct rdb_pending_entry {
    uint64_t ms, seq;
    uint64_t owner; /* number of the consumer, from 1; 0: none yet */
};

struct rdb_pending {
    struct rdb_pending_entry *entries;
    size_t count, capacity;
    bool skipped; /* too many */
};

/* A group's entries: count; id, time, deliveries of each. */
bool rdb_pending_read(struct rdb_pending *p, struct rdb_read *r);

/* Count and ids that belong to an owner (from 1) of that group. */
bool rdb_pending_read_owned(struct rdb_pending *p, struct rdb_read *r,
                            uint64_t owner);

/* At the end of a group: all have an owner. */
void rdb_pending_end(struct rdb_pending *p, struct rdb_read *r,
                     uint64_t offset);

void rdb_pending_clear(struct rdb_pending *p);

#endif
