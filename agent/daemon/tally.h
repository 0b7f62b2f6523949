/*
 * tally.h - [counters NAME]: when the sets are looked at, and what came of it.
 * A child does the work, one at a time and of one set: `redkeep counters check
 * --sample N NAME`, or `rebuild`.
 *
 * A set is looked at when the server is there for the first time or with
 * another run id (a start: if counters are behind they are rebuilt, unless
 * that is to be done by hand), every check_every, and when somebody asks. One
 * that was behind is so until a look at all of it says otherwise.
 */
#ifndef DAEMON_TALLY_H
#define DAEMON_TALLY_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/notice.h"
#include "daemon/server.h"
#include "daemon/terms.h"

struct event_base;

enum tally_state {
    TALLY_UNKNOWN, /* not looked at yet */
    TALLY_CONSISTENT,
    TALLY_BEHIND,
    TALLY_UNCLEAR, /* the last look failed */
};

struct tally_view {
    const char *name;
    enum tally_state state;
    int64_t checked, inconsistent; /* of the last look; -1: unknown */
    int64_t rebuild_ms;            /* how long the last rebuild took; -1 */
    int64_t since_ms;              /* since when the state is so; -1 */
    uint64_t every_ms;             /* check_every */
    bool no_server;                /* unclear for that reason */
    bool mending;                  /* behind, and about to be rebuilt */
    char problem[480];             /* why it is unclear, or was not raised */
};

/* Borrowed until the loop turns. */
struct tally_sample {
    bool taken; /* in that round, so far */
    int64_t ended_ms;
    bool consistent;
    json_t *items, *warnings; /* arrays */
};

struct tally;

/* Borrows all; changed is called when a view is another. */
struct tally *tally_new(struct event_base *base, const struct terms *terms,
                        const char *program, struct server *server,
                        struct notices *notices, void (*changed)(void *context),
                        void *context);

/* Something is new with the server, or may be. Nothing is done at once. */
void tally_look(struct tally *t);

/* In the order of the file; *count of them. */
const struct tally_view *tally_view(const struct tally *t, size_t *count);

/* 1: all consistent, 0: not, or not to be found out; NAN: not known yet. */
double tally_status(const struct tally *t);

/* What was asked for can be given: as of the samples now. */
typedef void tally_done(void *context);

/*
 * Has a round of samples taken, one of each set, unless the last is no older
 * than a second; then calls done, as it does when that takes longer than the
 * sets' timeouts allow. Who asks during a round shares it. At once only after
 * tally_stop.
 */
void tally_ask(struct tally *t, tally_done *done, void *context);

/* Of the set at i of the views, of the last round. */
struct tally_sample tally_sample(const struct tally *t, size_t i);

/* No done with this context is called any more. */
void tally_forget(struct tally *t, const void *context);

/* Other sets. A child that runs is ended, and what it did is done again. */
void tally_reload(struct tally *t, const struct terms *terms);

/*
 * Ends what runs and answers all who asked; done is called when nothing runs
 * any more, or what still does cannot be killed.
 */
void tally_stop(struct tally *t, void (*done)(void *context), void *context);

void tally_free(struct tally *t); /* kills what still runs; accepts NULL */

#endif
