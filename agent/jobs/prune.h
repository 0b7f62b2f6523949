/*
 * prune.h - applies retention: what no rule keeps goes to the trash, and what
 * is there for an hour is deleted, unless somebody reads. Needs no server.
 */
#ifndef JOBS_PRUNE_H
#define JOBS_PRUNE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "jobs/instance.h"
#include "repo/retention.h"
#include "repo/storage_trash.h"

struct prune_options {
    struct instance_options instance; /* tells whose repository it must be */
    const char *repo, *name;
    struct retention_rules rules;
    const char *accept; /* the snapshot that ends a freeze; NULL: none */
    bool dry_run;       /* judge, change nothing */
    bool adopt;         /* another machine's or directory's too */
};

struct prune {
    struct catalog catalog; /* as it was before */
    struct retention retention;
    struct storage_trash_emptied emptied;
};

/*
 * Prunes. A freeze is no failure: retention.freeze says it, and all is kept. A
 * crash at any moment leaves each snapshot whole where it was, or in the trash;
 * the next run finishes what this one began.
 */
int prune_run(struct prune *p, const struct prune_options *options,
              int64_t now_ms, struct error *e);

void prune_clear(struct prune *p);

#endif
