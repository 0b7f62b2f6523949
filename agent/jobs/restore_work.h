/*
 * restore_work.h - what a restore holds while it runs; for restore*.c only.
 */
#ifndef JOBS_RESTORE_WORK_H
#define JOBS_RESTORE_WORK_H

#include "base/lock.h"
#include "jobs/layout.h"
#include "jobs/place.h"
#include "jobs/restore.h"
#include "jobs/restore_exchange.h"
#include "jobs/stage.h"
#include "jobs/target.h"
#include "repo/retention.h"
#include "repo/storage.h"

/* In words; JSON has them all. */
enum { RESTORE_FILES_TOLD = 20 };

struct restore_work {
    const struct restore_options *options;
    struct restore *r;
    struct storage storage;
    struct lock lock;
    struct retention_mark accepted;
    struct catalog catalog;
    const struct catalog_entry *entry;
    struct instance server;
    struct restore_exchange exchange;
    struct target target;   /* the server of the target */
    struct release release; /* of the server that will load it */
    bool release_known;
    enum restore_layout layout; /* decided: an AOF or a dump */
    struct layout files;
    int dir;             /* the target; -1: it does not exist yet */
    bool had_data;       /* a dataset was there */
    uint64_t empty_keys; /* of a dump: without elements, servers skip them */
    struct place_names names;
    uid_t uid;
    gid_t gid;
    mode_t dir_mode;
    /* What it needs in a server; once built: */
    uint64_t memory_bytes;
    int databases;
};

/* Adds a line to the plan; advice is to be read also afterwards. */
void restore_plan_step(struct restore *r, bool advice, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* A stage_rescued; context is the restore. */
void restore_tell_rescued(void *context, const char *kept_name);

/* What j says was cut off while it built is begun again, as it was asked for. */
int restore_begin_anew(struct restore *r, const struct restore_options *options,
                       const struct journal *j, struct error *e);

/* Which snapshot; refuses what must not be restored without --yes. */
int restore_plan_choose(struct restore_work *w, struct error *e);

/* Looks at target, its server and its space, and decides layout and owner. */
int restore_plan_target(struct restore_work *w, struct error *e);

void restore_plan_clear(struct restore_plan *p);

/* What the files will be called. ERROR_REFUSED: they cannot be. */
int restore_layout_choose_names(struct restore_work *w, struct error *e);

/* Whether AOF or dump; refuses what the server would not read. */
int restore_layout_decide(struct restore_work *w, struct error *e);

/* Refuses what the server cannot load, and one that others would overwrite. */
int restore_fit_check(struct restore_work *w, struct error *e);

/* Owner, what is moved aside, space; the second where there is no folder yet. */
int restore_room_check(struct restore_work *w, struct error *e);
int restore_room_check_new(struct restore_work *w, struct error *e);

/*
 * Builds the new set in the stage: unpacked, judged, laid out, synced. Without
 * a stage the snapshot is only read and judged. ERROR_DAMAGED: it is not what was
 * stored; ERROR_REFUSED: it cannot be laid out so.
 */
int restore_build(struct restore_work *w, const struct stage *s,
                  struct error *e);

/* With options->boot_check: whether a private server loads what was built. */
int restore_boot_check(struct restore_work *w, const struct stage *s,
                       struct error *e);

/* Puts it in; the server is stopped before and started after, where asked. */
int restore_put(struct restore_work *w, struct stage *s, struct error *e);

#endif
