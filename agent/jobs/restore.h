/*
 * restore.h - puts a snapshot into a data directory.
 *
 * All is built, judged and synced in <target>/.redkeep/restore-<id>/ first; then
 * the new set is put in by renames, and what was there is kept in
 * <target>/redkeep-before-<time>/. Nothing of the user's is overwritten. A
 * journal in the target says how far it is: docs/design/restore.md.
 */
#ifndef JOBS_RESTORE_H
#define JOBS_RESTORE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "formats/report.h"
#include "jobs/instance.h"
#include "jobs/journal.h"
#include "jobs/progress.h"
#include "jobs/target.h"
#include "repo/catalog.h"

enum restore_layout { RESTORE_AUTO, RESTORE_AOF, RESTORE_RDB };

struct restore;

/* Told when all is planned, and before anything is done. */
typedef void restore_planned(void *context, const struct restore *r);

struct restore_options {
    struct instance_options instance; /* the server to ask, if one answers */
    const char *repo, *name;
    const char *id; /* NULL: the newest good one */
    const char *target;
    enum restore_layout layout;
    const char *redis_conf; /* the target's server's file; NULL: looked for */
    bool yes;               /* the user accepts what else would be refused */
    bool server_stopped;    /* the user's word for it */
    bool dry_run;
    bool boot_check; /* a private server must load it, before it is put in */
    unsigned boot_limit_ms;
    /* Who stops and starts the server; each NULL if not asked for. */
    const char *service, *stop_command, *start_command;
    bool stopped_by_us; /* the caller has stopped it, and starts it again */
    bool anew;          /* one that was cut off while it built is begun again */
    double collapse_percent; /* a latest that lost more is refused; 0: never */
    const struct progress *progress;
    restore_planned *planned; /* may be NULL; not called for a dry run */
    void *planned_context;
};

/* One thing that is or would be done, for people. */
struct restore_step {
    char *text;
    bool advice; /* worth reading also when all is done */
};

/* One file of the snapshot, and the path it gets in the target. */
struct restore_put {
    char *from, *to;
    uint64_t bytes;
};

/* What there is to know before anything is done. */
struct restore_plan {
    struct restore_put *puts;
    size_t put_count;
    char **aside; /* what is there and moved away, by its path in the target */
    size_t aside_count;
    const char *layout; /* "aof", "rdb" */
    int rdb_version;    /* the highest in it; 0: none */
    uint64_t bytes_needed, bytes_free;
    char **modules; /* types of data that want a module */
    size_t module_count;
    struct target server; /* of the target; what is known of it */
    /* Known when the snapshot was read: */
    int functions;   /* libraries of them: 1, 0; -1 not known */
    int64_t expired; /* keys of its RDBs whose time is over; -1 not known */
};

struct restore {
    char id[CATALOG_ID_SIZE];
    char *target;     /* absolute where it exists */
    char *kept;       /* where the old set is; NULL: there was none */
    int64_t point_ms; /* the moment whose state was restored */
    int64_t keys;     /* of all databases; -1 unknown */
    uint64_t bytes;
    uint64_t took_ms;
    bool served; /* it was stopped and started, and serves: keys are its own */
    uint64_t down_ms, load_ms; /* how long it was away, and loading of that */
    struct report report;
    struct restore_step *steps;
    size_t step_count;
    struct restore_plan plan;
    char *judged_for; /* release that the version was judged for; NULL none */
    bool nothing;     /* there was nothing to resume, undo or forget */
    enum journal_state state; /* of the target's journal afterwards */
};

/*
 * Restores. ERROR_REFUSED (a server uses the target, too new for its server,
 * other things in the folder, a damaged or collapsed snapshot without yes) and
 * ERROR_DAMAGED (the snapshot is not what was stored) leave the target as it was.
 */
int restore_run(struct restore *r, const struct restore_options *options,
                struct error *e);

/*
 * Go on with what a journal in options->target says (options->id and the like
 * are not heeded): to the new set in its place, or to the old one, also long
 * after. ERROR_REFUSED as above.
 */
int restore_resume(struct restore *r, const struct restore_options *options,
                   struct error *e);
int restore_undo(struct restore *r, const struct restore_options *options,
                 struct error *e);

/* Removes a journal that is done; r->kept is the folder that stays. */
int restore_forget(struct restore *r, const struct restore_options *options,
                   struct error *e);

const char *restore_layout_name(enum restore_layout layout);

void restore_clear(struct restore *r);

#endif
