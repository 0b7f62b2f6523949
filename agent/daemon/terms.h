/*
 * terms.h - the configuration in force: as it was read, and a copy of the file
 * for the jobs, which read it for themselves. A file that was changed since,
 * or is bad now, changes nothing until the agent takes it over.
 */
#ifndef DAEMON_TERMS_H
#define DAEMON_TERMS_H

#include "base/error.h"
#include "config/config.h"
#include "daemon/arguments.h"

struct terms {
    struct config config;
    const struct arguments *arguments; /* borrowed */
    /* Of the file, in memory; jobs inherit it by its number. -1: none */
    int copy;
    /* What jobs are called with: --config COPY --instance NAME --repo DIR
     * and the keys of our own command line. NULL-terminated. */
    char **options;
};

/*
 * Reads arguments (borrowed), environment and file. NULL: bad; report has had
 * each problem, e the first.
 */
struct terms *terms_load(const struct arguments *a, config_problem *report,
                         void *context, struct error *e);

/*
 * Keeps of old what needs a restart (instance, repo, [http] listen), with a
 * warning in the log for each that would have changed.
 */
void terms_keep_fixed(struct terms *t, const struct terms *old);

void terms_free(struct terms *t); /* accepts NULL */

#endif
