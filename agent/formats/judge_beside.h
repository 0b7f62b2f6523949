/*
 * judge_beside.h - what lies beside the data that a server loads: each by its
 * name, and what will become of it. Private to
 * judge and mend_set.
 */
#ifndef FORMATS_JUDGE_BESIDE_H
#define FORMATS_JUDGE_BESIDE_H

#include "formats/judge.h"

/*
 * Whether a server that starts on the set takes a file into it that no manifest
 * names: it opens the first incr of a set that has none to append, whatever is
 * in it, and loads all of it at the next start (redis 7.0.15 tried).
 */
bool judge_beside_joins(const struct dataset *d,
                        const struct dataset_beside *beside);

/* Tells of all that is beside; true if data is lost or wrong by it. */
bool judge_beside(const struct judge *j, const struct dataset *d,
                  struct report *report);

/*
 * Findings from now on are about a file of the data directory, relative to it,
 * shown as the files of the set are shown; where there are none, they stay
 * about the folder as a whole.
 */
void judge_beside_about(const struct judge *j, const struct dataset *d,
                        const char *path, struct report *report);

/* What the server calls the folder of its AOF. */
const char *judge_beside_folder(const struct judge *j);

#endif
