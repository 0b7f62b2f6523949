/*
 * drill_scratch.h - the folder that a drill restores into: <base>/<name>/, one
 * drill at a time. What a killed one left is removed by the next.
 */
#ifndef JOBS_DRILL_SCRATCH_H
#define JOBS_DRILL_SCRATCH_H

#include <sys/types.h>

#include "base/error.h"
#include "base/lock.h"

struct drill_scratch {
    int data;   /* an empty folder of its own, open */
    char *path; /* of that, absolute */
    /* Private: */
    int base, dir;
    char *name;
    struct lock lock;
};

#define DRILL_SCRATCH_NONE                                    \
    {                                                         \
        .data = -1, .base = -1, .dir = -1, .lock = LOCK_NONE, \
    }

/*
 * uid and gid own the data, if we are root. ERROR_LOCKED: another drill is
 * there. s must be DRILL_SCRATCH_NONE; drill_scratch_close in any case.
 */
int drill_scratch_open(struct drill_scratch *s, const char *base,
                       const char *name, uid_t uid, gid_t gid, struct error *e);

/* Removes all of it. */
void drill_scratch_close(struct drill_scratch *s);

#endif
