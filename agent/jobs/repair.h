/*
 * repair.h - mends a dataset: what can be read of it becomes a new set, which
 * takes the old one's place; the old one is kept beside it.
 *
 * All is built, synced and judged in <folder>/.redkeep/repair-<time>/ first;
 * what was there is kept in <folder>/redkeep-before-<time>/, byte for byte.
 */
#ifndef JOBS_REPAIR_H
#define JOBS_REPAIR_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "formats/judge.h"
#include "formats/report.h"
#include "jobs/instance.h"
#include "jobs/progress.h"

struct repair_options {
    struct instance_options instance; /* the server to ask, if one answers */
    struct judge_options judge;       /* which server it is mended for */
    bool server_stopped;              /* the user's word for it */
    const struct progress *progress;
};

/* One thing that is done, and what it costs. */
struct repair_step {
    const char *action; /* see mend_set.h; a constant */
    char *path;         /* relative to the folder */
    int64_t offset;     /* in the old file; -1: the file as a whole */
    int64_t bytes_lost, commands_lost, keys_lost; /* -1: nobody can say */
    char *name; /* of the key or command that is lost; NULL: not known */
    char *text;
    bool guess; /* the files alone do not prove it */
};

enum { REPAIR_STEPS_MAX = 10000 };

struct repair_work;

struct repair {
    char *path;                /* data directory, or the file; absolute */
    struct repair_step *steps; /* none: there is nothing to mend */
    size_t step_count;
    uint64_t steps_dropped;   /* beyond the limit */
    uint64_t losses_together; /* beyond the first: of steps that tell several */
    int64_t bytes_lost, commands_lost, keys_lost; /* of all; -1: not known */
    uint64_t bytes_needed, bytes_free;
    char **notes; /* what else is worth reading */
    size_t note_count;
    enum verdict verdict; /* as it is now: mended, if it is */
    enum judge_server server;
    struct report report; /* the same */
    bool well;            /* sound, and nothing keeps the server from it */
    char *kept;           /* where the originals are; NULL: nothing was done */
    char *put_back;       /* the command that undoes it */
    struct repair_work *work;
};

/*
 * Judges path (a data directory, an AOF's folder, a manifest, one file) and
 * plans: changes nothing. A file that a manifest beside it names stands for its
 * set. ERROR_REFUSED: nothing can be made of it. r is to be cleared in any
 * case; options must outlive it.
 */
int repair_plan(struct repair *r, const char *path,
                const struct repair_options *options, struct error *e);

/*
 * Refuses (ERROR_REFUSED) while a server uses the folder, or may; fails where
 * there is no room.
 */
int repair_check_ready(struct repair *r, struct error *e);

/* Notes, for a dry run, what that would say. */
void repair_note_ready(struct repair *r);

/*
 * Does what was planned, after repair_check_ready. ERROR_REFUSED: what is there
 * is not what was planned for, or in use; ERROR_DAMAGED: the new set would be
 * no better. These, and any failure that does not say otherwise, leave all as
 * it was. With no steps it only clears up behind jobs that were cut off.
 */
int repair_mend(struct repair *r, struct error *e);

void repair_clear(struct repair *r);

#endif
