/* alarm_data.c - the rules that look at files, snapshots and jobs. */
#include <math.h>

#include "base/text.h"
#include "daemon/alarm_rules.h"
#include "jobs/value.h"

enum {
    /* Fresh AOFs grow from nothing; servers rewrite from here on by preset. */
    GROWN_FLOOR_BYTES = 64 << 20,
    GROWN_FLOOR_SET_BYTES = 64 << 10, /* where a threshold was asked for */
    /* Keys that go within so long have not gone by and by. */
    FALL_MS = 5 * 60 * 1000,
    FALL_HOLD_MS = 60 * 60 * 1000,
    FALL_FLOOR_KEYS = 1000,
    /* A machine that was off catches up first. */
    OVERDUE_GRACE_MS = 5 * 60 * 1000,
    /* All parts have told by then. */
    SETTLE_MS = 60 * 1000,
};

void
alarm_data_aof_grown(const struct alarm_scene *scene,
                     struct alarm_finding *found)
{
    const struct info *info = &scene->server->info;
    double most =
        (double)config_number(scene->config, CONFIG_ALARMS_AOF_GROWN) / 1000;
    int64_t least = config_is_set(scene->config, CONFIG_ALARMS_AOF_GROWN)
                        ? GROWN_FLOOR_SET_BYTES
                        : GROWN_FLOOR_BYTES;
    char now[TEXT_WORDS_SIZE], then[TEXT_WORDS_SIZE];
    double times;

    if (most <= 0) {
        found->verdict = ALARM_OFF;
        return;
    }
    if (!alarm_rules_is_told(scene))
        return;
    found->verdict = ALARM_OFF;
    if (!info->aof_enabled || info->aof_base_size <= 0 ||
        info->aof_current_size < least)
        return;
    times = (double)info->aof_current_size / (double)info->aof_base_size;
    if (!alarm_rules_reaches(scene, times, most))
        return;
    text_write_size(now, (uint64_t)info->aof_current_size);
    text_write_size(then, (uint64_t)info->aof_base_size);
    alarm_rules_raise(found, times, most,
                      "the AOF has %s, %.1f times the %s after its last "
                      "rewrite",
                      now, times, then);
}

void
alarm_data_save_failed(const struct alarm_scene *scene,
                       struct alarm_finding *found)
{
    bool told = alarm_rules_is_told(scene);

    if (told && !scene->server->info.last_bgsave_ok)
        alarm_rules_raise(found, NAN, NAN, "the server's last save failed");
    else if (scene->dump_problem[0] != '\0')
        alarm_rules_raise(found, NAN, NAN, "the last dump is not whole: %s",
                          scene->dump_problem);
    else if (told && alarm_rules_may_clear(scene, SETTLE_MS))
        found->verdict = ALARM_OFF;
}

/* What the server says went well, or not. */
static void
judge_told(const struct alarm_scene *scene, bool well, const char *problem,
           struct alarm_finding *found)
{
    if (alarm_rules_is_told(scene) && well)
        found->verdict = ALARM_OFF;
    else if (alarm_rules_is_told(scene))
        alarm_rules_raise(found, NAN, NAN, "%s", problem);
}

void
alarm_data_rewrite_failed(const struct alarm_scene *scene,
                          struct alarm_finding *found)
{
    judge_told(scene, scene->server->info.last_rewrite_ok,
               "the server's last rewrite of its AOF failed", found);
}

void
alarm_data_aof_write_error(const struct alarm_scene *scene,
                           struct alarm_finding *found)
{
    judge_told(scene, scene->server->info.last_write_ok,
               "the server cannot write its AOF, and refuses writes of its "
               "clients",
               found);
}

/* Where the AOF is what a start reads, an old dump is nobody's loss. */
void
alarm_data_dump_stale(const struct alarm_scene *scene,
                      struct alarm_finding *found)
{
    const struct config *config = scene->config;
    const struct info *info = &scene->server->info;
    uint64_t limit_ms =
        config_is_set(config, CONFIG_ALARMS_DUMP_STALE)
            ? config_duration_ms(config, CONFIG_ALARMS_DUMP_STALE)
            : 2 * config_duration_ms(config, CONFIG_SNAPSHOT_MAX_AGE);
    char words[TEXT_WORDS_SIZE];
    int64_t age_ms;

    if (limit_ms == 0) {
        found->verdict = ALARM_OFF;
        return;
    }
    if (!alarm_rules_is_told(scene) || info->last_save_time < 0 ||
        info->last_save_time > INT64_MAX / 1000)
        return;
    found->verdict = ALARM_OFF;
    age_ms = scene->now_ms - info->last_save_time * 1000;
    if (info->aof_enabled || info->changes_since_save <= 0 ||
        age_ms < (int64_t)limit_ms)
        return;
    text_write_duration(words, (uint64_t)age_ms);
    alarm_rules_raise(found, (double)age_ms / 1000, (double)limit_ms / 1000,
                      "%lld changes since the last save, %s ago",
                      (long long)info->changes_since_save, words);
}

