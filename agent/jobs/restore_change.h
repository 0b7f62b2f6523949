/*
 * restore_change.h - a target whose journal is worked with. For restore*.c only.
 */
#ifndef JOBS_RESTORE_CHANGE_H
#define JOBS_RESTORE_CHANGE_H

#include "jobs/in_use.h"
#include "jobs/restore_exchange.h"
#include "jobs/restore_work.h"

struct restore_change {
    struct restore *r;
    const struct restore_options *options;
    struct stage stage;
    struct instance server;
    struct in_use uses[JOURNAL_NAMES_MAX]; /* by each set of names */
    size_t use_count;
    struct place_options place;
    struct restore_exchange exchange;
    int dir;
    bool undo;
};

/*
 * Takes the target and its journal, which is JOURNAL_NONE where there is none.
 * restore_change_close in any case; what place points to is c's.
 */
int restore_change_open(struct restore_change *c, struct restore *r,
                        const struct restore_options *options, struct error *e);

/* ERROR_REFUSED where a server uses the target; looks with c->place again. */
int restore_change_check(struct restore_change *c, struct error *e);

/* Removes what was built and is no use any more; gives back rc. */
int restore_change_close(struct restore_change *c, int rc);

/*
 * ERROR_REFUSED: the journal says that a server is stopped, and how it is
 * started, but another user does: a person has to decide, by the options.
 */
int restore_change_check_words(const struct restore_change *c, struct error *e);

#endif
