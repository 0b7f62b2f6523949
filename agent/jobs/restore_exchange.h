/*
 * restore_exchange.h - one set takes another's place while the server's
 * supervisor has it stopped; what does not load goes back. For restore*.c only.
 */
#ifndef JOBS_RESTORE_EXCHANGE_H
#define JOBS_RESTORE_EXCHANGE_H

#include "jobs/exchange.h"
#include "jobs/restore.h"

/* Not to be moved once begun. */
struct restore_exchange {
    bool wanted;
    char *service, *stop_command, *start_command;
    struct exchange_options options;
    struct exchange exchange;
};

/* Whether the options say so. */
bool restore_exchange_asked(const struct restore_options *options);

/*
 * Whether redkeep is to stop and start the server: as asked, or as the journal
 * of a job says that was cut off before it had started it (NULL: none). All is
 * checked, nothing is changed. restore_exchange_end in any case.
 */
int restore_exchange_begin(struct restore_exchange *x,
                           const struct restore_options *options,
                           const struct journal *journal, int target,
                           const char *path, struct error *e);

/* Into the plan. */
void restore_exchange_tell(const struct restore_exchange *x, struct restore *r);

/* What is done while the server is stopped. */
struct restore_exchange_work {
    /* One set takes the other's place. */
    int (*put)(void *context, struct error *e);
    /* The other way round, where what was put in does not load; or NULL. */
    int (*put_back)(void *context, struct error *e);
    void *context;
    /* How far it is. Once the server runs, it says no more how to start it. */
    struct journal *journal;
    const struct exchange_expected *expected; /* NULL: not compared */
};

/*
 * The journal, saved, says how the server is started: before it is stopped, so
 * that who dies meanwhile leaves word. The commands of a done job are gone.
 */
int restore_exchange_note(const struct restore_exchange *x, struct journal *j,
                          struct error *e);

/*
 * Stops the server, puts, and starts it; only puts if that is not wanted. -1:
 * it serves what it served before (ERROR_FAILED and why), or the text says how
 * it is and what to type. The times and the server's keys go to r.
 */
int restore_exchange_run(struct restore_exchange *x, struct restore *r,
                         const struct restore_exchange_work *work,
                         struct error *e);

/* Only has the server started, if that is wanted; journal may be NULL. */
int restore_exchange_start(struct restore_exchange *x, struct restore *r,
                           struct journal *journal, struct error *e);

void restore_exchange_end(struct restore_exchange *x);

#endif