/* How much is free, in percent; 100 where it is not known. */
static double
free_percent(int64_t free_bytes, int64_t total_bytes)
{
    return free_bytes < 0 || total_bytes <= 0
               ? 100
               : 100 * (double)free_bytes / (double)total_bytes;
}

void
alarm_data_disk_low(const struct alarm_scene *scene,
                    struct alarm_finding *found)
{
    const struct repository_view *repository = scene->repository;
    const struct watch_view *watch = scene->watch;
    double least =
        (double)config_number(scene->config, CONFIG_ALARMS_DISK_FREE);
    double kept = free_percent(repository->free_bytes, repository->total_bytes);
    double data = free_percent(watch->free_bytes, watch->total_bytes);
    bool data_less = data < kept;
    double percent = data_less ? data : kept;
    char words[TEXT_WORDS_SIZE];

    if (least > 0 && percent < (scene->before->raised ? least * 1.02 : least)) {
        text_write_size(words, (uint64_t)(data_less ? watch->free_bytes
                                                    : repository->free_bytes));
        alarm_rules_raise(found, percent, least,
                          "%s (%.1f%%) is free on the disk of the %s", words,
                          percent, data_less ? "data directory" : "repository");
    } else if (least <= 0 ||
               (repository->known && alarm_rules_may_clear(scene, SETTLE_MS))) {
        found->verdict = ALARM_OFF;
    }
}

/* A time to come is of a clock that was ahead: it says nothing. */
static int64_t
past(const struct alarm_scene *scene, int64_t ms)
{
    return ms > scene->now_ms + OVERDUE_GRACE_MS ? -1 : ms;
}

static void
judge_overdue(const struct alarm_scene *scene, const struct plan_view *job,
              enum config_key key, int64_t last_ms, struct alarm_finding *found)
{
    int64_t limit_ms = (int64_t)(config_is_set(scene->config, key)
                                     ? config_duration_ms(scene->config, key)
                                     : 2 * job->interval_ms);
    int64_t running_ms = scene->now_ms - scene->started_ms;
    int64_t grace_ms = limit_ms < OVERDUE_GRACE_MS ? limit_ms
                                                   : OVERDUE_GRACE_MS;
    int64_t age_ms = scene->now_ms -
                     (last_ms > 0 ? last_ms : scene->started_ms);
    char words[TEXT_WORDS_SIZE];

    if (!job->built || limit_ms == 0 || age_ms < limit_ms) {
        found->verdict = ALARM_OFF;
        return;
    }
    if (running_ms < grace_ms)
        return;
    text_write_duration(words, (uint64_t)age_ms);
    alarm_rules_raise(found, (double)age_ms / 1000, (double)limit_ms / 1000,
                      last_ms > 0 ? "the last good %s was %s ago"
                                  : "no good %s for %s",
                      job->name, words);
}

/* Whether the last run failed; one that was not possible tells nothing. */
static void
judge_failed(const struct plan_view *job, struct alarm_finding *found)
{
    if (!job->built)
        found->verdict = ALARM_OFF;
    if (!job->built || job->runs == 0)
        return;
    if (job->last.result == PLAN_OK)
        found->verdict = ALARM_OFF;
    else if (job->last.result == PLAN_FAILED ||
             job->last.result == PLAN_REFUSED)
        alarm_rules_raise(found, NAN, NAN, "the last %s %s: %s", job->name,
                          job->last.result == PLAN_FAILED ? "failed"
                                                          : "was refused",
                          job->last.text);
}

void
alarm_data_snapshot_overdue(const struct alarm_scene *scene,
                            struct alarm_finding *found)
{
    int64_t by_us_ms = past(scene, scene->snapshot->last_ok_ms);
    int64_t by_hand_ms = past(scene, scene->repository->last_good_time_ms);

    judge_overdue(scene, scene->snapshot, CONFIG_ALARMS_SNAPSHOT_OVERDUE,
                  by_us_ms > by_hand_ms ? by_us_ms : by_hand_ms, found);
}

void
alarm_data_snapshot_failed(const struct alarm_scene *scene,
                           struct alarm_finding *found)
{
    struct alarm_finding kept = *found;

    judge_failed(scene->snapshot, found);
    judge_failed(scene->verify, &kept);
    /* What was kept and is no more is no snapshot. Of two where one never ran
     * the other knows it all. */
    if (found->verdict != ALARM_ON && scene->verify->runs > 0 &&
        (kept.verdict != ALARM_OFF || scene->snapshot->runs == 0))
        *found = kept;
}

