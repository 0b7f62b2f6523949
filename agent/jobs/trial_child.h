/*
 * trial_child.h - the process of a trial's server: what it may, and what not.
 */
#ifndef JOBS_TRIAL_CHILD_H
#define JOBS_TRIAL_CHILD_H

#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"

struct trial_child {
    const char *program; /* its path, absolute */
    char *const *argv;   /* NULL-terminated */
    int dir;             /* where it works, open */
    uid_t uid;           /* whom it runs as, if we are root */
    gid_t gid;
    uint64_t memory_bytes; /* the most that it may have */
};

/*
 * Starts it: an end of ours is its end, the kernel's OOM killer takes it first.
 * *out is what it prints, without waiting: what nobody reads is lost, so that
 * it never stands still for us.
 */
pid_t trial_child_start(const struct trial_child *c, int *out, struct error *e);

#endif
