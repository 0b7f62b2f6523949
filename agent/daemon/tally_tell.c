/* tally_tell.c - the sentences that scripts wait for, and the history. */
#include "daemon/tally_work.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "jobs/value.h"

enum { LINES_MAX = 10, ID_SIZE = 120 };

static const char *const words[] = {"unknown", "consistent", "inconsistent",
                                    "unclear"};

static const char *
title_of(const struct tally_set *set)
{
    return config_block_text(set->block, CONFIG_COUNTERS_TITLE);
}

/* An id is a text or a number. */
static const char *
write_id(const json_t *id, char out[ID_SIZE])
{
    if (json_is_string(id))
        snprintf(out, ID_SIZE, "%s", json_string_value(id));
    else
        snprintf(out, ID_SIZE, "%lld", (long long)json_integer_value(id));
    return out;
}

/* Counters that are behind, the first ones. */
static void
tell_each(const struct tally_set *set, const struct tally_report *r)
{
    char id[ID_SIZE];
    const json_t *one;
    size_t i;

    json_array_foreach(r->behind, i, one)
    {
        if (i == LINES_MAX)
            break;
        log_line(LOG_LEVEL_WARNING,
                 "Inconsistency found for %s %s: Redis=%lld, DB=%lld set=%s",
                 title_of(set), write_id(json_object_get(one, "id"), id),
                 (long long)json_integer_value(
                     json_object_get(one, "redis_counter")),
                 (long long)json_integer_value(json_object_get(one, "db_max")),
                 set->block->name);
    }
    if (r->inconsistent > LINES_MAX)
        log_line(LOG_LEVEL_WARNING,
                 "Inconsistency found for %lld counters of %lld set=%s",
                 (long long)r->inconsistent, (long long)r->checked,
                 set->block->name);
}

static void
note(const struct tally *t, const struct tally_set *set,
     const struct tally_report *r, const char *text)
{
    notice_tell(t->notices, clock_wall_ms(), "counters",
                json_pack("{s:s, s:s, s:o, s:o}", "set", set->block->name,
                          "status", words[r->state], "checked",
                          value_number(r->checked), "inconsistent",
                          value_number(r->inconsistent)),
                "counters %s: %s", set->block->name, text);
}

static void
tell_consistent(const struct tally *t, const struct tally_set *set,
                const struct tally_view *was, const struct tally_report *r)
{
    log_line(LOG_LEVEL_INFO,
             "Redis counters are consistent with database set=%s checked=%lld",
             set->block->name, (long long)r->checked);
    if (was->state == TALLY_BEHIND || was->state == TALLY_UNCLEAR)
        note(t, set, r, "consistent with the database");
}

static void
tell_behind(const struct tally *t, const struct tally_set *set,
            const struct tally_report *r, enum tally_kind kind)
{
    bool mends = kind == TALLY_START && tally_run_mends(set, r);

    tell_each(set, r);
    if (mends)
        log_line(LOG_LEVEL_WARNING,
                 "Redis counter inconsistency detected! Triggering rebuild"
                 " set=%s",
                 set->block->name);
    else if (r->inconsistent > 0)
        log_line(LOG_LEVEL_WARNING,
                 "counters are behind the database; 'redkeep counters rebuild"
                 " %s' raises them set=%s",
                 set->block->name, set->block->name);
    else
        log_line(LOG_LEVEL_WARNING,
                 "counters hold what is no number set=%s error=\"%s\"",
                 set->block->name, r->text);
    note(t, set, r,
         mends ? "behind the database, rebuilding" : "behind the database");
}

/* Somebody may ask each second, and each error have other words. */
static bool
is_news(const struct tally_view *was, const struct tally_report *r, bool start)
{
    return was->state != r->state || was->no_server != r->no_server ||
           (start && strcmp(was->problem, r->text) != 0);
}

void
tally_tell_look(const struct tally *t, const struct tally_set *set,
                const struct tally_view *was, const struct tally_report *r,
                enum tally_kind kind)
{
    bool start = kind == TALLY_START, same = was->state == r->state;

    if (r->state == TALLY_CONSISTENT && (start || !same))
        tell_consistent(t, set, was, r);
    if (r->state == TALLY_BEHIND && (start || !same))
        tell_behind(t, set, r, kind);
    if (r->state == TALLY_UNCLEAR && is_news(was, r, start))
        log_line(LOG_LEVEL_WARNING,
                 "counters could not be looked at set=%s error=\"%s\"",
                 set->block->name, r->text);
    if (r->state == TALLY_UNCLEAR && !same && !r->no_server)
        note(t, set, r, "could not be looked at");
}

void
tally_tell_rebuild(const struct tally *t, const struct tally_set *set,
                   const struct tally_report *r, uint64_t took_ms)
{
    const char *name = set->block->name;
    double seconds = (double)took_ms / 1000;

    if (r->state == TALLY_CONSISTENT) {
        log_line(LOG_LEVEL_INFO,
                 "counters were rebuilt set=%s raised=%lld seconds=%.1f", name,
                 (long long)r->raised, seconds);
        log_line(LOG_LEVEL_INFO,
                 "Redis counters are consistent with database set=%s"
                 " checked=%lld",
                 name, (long long)r->checked);
        note(t, set, r, "rebuilt");
        return;
    }
    log_line(LOG_LEVEL_ERROR,
             "counters could not be rebuilt%s set=%s seconds=%.1f error=\"%s\"",
             r->state == TALLY_UNCLEAR ? ", trying again" : "", name, seconds,
             r->text);
    note(t, set, r, "could not be rebuilt");
}
