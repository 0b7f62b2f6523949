/*
 * stage.h - where a new set is built inside a data directory, and how it gets
 * from there to its place.
 *
 * In <dir>/.redkeep/: what a job builds has the job's name (restore-<id>,
 * repair-<time>) and holds nothing but ours; it becomes swap-<...> before the
 * first exchange, and from then on it may hold the old set.
 */
#ifndef JOBS_STAGE_H
#define JOBS_STAGE_H

#include <stdbool.h>

#include "base/error.h"
#include "base/lock.h"
#include "jobs/place.h"

struct stage {
    int dir;         /* where to build; -1: not open */
    char *name;      /* of dir in PLACE_WORK */
    char *kept_name; /* where the old set will be kept, in the target */
    /* Private: */
    int target; /* borrowed */
    int work_dir;
    struct lock lock; /* one job builds in a target at a time */
    bool holds_old;   /* dir may hold what is the user's */
};

#define STAGE_NONE                                                 \
    {                                                              \
        .dir = -1, .target = -1, .work_dir = -1, .lock = LOCK_NONE \
    }

/* Told of what a job that was cut off had not put in, or taken out: it is kept
 * under that name in the target. */
typedef void stage_rescued(void *context, const char *kept_name);

/*
 * Makes the folder to build in, after the leftovers of killed jobs are gone: a
 * set that was being built is removed; one that was being put in may hold old
 * data and is kept like any old set. target is the open data directory, job
 * begins with "restore-" or "repair-". ERROR_LOCKED: another job builds there.
 * s must be STAGE_NONE; stage_close in any case.
 */
int stage_open(struct stage *s, int target, const char *job,
               stage_rescued *rescued, void *context, struct error *e);

/* Only removes leftovers; nothing is done where there are none. */
int stage_clean(int target, stage_rescued *rescued, void *context,
                struct error *e);

/* Every folder of the new set on disk, before any of it is put in. */
int stage_sync(const struct stage *s, struct error *e);

/*
 * Puts the set in (place_swap). outcome says what a failure left behind; e says
 * it too, path being the target for people.
 */
int stage_put_in(struct stage *s, const struct place_names *names,
                 const char *path, struct place_outcome *outcome,
                 struct error *e);

/* Takes away what is ours; a swap folder that may hold old data stays. */
void stage_close(struct stage *s);

#endif
