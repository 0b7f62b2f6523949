/*
 * verify.h - re-reads snapshots from the repository: the archive, every hash,
 * and the formats of what is inside. What came of it is noted beside the entry,
 * and decides whether the snapshot is good, until it is verified again.
 */
#ifndef JOBS_VERIFY_H
#define JOBS_VERIFY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "formats/report.h"
#include "jobs/progress.h"
#include "repo/catalog.h"
#include "repo/storage.h"

/* Which are to be read, in their order; begins as {0}. Items are borrowed. */
struct verify_choice {
    const struct catalog_item **items;
    size_t count;
};

/* Each comes once, however often it is added. */
void verify_choose(struct verify_choice *v, const struct catalog_item *item);
void verify_choose_all(struct verify_choice *v, const struct catalog *c);

/* The newest that can be read, and before it those that cannot: they cost
 * nothing. */
void verify_choose_newest(struct verify_choice *v, const struct catalog *c);

/*
 * All that cannot be read or failed the last time, then so many percent of the
 * bytes that are stored, at least one snapshot, beginning with what was longest
 * not known to be right (verified well, or stored). So if each run takes N %,
 * 100 / N runs read all that stays.
 */
void verify_choose_sample(struct verify_choice *v, const struct catalog *c,
                          double percent, int64_t now_ms);

void verify_choice_clear(struct verify_choice *v);

enum verify_outcome {
    VERIFY_OK,    /* as it was stored, also if what was kept was damaged */
    VERIFY_WRONG, /* it is not, or its data is not what the entry says */
    VERIFY_GONE,  /* prune took it before it was read to its end */
};

struct verify_result {
    const char *id;
    enum verify_outcome outcome;
    bool deep;
    struct report report;
};

struct verify_options {
    bool deep; /* as check --deep; what failed so is read so in any case */
    const struct progress *progress; /* of all that is chosen */
    /* Called after each; the result lives that long. */
    void (*ended)(void *context, const struct verify_result *result);
    void *context;
};

/*
 * Reads those chosen. Results are noted in the repository; where it cannot be
 * written to, they are only told. -1: one could not be read to its end (that is
 * no result: a signal, a permission), and those behind it were not tried.
 */
int verify_run(const struct storage *storage, const struct verify_choice *v,
               const struct verify_options *options, struct error *e);

#endif
