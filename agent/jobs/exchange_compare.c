#include "jobs/exchange.h"

/* How far INFO's count may be off when the length of an AOF is taken. */
enum { SLACK_KEYS = 100, SLACK_SHARE = 100 };

static int64_t
known(int64_t number)
{
    return number > 0 ? number : 0;
}

/* What it may have loaded and does not have any more, by its own counters. */
static int64_t
gone(const struct info *i, const struct exchange_expected *expected)
{
    int64_t sum = known(i->expired_keys) + known(i->evicted_keys);

    /* Clients are there at once; each command may have taken a key. */
    sum += known(i->commands);
    /* Of a dump it leaves out what has expired; before 7.0 that is not told. */
    sum += i->load_expired >= 0 ? i->load_expired : known(expected->expires);
    if (!expected->exact && i->keys > 0)
        sum += SLACK_KEYS + expected->keys / SLACK_SHARE;
    return sum;
}

static int
check_aof(const struct info *i, uint64_t bytes, struct error *e)
{
    if (!i->aof_enabled)
        return error_set(e, ERROR_FAILED,
                         "the server has appendonly no, and did not load the"
                         " AOF: set appendonly yes in its configuration");
    if (i->aof_current_size < 0 || (uint64_t)i->aof_current_size >= bytes)
        return 0;
    return error_set(e, ERROR_FAILED,
                     "the server has %lld bytes of AOF, and %llu were"
                     " restored: it has cut them",
                     (long long)i->aof_current_size, (unsigned long long)bytes);
}

int
exchange_compare(const struct exchange *x,
                 const struct exchange_expected *expected, struct error *e)
{
    const struct info *i = &x->info;

    if (expected->aof_bytes > 0 && check_aof(i, expected->aof_bytes, e) != 0)
        return -1;
    if (expected->keys < 0 || i->keys + gone(i, expected) >= expected->keys)
        return 0;
    return error_set(e, ERROR_FAILED,
                     "the server has %lld keys, and %lld were expected",
                     (long long)i->keys, (long long)expected->keys);
}
