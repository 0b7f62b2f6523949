/*
 * doctor_apply.h - has the server set what doctor found, as far as it can at
 * run time, and write it to its configuration file.
 */
#ifndef JOBS_DOCTOR_APPLY_H
#define JOBS_DOCTOR_APPLY_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "jobs/doctor.h"
#include "jobs/progress.h"
#include "redis/link.h"

struct doctor_change {
    char *setting, *before, *wanted; /* before: NULL where it is not told */
    bool done;
    char *refused; /* why it is not, in the server's words */
};

struct doctor_changes {
    struct doctor_change *items;
    size_t count;
    bool lasting; /* they are in the server's file */
    char *not_so; /* why they are not lasting; NULL where none is */
};

/* What would be set: each setting once, then appendonly, save points last. */
void doctor_apply_plan(struct doctor_changes *changes,
                       const struct doctor_findings *all);

struct doctor_apply_options {
    const struct doctor_scene *scene;
    uint64_t time_limit_ms; /* of the AOF's first rewrite */
    const struct progress *progress;
};

/*
 * Sets one after the other; one that is refused is noted and the next is tried.
 * Where the AOF was switched on, waits until its first rewrite has ended well:
 * before that a server that finds appendonly yes in its file would start empty.
 * Save points are set only where that, or an AOF that was on, has proven that
 * the server can write to its dir. Then CONFIG REWRITE, where there is a file. -1: the server was lost; what is
 * done is marked.
 */
int doctor_apply_run(struct doctor_changes *changes, struct link *link,
                     const struct doctor_apply_options *options,
                     struct error *e);

/* In the findings of a second judgement: what was applied, what was refused. */
void doctor_apply_mark(const struct doctor_changes *changes,
                       struct doctor_findings *all);

void doctor_apply_clear(struct doctor_changes *changes);

#endif
