/*
 * restore_use.h - the last look whether a server uses the target, when
 * tripwires are in place. For restore*.c and repair*.c only.
 */
#ifndef JOBS_RESTORE_USE_H
#define JOBS_RESTORE_USE_H

#include "base/error.h"
#include "jobs/instance.h"

struct restore_use {
    const struct instance *server;
    int dir;
    const char *path;
};

/*
 * A place_options.check_unused. A server that was started a moment ago and is
 * about to find a tripwire is waited for.
 */
int restore_use_check(void *context, struct error *e);

#endif
