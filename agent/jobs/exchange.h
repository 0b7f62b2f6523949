/*
 * exchange.h - has a server's supervisor stop it and start it again, so that it
 * is not started in between: systemd by a unit's name (stop, mask --runtime;
 * unmask, start), any other by two commands. Never a SHUTDOWN: a supervisor
 * would start the server again.
 */
#ifndef JOBS_EXCHANGE_H
#define JOBS_EXCHANGE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/process.h"
#include "jobs/exchange_unit.h"
#include "jobs/instance.h"

struct exchange_options {
    const char *service; /* a systemd unit; or else both commands */
    const char *stop_command, *start_command; /* sh -c */
    const struct instance_options *instance;  /* the server to ask */
    int target;       /* its data directory, open; lent until the end */
    const char *path; /* of it, for people */
    unsigned stop_limit_ms, load_limit_ms;
    bool again; /* for a journal: it may be stopped and masked already */
};

struct exchange {
    const struct exchange_options *options;
    struct exchange_unit unit; /* with service */
    int64_t process_id;        /* of the server as we see it; 0 unknown */
    uint64_t stopped_ms;       /* steady clock, when it began; 0: it has not */
    uint64_t down_ms;          /* from then until it had loaded */
    uint64_t load_ms;          /* of that: from its first answer */
    bool answered;             /* it did, when it was looked at */
    bool masked, stopped;
    struct info info; /* once it has loaded */
    char *log;        /* the server's log file; NULL: not known */
    uint64_t log_from;
};

/*
 * Whether what is asked can be done (systemctl, the unit, rights, and that the
 * unit's server is the one that uses the target and that answers), before
 * anything is changed. ERROR_REFUSED or ERROR_FAILED say what to do instead.
 * exchange_clear in any case.
 */
int exchange_check(struct exchange *x, const struct exchange_options *options,
                   struct error *e);

/* The server that uses the target, not a child of it that saves; pid 0: none. */
int exchange_find_user(const struct exchange *x, struct process_view *user,
                       struct error *e);

/*
 * Stops it, keeps the supervisor from starting it, and waits until the process
 * is gone. On failure all is started and unmasked again as far as it can, and
 * the text says how the server is.
 */
int exchange_stop(struct exchange *x, struct error *e);

/*
 * Starts it and waits until it has loaded (loading:0); *keys of all databases
 * as INFO tells then. -1 also when it loaded with a part left out, by its own
 * log; the text has the server's own words where they can be had. It stays
 * started. Being asked to stop ends the waiting only.
 */
int exchange_start(struct exchange *x, int64_t *keys, struct error *e);

/*
 * For who gives up: unmasks, and starts it if nothing runs, whatever asks us to
 * stop; puts behind the text of e how the server is now. Returns -1.
 */
int exchange_give_up(struct exchange *x, struct error *e);

/* What the server must have found. */
struct exchange_expected {
    int64_t keys;       /* -1: not known */
    bool exact;         /* they were counted; else INFO told them meanwhile */
    int64_t expires;    /* of those, that may expire; -1 not known */
    uint64_t aof_bytes; /* of all files of its AOF; 0: it loads a dump */
};

/*
 * Whether what it has loaded is that, with what expired, was evicted or deleted
 * by clients meanwhile. ERROR_FAILED shows both counts.
 */
int exchange_compare(const struct exchange *x,
                     const struct exchange_expected *expected, struct error *e);

void exchange_clear(struct exchange *x);

#endif
