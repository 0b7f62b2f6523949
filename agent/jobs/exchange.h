/*
 * exchange.h - has a server's supervisor stop it and start it again, so that it
 * cannot be started in between: systemd by a unit's name (mask --runtime, stop;
 * unmask, start), any other by two commands. Never a SHUTDOWN: a supervisor
 * would start the server again.
 */
#ifndef JOBS_EXCHANGE_H
#define JOBS_EXCHANGE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "jobs/instance.h"

struct exchange_options {
    const char *service; /* a systemd unit; or else both commands */
    const char *stop_command, *start_command; /* sh -c */
    const struct instance_options *instance;  /* the server to ask */
    unsigned stop_limit_ms, load_limit_ms;
};

struct exchange {
    const struct exchange_options *options;
    int64_t process_id; /* of the server when it was asked last; 0 unknown */
    int64_t stopped_ms; /* steady clock; for the downtime */
    uint64_t down_ms;   /* from the stop until it had loaded */
    bool masked, stopped;
};

/* Whether what is asked can be done (systemctl, the unit, rights), before
 * anything is changed. ERROR_REFUSED or ERROR_FAILED say what to do instead. */
int exchange_check(struct exchange *x, const struct exchange_options *options,
                   struct error *e);

/* Keeps the supervisor from starting it, stops it, and waits until the process
 * is gone. On failure all is started and unmasked again as far as it can. */
int exchange_stop(struct exchange *x, struct error *e);

/* Starts it and waits until it has loaded (loading:0); *keys of all databases
 * as INFO tells then. */
int exchange_start(struct exchange *x, int64_t *keys, struct error *e);

/* For a journal of another run: unmasks what may still be masked. */
int exchange_release(const struct exchange_options *options, struct error *e);

#endif
