/*
 * stage.h - where a new set is built inside a data directory, the journal that
 * says so, and the lock on both.
 *
 * In <dir>/.redkeep/: what a job builds has the job's name (restore-<id>,
 * repair-<time>) and holds nothing but ours until it is put in; a folder that no
 * journal speaks of is garbage. Versions before the journal called it swap-<...>
 * from the first exchange on: that may hold an old set, and is kept.
 */
#ifndef JOBS_STAGE_H
#define JOBS_STAGE_H

#include <stdbool.h>

#include "base/error.h"
#include "base/lock.h"
#include "formats/report.h"
#include "jobs/journal.h"
#include "jobs/place.h"

#define STAGE_LOCK "lock" /* in PLACE_WORK */

struct stage {
    int dir;         /* where to build; -1: not open */
    char *name;      /* of dir in PLACE_WORK; NULL: nothing is built */
    char *kept_name; /* where the old set will be kept, in the target */
    struct journal journal;
    /* Private: */
    int target; /* borrowed */
    int work_dir;
    struct lock lock;      /* one job works in a target at a time */
    bool taken;            /* the lock is held and the journal read */
    struct journal before; /* what the journal said before */
};

#define STAGE_NONE                                                 \
    {                                                              \
        .dir = -1, .target = -1, .work_dir = -1, .lock = LOCK_NONE \
    }

/* Told of what a job of an older version had not put in, or taken out: it is
 * kept under that name in the target. */
typedef void stage_rescued(void *context, const char *kept_name);

struct stage_options {
    int target;       /* the open data directory, borrowed */
    const char *path; /* of it, for people */
    const char *name; /* begins with "restore-" or "repair-" */
    bool anew;        /* what a journal says is being built is given up */
    stage_rescued *rescued;
    void *context;
};

/*
 * Makes the folder to build in and the journal, of which begun has all that is
 * known by now (copied). ERROR_LOCKED: another job works there; ERROR_REFUSED:
 * one that is not finished did. s must be STAGE_NONE; stage_close in any case.
 */
int stage_open(struct stage *s, const struct stage_options *options,
               const struct journal *begun, struct error *e);

/*
 * Only takes the lock and loads the journal; nothing is made, where there is no
 * journal either.
 */
int stage_take(struct stage *s, int target, struct error *e);

/* Removes what was built, if the journal is not of a set between two; nothing
 * is done where it could not be taken. */
int stage_sweep(struct stage *s, stage_rescued *rescued, void *context,
                struct error *e);

/* Only removes leftovers; nothing is done where there are none. */
int stage_clean(int target, stage_rescued *rescued, void *context,
                struct error *e);

/* ERROR_REFUSED: the job of this journal was cut off; the text says what to
 * type. */
int stage_refuse(const struct journal *j, const char *path, struct error *e);

/* Tells of such a job: what it left, and how to finish it or take it back. */
void stage_report(int target, struct report *report);

/*
 * ERROR_REFUSED if a job that is gone left the directory between two sets: the
 * text says what to type; ERROR_LOCKED if one is at it. One that is only being
 * built does no harm. For commands that work with the set.
 */
int stage_check(int target, const char *path, struct error *e);

/* Every folder of the new set on disk, before any of it is put in. */
int stage_sync(const struct stage *s, struct error *e);

/*
 * Puts the set in (place_run). s->journal says how it ended; what was there is
 * in kept_name if journal.leaves has files.
 */
int stage_put_in(struct stage *s, const struct place_names *names,
                 const struct place_options *options, struct error *e);

/*
 * Takes away what is ours: all but an unfinished set. What was only being built
 * is forgotten, and the journal says again what it said before.
 */
void stage_close(struct stage *s);

#endif
