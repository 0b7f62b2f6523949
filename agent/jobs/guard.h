/*
 * guard.h - the look at a data directory before its server starts: what would
 * it do, may it, and what an ordinary power cut left is mended first.
 */
#ifndef JOBS_GUARD_H
#define JOBS_GUARD_H

#include <stdbool.h>

#include "base/error.h"
#include "formats/judge.h"
#include "formats/report.h"
#include "jobs/check.h"
#include "jobs/instance.h"
#include "jobs/progress.h"

enum guard_repair { GUARD_REPAIR_NEVER, GUARD_REPAIR_TAIL, GUARD_REPAIR_ALL };

struct guard_options {
    const char *directory; /* where the server will work */
    const char *expected;  /* where its data is thought to be; NULL: there */
    struct judge_options judge;  /* the server and its settings */
    bool never_saves;            /* it writes no dump */
    uint64_t corrupt_tail_bytes; /* see guard_rules.h */
    enum guard_repair repair;
    struct instance_options instance; /* asked before anything is mended */
    const struct progress *progress;
};

struct guard {
    struct check check; /* as it is now: mended, if it is */
    struct report report;
    bool starts;     /* the server may */
    char *why;       /* why not; NULL */
    bool exchanging; /* a journal says that its files are half exchanged */
    bool mended;     /* the files were changed */
    char *kept;      /* where the originals are then; NULL */
    char *put_back;  /* the command that undoes it; NULL */
    char *unmended;  /* why it could not be mended; NULL */
};

/*
 * Judges, and mends as far as the options allow; options must outlive g, and g
 * stay where it is. -1: it could not be judged, which says nothing against a
 * start. Clear g in any case.
 */
int guard_run(struct guard *g, const struct guard_options *options,
              struct error *e);

/* "never", "tail", "all"; false for any other text. */
bool guard_find_repair(const char *text, enum guard_repair *repair);

void guard_clear(struct guard *g);

#endif
