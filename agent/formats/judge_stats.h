/*
 * judge_stats.h - what is in one file, counted while it is judged: keys of its
 * RDB, commands of its AOF, or both. A value that is bad is not counted, and
 * nothing behind the place where a file breaks.
 */
#ifndef FORMATS_JUDGE_STATS_H
#define FORMATS_JUDGE_STATS_H

#include <stdbool.h>
#include <stdint.h>

#include "formats/aof.h"
#include "formats/aof_stats.h"
#include "formats/rdb.h"
#include "formats/rdb_stats.h"

struct judge_stats {
    struct rdb_stats rdb;
    struct aof_stats aof;
    bool has_rdb, has_aof; /* after judge_stats_end, and so what follows */
    bool valkey_magic;
    uint64_t empty_keys;
    int64_t first_ms, last_ms; /* annotations, since 1970; -1 none */
};

/* The context of the callbacks; freed by judge_stats_free. */
struct judge_stats *judge_stats_new(int64_t now_ms);

rdb_key_seen judge_stats_key;
aof_command_seen judge_stats_command;

/* Either may be NULL: the file has none. */
void judge_stats_end(struct judge_stats *s, const struct rdb_result *rdb,
                     const struct aof_result *aof);

void judge_stats_free(struct judge_stats *s);

#endif
