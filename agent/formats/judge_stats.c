#include "formats/judge_stats.h"

#include <stdlib.h>

#include "base/memory.h"

struct judge_stats *
judge_stats_new(int64_t now_ms)
{
    struct judge_stats *s = memory_new(sizeof *s);

    rdb_stats_begin(&s->rdb, now_ms);
    s->first_ms = s->last_ms = -1;
    return s;
}

void
judge_stats_key(void *context, const struct rdb_key *key)
{
    struct judge_stats *s = context;

    rdb_stats_add(&s->rdb, key);
}

void
judge_stats_command(void *context, const struct aof_command *c)
{
    struct judge_stats *s = context;

    aof_stats_add(&s->aof, c);
}

/* An annotation may hold any number. */
static int64_t
milliseconds(int64_t seconds)
{
    if (seconds < 0)
        return -1;
    return seconds > INT64_MAX / 1000 ? INT64_MAX : seconds * 1000;
}

void
judge_stats_end(struct judge_stats *s, const struct rdb_result *rdb,
                const struct aof_result *aof)
{
    s->has_rdb = rdb != NULL;
    /* A base is an RDB, and rarely more. */
    s->has_aof = aof != NULL && (rdb == NULL || aof->commands > 0);
    rdb_stats_end(&s->rdb);
    aof_stats_end(&s->aof);
    if (rdb != NULL) {
        s->valkey_magic = rdb->valkey_magic;
        s->empty_keys = rdb->empty_keys;
    }
    if (aof != NULL) {
        s->first_ms = milliseconds(aof->first_time);
        s->last_ms = milliseconds(aof->last_time);
    }
}

void
judge_stats_free(struct judge_stats *s)
{
    if (s == NULL)
        return;
    rdb_stats_clear(&s->rdb);
    aof_stats_clear(&s->aof);
    free(s);
}
