/*
 * exchange_unit.h - a unit of systemd: whether it can be stopped and kept so,
 * stopping it and starting it; for exchange*.c only.
 *
 * It is stopped first and masked then: masked before, it would be stopped
 * without its own ExecStop and TimeoutStopSec, and a long save at shutdown be
 * killed.
 *
 * A mask for this boot has no effect on a unit whose file lies in
 * /etc/systemd/system; there a drop-in does it, whose condition never holds. It
 * also does where somebody starts the unit between the stop and the mask.
 */
#ifndef JOBS_EXCHANGE_UNIT_H
#define JOBS_EXCHANGE_UNIT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

enum { EXCHANGE_UNIT_NAME_SIZE = 256 }; /* systemd's own limit */

struct exchange_unit {
    char name[EXCHANGE_UNIT_NAME_SIZE]; /* its Id: aliases are resolved */
    char load[24], active[24], sub[24];
    bool barred;      /* our drop-in is in effect */
    int64_t main_pid; /* 0: none */
    int64_t restarts; /* by systemd itself; -1 not told */
};

/*
 * Whether it is there and can be kept from being started. ERROR_REFUSED says
 * what to type instead. again: masked by an earlier run of ours is fine.
 */
int exchange_unit_find(struct exchange_unit *u, const char *name, bool again,
                       struct error *e);

/* How it is now. */
int exchange_unit_look(struct exchange_unit *u, struct error *e);

/* Stops it and keeps it from being started; nothing of it runs then. */
int exchange_unit_stop(struct exchange_unit *u, unsigned limit_ms,
                       struct error *e);

/* Lets it be started again, whatever of ours keeps it from that. */
int exchange_unit_release(struct exchange_unit *u, struct error *e);

/* Has it started; does not wait until it has. */
int exchange_unit_start(struct exchange_unit *u, struct error *e);

#endif
