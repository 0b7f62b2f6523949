/* alarm_server.c - the rules that look at the server and the way to it. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "daemon/alarm_rules.h"

enum {
    /* What happened at a moment is shown for so long. */
    MOMENT_MS = 5 * 60 * 1000,
    /* Below, the allocator's own needs are most of what is used. */
    FRAGMENTATION_FLOOR_BYTES = 64 << 20,
};

void
alarm_server_away(const struct alarm_scene *scene, struct alarm_finding *found)
{
    const struct server_view *server = scene->server;
    uint64_t limit_ms =
        config_duration_ms(scene->config, CONFIG_ALARMS_SERVER_AWAY);
    int64_t away_ms = scene->now_ms - server->away_ms;
    char words[TEXT_WORDS_SIZE];

    if (limit_ms == 0 || server->state == SERVER_CONNECTED) {
        found->verdict = ALARM_OFF;
        return;
    }
    /* One that reads its data is there. */
    if (server->loading || server->away_ms < 0 || away_ms < (int64_t)limit_ms)
        return;
    text_write_duration(words, (uint64_t)away_ms);
    alarm_rules_raise(found, (double)away_ms / 1000, (double)limit_ms / 1000,
                      "the server has been away for %s%s%.150s", words,
                      server->last_error[0] != '\0' ? ": " : "",
                      server->last_error);
}

void
alarm_server_restarted(const struct alarm_scene *scene,
                       struct alarm_finding *found)
{
    const struct server_view *server = scene->server;
    char when[TEXT_TIME_SIZE];

    if (server->restarts > 0 && server->restarted_ms <= scene->now_ms &&
        scene->now_ms - server->restarted_ms < MOMENT_MS) {
        text_write_time(when, server->restarted_ms);
        alarm_rules_raise(found, NAN, NAN,
                          "the server was restarted (seen at %s)", when);
    } else if (scene->now_ms - scene->before->since_ms >= MOMENT_MS) {
        found->verdict = ALARM_OFF;
    }
}

void
alarm_server_hit_rate(const struct alarm_scene *scene,
                      struct alarm_finding *found)
{
    struct alarm_memory *memory = scene->memory;
    const struct info *info = &scene->server->info;
    uint64_t span_ms =
        config_duration_ms(scene->config, CONFIG_ALARMS_HIT_RATE_FOR);
    double least = (double)config_number(scene->config, CONFIG_ALARMS_HIT_RATE);
    double hits, lookups, percent;
    bool whole;

    if (least <= 0 || span_ms == 0) {
        found->verdict = ALARM_OFF;
        return;
    }
    if (!alarm_rules_is_told(scene) || info->keyspace_hits < 0 ||
        info->keyspace_misses < 0)
        return;
    alarm_window_count(&memory->hits, scene->now_ms, span_ms,
                       (double)info->keyspace_hits);
    alarm_window_count(&memory->lookups, scene->now_ms, span_ms,
                       (double)info->keyspace_hits +
                           (double)info->keyspace_misses);
    hits = alarm_window_rise(&memory->hits, scene->now_ms, span_ms, &whole);
    lookups =
        alarm_window_rise(&memory->lookups, scene->now_ms, span_ms, &whole);
    if (!whole)
        return;
    percent = lookups > 0 ? 100 * hits / lookups : 100;
    found->verdict = ALARM_OFF;
    if (percent < least)
        alarm_rules_raise(found, percent, least,
                          "%.1f%% of %.0f lookups found their key", percent,
                          lookups);
}

/* A counter that may rise by less than most within a span. */
static void
judge_rise(const struct alarm_scene *scene, struct alarm_window *window,
           uint64_t counter, uint64_t span_ms, double most, const char *what,
           struct alarm_finding *found)
{
    char words[TEXT_WORDS_SIZE];
    double rise;
    bool whole;

    found->verdict = ALARM_OFF;
    if (most <= 0 || span_ms == 0)
        return;
    alarm_window_count(window, scene->now_ms, span_ms, (double)counter);
    rise = alarm_window_rise(window, scene->now_ms, span_ms, &whole);
    if (rise < most) {
        found->verdict = whole ? ALARM_OFF : ALARM_UNKNOWN;
        return;
    }
    text_write_duration(words, span_ms);
    alarm_rules_raise(found, rise, most, "%.0f %s within %s", rise, what,
                      words);
}

void
alarm_server_errors(const struct alarm_scene *scene,
                    struct alarm_finding *found)
{
    uint64_t errors = 0;

    for (int i = 0; i < SERVER_ERRORS; i++)
        errors += scene->server->errors[i];
    judge_rise(scene, &scene->memory->errors, errors,
               config_duration_ms(scene->config, CONFIG_ALARMS_ERRORS_WITHIN),
               (double)config_number(scene->config, CONFIG_ALARMS_ERRORS),
               "errors on the connection to the server", found);
}

void
alarm_server_reconnects(const struct alarm_scene *scene,
                        struct alarm_finding *found)
{
    judge_rise(
        scene, &scene->memory->reconnects, scene->server->reconnects,
        config_duration_ms(scene->config, CONFIG_ALARMS_RECONNECTS_WITHIN),
        (double)config_number(scene->config, CONFIG_ALARMS_RECONNECTS),
        "reconnects to the server", found);
}