/* When the last drill that the repository knows ended; -1: none, or not well. */
static int64_t
noted_drill(const struct alarm_scene *scene, bool well)
{
    const json_t *noted = scene->repository->last_drill;

    return well && !json_is_true(json_object_get(noted, "ok"))
               ? -1
               : value_read_time(noted, "finished");
}

void
alarm_data_drill_overdue(const struct alarm_scene *scene,
                         struct alarm_finding *found)
{
    int64_t by_us_ms = past(scene, scene->drill->last_ok_ms);
    int64_t noted_ms = past(scene, noted_drill(scene, true));

    judge_overdue(scene, scene->drill, CONFIG_ALARMS_DRILL_OVERDUE,
                  by_us_ms > noted_ms ? by_us_ms : noted_ms, found);
}

void
alarm_data_drill_failed(const struct alarm_scene *scene,
                        struct alarm_finding *found)
{
    const json_t *noted = scene->repository->last_drill;
    bool run = scene->drill->runs > 0;

    judge_failed(scene->drill, found);
    /* One by hand was later; our own notes are older than their runs' ends. */
    if (run && noted_drill(scene, false) <= scene->drill->last.finished_ms)
        return;
    if (noted_drill(scene, true) >= 0)
        found->verdict = ALARM_OFF;
    else if (noted != NULL)
        alarm_rules_raise(found, NAN, NAN, "the last drill failed, of %s",
                          json_string_value(json_object_get(noted, "id")));
}

/*
 * Whether most of the keys went within minutes. A replica that begins anew,
 * and a server that reads its data, have few for a while.
 */
static bool
keys_fell(const struct alarm_scene *scene, double percent)
{
    struct alarm_memory *memory = scene->memory;
    const struct info *info = &scene->server->info;
    double left = (100 - percent) / 100, keys = (double)info->keys, peak;

    if (!alarm_rules_is_told(scene) || !info->link_up || info->keys < 0)
        return memory->keys_before > 0;
    peak = alarm_window_peak(&memory->keys, scene->now_ms, FALL_MS);
    alarm_window_put(&memory->keys, scene->now_ms, FALL_MS, keys);
    if (memory->keys_before == 0 && peak >= FALL_FLOOR_KEYS &&
        keys <= peak * left) {
        memory->keys_before = peak;
        memory->keys_fell_ms = scene->now_ms;
    } else if (keys > memory->keys_before * left ||
               scene->now_ms - memory->keys_fell_ms >= FALL_HOLD_MS) {
        memory->keys_before = 0;
    }
    return memory->keys_before > 0;
}

void
alarm_data_collapsed(const struct alarm_scene *scene,
                     struct alarm_finding *found)
{
    double percent =
        (double)config_number(scene->config, CONFIG_ALARMS_COLLAPSE);
    double keys = (double)scene->server->info.keys;
    bool fell;

    found->verdict = percent <= 0 ? ALARM_OFF : ALARM_UNKNOWN;
    if (percent <= 0)
        return;
    fell = keys_fell(scene, percent);
    if (scene->watch->gone)
        alarm_rules_raise(found, 100, percent, "%s", scene->watch->trouble);
    else if (fell)
        alarm_rules_raise(found, 100 - 100 * keys / scene->memory->keys_before,
                          percent, "the server has %.0f keys, it had %.0f",
                          keys, scene->memory->keys_before);
    else if (scene->watch->collapsed)
        alarm_rules_raise(found, NAN, percent,
                          "%s is much smaller than the one before",
                          scene->watch->rdb_path);
    else if (scene->repository->collapsed)
        alarm_rules_raise(found, NAN, percent, "%s",
                          scene->repository->frozen_text[0] != '\0'
                              ? scene->repository->frozen_text
                              : "the newest snapshot is much smaller than the "
                                "one before it");
    else if (scene->repository->known && alarm_rules_may_clear(scene, FALL_MS))
        found->verdict = ALARM_OFF;
}

void
alarm_data_unproven(const struct alarm_scene *scene,
                    struct alarm_finding *found)
{
    const struct watch_view *watch = scene->watch;
    const json_t *last = scene->repository->last;

    if (watch->data_dir != NULL && !watch->present)
        alarm_rules_raise(found, NAN, NAN, "%s", watch->trouble);
    else if (json_is_false(json_object_get(last, "bound")))
        alarm_rules_raise(found, NAN, NAN,
                          "snapshot %s: the data directory could not be "
                          "proven to be the server's",
                          json_string_value(json_object_get(last, "id")));
    else if (watch->guard_failed[0] != '\0')
        alarm_rules_raise(found, NAN, NAN, "%s", watch->guard_failed);
    else if (scene->repository->known &&
             alarm_rules_may_clear(scene, SETTLE_MS))
        found->verdict = ALARM_OFF;
}
