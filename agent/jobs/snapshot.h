/*
 * snapshot.h - takes one snapshot: pins the dataset, judges, packs, compresses
 * and hashes it in one pass, and commits it: archive first, entry last.
 */
#ifndef JOBS_SNAPSHOT_H
#define JOBS_SNAPSHOT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "jobs/instance.h"
#include "jobs/progress.h"
#include "repo/catalog.h"
#include "repo/codec.h"

struct snapshot_options {
    struct instance_options instance;
    const char *repo, *name; /* the repository and the instance's name */
    bool full;               /* store a dump anew that is there already */
    bool bgsave;             /* have the server write a fresh RDB first */
    bool adopt;              /* take over another directory's instance */
    bool existing;           /* its folder must be there already */
    bool include_acl, include_nodes, include_config;
    uint64_t max_age_ms;
    uint64_t read_rate; /* bytes a second; 0: no limit */
    enum codec codec;
    int level;
    const struct progress *progress;
};

struct snapshot {
    struct catalog_entry entry; /* what was stored, or is there already */
    bool unchanged;             /* nothing new was stored */
    uint64_t took_ms;
    char *server; /* a sentence: whose data it is; "" with a server */
};

/*
 * Takes a snapshot. On failure nothing is left in the repository but what the
 * next run removes. The verdict is in the entry: damage is no failure.
 */
int snapshot_take(struct snapshot *s, const struct snapshot_options *options,
                  struct error *e);

void snapshot_clear(struct snapshot *s);

#endif
