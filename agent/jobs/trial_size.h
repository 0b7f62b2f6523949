/*
 * trial_size.h - how large a dataset will be in a server's memory.
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

#endif
