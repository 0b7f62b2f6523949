/*
 * rdb_seen.h - finds hashes that come twice among any number of them, in
 * bounded memory: collected, sorted, and beyond 2 million at a time written to
 * a scratch file as sorted runs, which are merged at the end.
 */
#ifndef FORMATS_RDB_SEEN_H
#define FORMATS_RDB_SEEN_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/* In memory at once: 32 MiB, and as much again to sort. */
enum { RDB_SEEN_MAX = 2 << 20 };

struct rdb_seen_item {
    uint64_t hash, offset;
};

struct rdb_seen {
    struct rdb_seen_item *items, *scratch;
    size_t count, capacity, scratch_count;
    size_t limit;   /* 0: RDB_SEEN_MAX */
    uint64_t *runs; /* where each begins in the file */
    size_t run_count, run_capacity;
    uint64_t written; /* bytes in the file */
    int fd;           /* -1: no run was written; set by rdb_seen_begin */
};

void rdb_seen_begin(struct rdb_seen *s);

/* -1: the scratch file could not be written. */
int rdb_seen_add(struct rdb_seen *s, uint64_t hash, uint64_t offset,
                 struct error *e);

/* Two items with one hash, the one with the lower offset first. */
typedef int rdb_seen_pair(void *context, const struct rdb_seen_item *first,
                          const struct rdb_seen_item *second, struct error *e);

/* Tells each neighbouring pair; ends at -1 of pair. Empties s. */
int rdb_seen_end(struct rdb_seen *s, rdb_seen_pair *pair, void *context,
                 struct error *e);

void rdb_seen_clear(struct rdb_seen *s);

#endif
