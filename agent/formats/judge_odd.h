/*
 * judge_odd.h - what servers do not write and may load all the same. Private
 * to judge.
 */
#ifndef FORMATS_JUDGE_ODD_H
#define FORMATS_JUDGE_ODD_H

#include "formats/judge.h"

/*
 * Whether commands select a database that the server does not have: it logs an
 * error for each and goes on in the one before, so what follows lands in the
 * wrong place. Nothing is said where the server's number is not known.
 */
bool judge_odd_select(const struct judge_options *options,
                      const struct judge_file *f, struct report *report);

/*
 * Whether the manifest of an AOF that is switched off cannot be read: servers
 * (redis 7.0.15, 8.0, valkey 8.1, 9.1 tried) read it first, and refuse.
 */
bool judge_odd_manifest(const struct judge *j, const struct dataset *d,
                        struct report *report);

/*
 * Whether an RDB holds what its own version does not have: opcodes of Redis
 * Enterprise, types to come. No server that reads the version reads those.
 */
bool judge_odd_rdb(const struct rdb_result *rdb);

#endif
