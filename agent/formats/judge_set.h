/*
 * judge_set.h - whether the files that a manifest names belong together.
 * Servers look at none of this when they load. Private to judge.
 */
#ifndef FORMATS_JUDGE_SET_H
#define FORMATS_JUDGE_SET_H

#include "formats/judge.h"

/*
 * Judges a set whose files have been judged. True: what a server loads is, or
 * by its next start will be, something else than what was written.
 */
bool judge_set(const struct judge *j, const struct dataset *d,
               struct report *report);

#endif
