/*
 * trial_program.h - which server program a trial may execute.
 */
#ifndef JOBS_TRIAL_PROGRAM_H
#define JOBS_TRIAL_PROGRAM_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "formats/release.h"

struct trial_program {
    char *path; /* absolute */
    struct release release;
};

/*
 * The running server's, if root owns it, and only root can write it and every
 * folder above it: it is the one that will load the data. Else the one that
 * PATH has, valkey saying by which name first. Clear it in any case.
 */
int trial_program_find(struct trial_program *p, bool valkey,
                       int64_t running_pid, struct error *e);

void trial_program_clear(struct trial_program *p);

#endif
