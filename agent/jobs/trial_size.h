/*
 * trial_size.h - what a server needs for a dataset: memory, and databases.
 */
#ifndef JOBS_TRIAL_SIZE_H
#define JOBS_TRIAL_SIZE_H

#include <stdint.h>

#include "formats/judge.h"

/*
 * Of files that were judged, in bytes: what an RDB says its server used, else
 * three times its size; and the size of commands. *source: how it is known, for
 * people.
 */
uint64_t trial_size(const struct judge *j, const char **source);

/* How many databases it must have: the highest number in the data, and one; at
 * least 16, as they are by default, and at most a million. */
int trial_size_databases(const struct judge *j);

#endif
