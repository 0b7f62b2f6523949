/*
 * hold.h - a snapshot that retention never takes, or may take again.
 */
#ifndef JOBS_HOLD_H
#define JOBS_HOLD_H

#include <stdbool.h>

#include "base/error.h"

/*
 * Puts the hold on a snapshot, or takes it off; *changed: it was not so before.
 * No such snapshot: ERROR_FAILED. Waits for a prune that runs.
 */
int hold_set(const char *repo, const char *name, const char *id, bool held,
             bool *changed, struct error *e);

#endif
