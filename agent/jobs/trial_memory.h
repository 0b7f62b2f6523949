/*
 * trial_memory.h - how much memory there is: of the host, and of each control
 * group that we are in (version 1 and 2), of which the tightest counts.
 *
 * Sources: proc(5), Documentation/admin-guide/cgroup-v2.rst and
 * cgroup-v1/memory.rst of the kernel.
 */
#ifndef JOBS_TRIAL_MEMORY_H
#define JOBS_TRIAL_MEMORY_H

#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"

struct trial_memory {
    uint64_t total_bytes;
    uint64_t free_bytes;  /* what can be had: cached pages of files count */
    uint64_t least_bytes; /* the smallest of all totals */
    char where[240];      /* "this host", "control group /a/b" */
};

/* What may be used of it: a fifth of the whole is left alone. */
uint64_t trial_memory_spare(const struct trial_memory *m);

/* The tightest. proc: /proc, but for tests. */
int trial_memory_find(struct trial_memory *m, const char *proc,
                      struct error *e);

/* The same for another process, by its number in proc. */
int trial_memory_find_of(struct trial_memory *m, const char *proc, pid_t pid,
                         struct error *e);

#endif