void
alarm_server_memory(const struct alarm_scene *scene,
                    struct alarm_finding *found)
{
    const struct info *info = &scene->server->info;
    double most = (double)config_number(scene->config, CONFIG_ALARMS_MEMORY);
    char used[TEXT_WORDS_SIZE], limit[TEXT_WORDS_SIZE];
    double percent;

    if (most <= 0) {
        found->verdict = ALARM_OFF;
        return;
    }
    if (!alarm_rules_is_told(scene) || info->used_memory < 0 ||
        info->maxmemory < 0)
        return;
    found->verdict = ALARM_OFF;
    percent = info->maxmemory == 0
                  ? 0
                  : 100 * (double)info->used_memory / (double)info->maxmemory;
    if (!alarm_rules_reaches(scene, percent, most))
        return;
    text_write_size(used, (uint64_t)info->used_memory);
    text_write_size(limit, (uint64_t)info->maxmemory);
    alarm_rules_raise(found, percent, most,
                      "the server uses %s of its maxmemory of %s (%.1f%%)",
                      used, limit, percent);
}

/*
 * Keys that the server threw out, and writes that it refused for want of
 * memory: under noeviction, and where a policy finds nothing to throw out.
 */
void
alarm_server_evictions(const struct alarm_scene *scene,
                       struct alarm_finding *found)
{
    const struct info *info = &scene->server->info;
    double lost = 0, rise;
    bool whole;

    if (!alarm_rules_is_told(scene) ||
        (info->evicted_keys < 0 && info->oom_errors < 0))
        return;
    lost += info->evicted_keys > 0 ? (double)info->evicted_keys : 0;
    lost += info->oom_errors > 0 ? (double)info->oom_errors : 0;
    alarm_window_count(&scene->memory->evictions, scene->now_ms, MOMENT_MS,
                       lost);
    rise = alarm_window_rise(&scene->memory->evictions, scene->now_ms,
                             MOMENT_MS, &whole);
    if (rise > 0)
        alarm_rules_raise(found, rise, NAN,
                          "%.0f keys evicted or commands refused for want of "
                          "memory in 5 min (policy %s)",
                          rise, info->maxmemory_policy);
    else if (whole)
        found->verdict = ALARM_OFF;
}

void
alarm_server_fragmentation(const struct alarm_scene *scene,
                           struct alarm_finding *found)
{
    const struct info *info = &scene->server->info;
    double most =
        (double)config_number(scene->config, CONFIG_ALARMS_FRAGMENTATION) /
        1000;
    bool preset = !config_is_set(scene->config, CONFIG_ALARMS_FRAGMENTATION);

    if (most <= 0) {
        found->verdict = ALARM_OFF;
        return;
    }
    if (!alarm_rules_is_told(scene) || isnan(info->fragmentation))
        return;
    found->verdict = ALARM_OFF;
    if ((preset && info->used_memory < FRAGMENTATION_FLOOR_BYTES) ||
        !alarm_rules_reaches(scene, info->fragmentation, most))
        return;
    alarm_rules_raise(found, info->fragmentation, most,
                      "the server holds %.2f times the memory that it uses",
                      info->fragmentation);
}

static bool
is_same(const char *a, const char *b)
{
    return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static void
remember(char **slot, const char *text)
{
    if (is_same(*slot, text))
        return;
    free(*slot);
    *slot = memory_dup(text);
}

/*
 * dir or dbfilename changed under us: on for five minutes, or until it is as
 * before. What lasts (another directory's data) snapshots refuse.
 */
void
alarm_server_config_changed(const struct alarm_scene *scene,
                            struct alarm_finding *found)
{
    struct alarm_memory *memory = scene->memory;
    const struct info_settings *now = &scene->server->settings;

    if (!scene->server->settings_known)
        return;
    if (memory->dir == NULL && memory->dbfilename == NULL) {
        remember(&memory->dir, now->dir);
        remember(&memory->dbfilename, now->dbfilename);
    }
    if (!is_same(memory->new_dir, now->dir) ||
        !is_same(memory->new_dbfilename, now->dbfilename))
        memory->settings_changed_ms = scene->now_ms;
    remember(&memory->new_dir, now->dir);
    remember(&memory->new_dbfilename, now->dbfilename);
    if (is_same(memory->dir, now->dir) &&
        is_same(memory->dbfilename, now->dbfilename)) {
        if (scene->before->since_ms >= scene->started_ms ||
            scene->now_ms - scene->before->since_ms >= MOMENT_MS)
            found->verdict = ALARM_OFF;
        return;
    }
    if (scene->now_ms - memory->settings_changed_ms >= MOMENT_MS) {
        remember(&memory->dir, now->dir);
        remember(&memory->dbfilename, now->dbfilename);
        found->verdict = ALARM_OFF;
        return;
    }
    if (!is_same(memory->dir, now->dir))
        alarm_rules_raise(found, NAN, NAN, "dir was changed from %s to %s",
                          memory->dir, now->dir);
    else
        alarm_rules_raise(found, NAN, NAN,
                          "dbfilename was changed from %s to %s",
                          memory->dbfilename, now->dbfilename);
}
