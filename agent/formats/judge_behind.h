/*
 * judge_behind.h - an RDB that is loaded behind other data: servers load it,
 * and crash at a key or a library of functions that is there already (redis
 * 7.0.15 and 8.0, valkey 8.1 tried). Private to judge.
 */
#ifndef FORMATS_JUDGE_BEHIND_H
#define FORMATS_JUDGE_BEHIND_H

#include "formats/judge.h"

/*
 * Whether file i of j is such a one. *crashes: both hold the same (of commands
 * the first argument is taken for a key that lives), or nobody can tell, as
 * there are too many or the files cannot be read again.
 */
bool judge_behind(const struct judge *j, const struct dataset *d, size_t i,
                  bool *crashes, struct report *report);

#endif
