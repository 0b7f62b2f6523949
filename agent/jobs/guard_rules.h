/*
 * guard_rules.h - whether a start on what was judged would lose something that
 * the files still hold. What a server refuses by itself, without touching a
 * file, is left to it: its own message is as good, and we may be wrong.
 */
#ifndef JOBS_GUARD_RULES_H
#define JOBS_GUARD_RULES_H

#include <stdbool.h>
#include <stdint.h>

#include "formats/report.h"
#include "jobs/check.h"

/*
 * Why the server must not start, in words; NULL: it may. corrupt_tail_bytes is
 * aof-load-corrupt-tail-max-size, which redis has from 8.4 on.
 */
const char *guard_rules_find(const struct check *c, const struct report *report,
                             uint64_t corrupt_tail_bytes);

/*
 * Whether all that is wrong is what a power cut leaves: unfinished ends of
 * files behind which nothing was written, maybe with zeros where the file had
 * grown and its bytes had not reached the disk.
 */
bool guard_rules_tail_only(const struct check *c);

#endif
