/*
 * drill.h - proves that a snapshot can be restored: restores it into a scratch
 * folder, starts a private server on it (trial.h), counts its keys and compares
 * a sample of them with the RDB's own bytes.
 */
#ifndef JOBS_DRILL_H
#define JOBS_DRILL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "jobs/instance.h"
#include "jobs/progress.h"
#include "repo/catalog.h"

struct drill_options {
    struct instance_options instance; /* its program is used, if it may be */
    const char *repo, *name;
    const char *id;      /* NULL: the newest good one */
    const char *scratch; /* where to restore to; NULL: in the repository */
    unsigned load_limit_ms;
    const struct progress *progress;
};

enum drill_outcome { DRILL_GOOD, DRILL_BAD, DRILL_SKIPPED };

enum { DRILL_TEXT_SIZE = 480 };

struct drill {
    char id[CATALOG_ID_SIZE];
    enum drill_outcome outcome;
    int64_t keys;    /* that the server had; -1: it did not come so far */
    int64_t load_ms; /* -1 */
    char text[DRILL_TEXT_SIZE];      /* what was found */
    char not_noted[DRILL_TEXT_SIZE]; /* why the repository does not know; "" */
};

/*
 * Runs it. That the snapshot is no good is no failure: the outcome says so, and
 * a note in the repository. -1: it could not be tried, and nothing is noted.
 */
int drill_run(struct drill *d, const struct drill_options *options,
              struct error *e);

#endif
