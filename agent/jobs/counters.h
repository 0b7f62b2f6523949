/*
 * counters.h - sequence numbers that clients INCR in the server, compared with
 * what the database knows, and raised where they are behind.
 *
 * A set is a [counters NAME]. Its source prints the table of what the numbers
 * must be at least (counters_table.h). All tables are read and judged before
 * the server is asked, and nothing is written unless all of them were whole.
 *
 * Example: counters_begin(&c, &config, NULL, 0, e);
 *          counters_run(&c, &options, e);
 *          answer_print(counters_report(&c, clock_wall_ms()), e);
 *          counters_clear(&c);
 */
#ifndef JOBS_COUNTERS_H
#define JOBS_COUNTERS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "config/config.h"
#include "jobs/counters_rows.h"
#include "jobs/counters_table.h"
#include "jobs/progress.h"
#include "redis/link.h"

enum {
    COUNTERS_WARNINGS_MAX = 100, /* told; all are counted */
    COUNTERS_ITEMS_MAX = 10000,  /* of a set */
    COUNTERS_BEHIND_MAX = 100,   /* told of a set */
};

struct counters_set {
    const char *name, *title, *source; /* borrowed from the configuration */
    uint64_t timeout_ms;
    struct counters_table table;
    struct counters_rows rows;
    uint64_t checked;
    uint64_t inconsistent; /* are behind, in a rebuild: still */
    uint64_t missing;      /* had no key */
    uint64_t raised;
    uint64_t failed; /* no number at all; left as they are */
    uint64_t took_ms;
    char *error;   /* why it could not be done; NULL: it could */
    json_t *items; /* NULL: not wanted */
    json_t *behind;
};

struct counters {
    struct counters_set *sets;
    size_t count;
    json_t *warnings;
    uint64_t warnings_total;
    char *error; /* the first reason why it could not be done; NULL: none */
};

struct counters_options {
    const struct link_options *link;
    bool rebuild;
    uint64_t sample; /* so many of each set, told as items; 0: all, untold */
    uint64_t seed;   /* of the choice */
    const struct progress *progress;
};

/*
 * Takes the sets of these names, in the file's order; no names: all.
 * ERROR_USAGE: there is none of that name. Clear it in any case.
 */
int counters_begin(struct counters *c, const struct config *config,
                   char *const *names, size_t count, struct error *e);

/*
 * What could not be done is told by error and warnings. -1 only when asked to
 * stop, and nothing was raised.
 */
int counters_run(struct counters *c, const struct counters_options *options,
                 struct error *e);

/* Done, and no counter is behind or no number. */
bool counters_is_healthy(const struct counters *c);

/* The object of the contract. */
json_t *counters_report(const struct counters *c, int64_t now_ms);

void counters_clear(struct counters *c);

#endif
