/*
 * weigh.h - what the keys of a snapshot cost the server in memory: its RDB (a
 * dump.rdb, or the one that an AOF begins with) read from the archive, nothing
 * unpacked to disk, the server not asked.
 */
#ifndef JOBS_WEIGH_H
#define JOBS_WEIGH_H

#include <stdint.h>

#include "base/error.h"
#include "formats/judge_stats.h"
#include "jobs/progress.h"
#include "repo/catalog.h"
#include "repo/storage.h"

struct weigh_options {
    size_t most;    /* biggest keys and prefixes to tell */
    char separator; /* of prefixes */
    int64_t now_ms; /* by it keys have expired */
    bool pages;     /* of the server's allocator: see struct footprint */
    const struct progress *progress;
};

struct weigh {
    struct judge_stats *stats; /* NULL: there is no RDB in it */
    char *path;                /* of the file; NULL: there is none */
    uint64_t after_bytes;      /* of commands since, which are not counted */
};

/*
 * Reads the RDB of a snapshot to its end, and what it needs to know that it is
 * what was stored (ERROR_DAMAGED: it is not). Memory: a few MiB. weigh_clear in
 * any case.
 */
int weigh_read(struct weigh *w, const struct storage *storage,
               const struct catalog_entry *entry,
               const struct weigh_options *options, struct error *e);

void weigh_clear(struct weigh *w);

#endif
