/*
 * tally_report.h - the report of `redkeep counters check|rebuild NAME`, as the
 * tally wants it. It comes from a child that hostile bytes may have hurt: what
 * is not of the expected form is not there.
 */
#ifndef DAEMON_TALLY_REPORT_H
#define DAEMON_TALLY_REPORT_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "daemon/tally.h"
#include "daemon/worker.h"

struct tally_report {
    enum tally_state state;
    int64_t checked, inconsistent; /* after it; -1 unknown */
    int64_t raised, failed;
    bool no_server, readonly;
    json_t *items, *warnings; /* arrays, owned */
    json_t *behind;           /* array of {"id","redis_counter","db_max"} */
    char text[480];           /* why it is unclear, or behind still */
};

/* Reads what became of one set's child. Clear it. */
void tally_report_read(struct tally_report *r, const char *name,
                       const struct worker_outcome *outcome);

/* The same for what could not be asked at all. */
void tally_report_fail(struct tally_report *r, const char *name,
                       const char *why);

/* And where there is no server. */
void tally_report_away(struct tally_report *r, const char *why);

void tally_report_clear(struct tally_report *r);

#endif
