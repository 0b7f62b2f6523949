#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "config/schedule.h"
#include "jobs/doctor_host.h"
#include "jobs/doctor_repository_rules.h"

enum {
    SECOND_MS = 1000,
    SAME_SAVE_MS = 2000, /* both clocks, in whole seconds */
    TEXT_SIZE = 300,
};

static bool
is_broken(const struct catalog_item *item)
{
    return item->broken.kind != ERROR_NONE || item->entry.failed;
}

/* The setting if somebody gave it, else twice the interval; 0: none. */
static int64_t
find_limit(const struct config *config, enum config_key limit,
           enum config_key when)
{
    const char *text = config_text(config, when);
    struct schedule schedule;
    struct error none = {0};
    uint64_t ms = 0;

    if (config_is_set(config, limit))
        ms = config_duration_ms(config, limit);
    else if (text != NULL && schedule_read(&schedule, text, &none) == 0)
        ms = 2 * schedule_interval_ms(&schedule);
    return ms > INT64_MAX ? INT64_MAX : (int64_t)ms;
}

static void
write_age(char words[TEXT_WORDS_SIZE], int64_t age_ms)
{
    text_write_duration(words, age_ms > 0 ? (uint64_t)age_ms : 0);
}

/* A server that writes dumps alone, and has changed nothing since this one. */
static bool
is_current(const struct doctor_scene *scene, const struct catalog_entry *entry)
{
    const struct info *info = scene->info;

    return info != NULL && !info->aof_enabled &&
           info->changes_since_save == 0 && info->last_save_time > 0 &&
           (entry->state_time_ms + SAME_SAVE_MS) / SECOND_MS >=
               info->last_save_time;
}

void
doctor_repository_age(const struct doctor_scene *scene,
                      struct doctor_findings *all)
{
    const struct catalog_entry *good;
    char words[TEXT_WORDS_SIZE], most[TEXT_WORDS_SIZE];
    struct doctor_finding *f;
    int64_t limit_ms, age_ms;

    if (scene->catalog == NULL)
        return;
    good = catalog_newest(scene->catalog, true);
    if (good == NULL) {
        f = doctor_add(all, "snapshot_missing", DOCTOR_ERROR, DOCTOR_REPOSITORY,
                       "the repository holds no good snapshot");
        doctor_remedy(f, "redkeep snapshot");
        return;
    }
    limit_ms = find_limit(scene->config, CONFIG_ALARMS_SNAPSHOT_OVERDUE,
                          CONFIG_SCHEDULE_SNAPSHOT);
    age_ms = scene->now_ms - good->state_time_ms;
    if (limit_ms == 0 || age_ms < limit_ms || is_current(scene, good))
        return;
    write_age(words, age_ms);
    write_age(most, limit_ms);
    f = doctor_add(all, "snapshot_overdue", DOCTOR_WARNING, DOCTOR_REPOSITORY,
                   "the newest good snapshot, %s, is %s old, and should be %s "
                   "at most: does redkeepd run?",
                   good->id, words, most);
    doctor_remedy(f, "redkeep snapshot");
}

/* The newest, of those that can be read; the last broken one if it is later. */
void
doctor_repository_newest(const struct doctor_scene *scene,
                         struct doctor_findings *all)
{
    const struct doctor_repository *r = scene->repository;
    const struct catalog_entry *newest;
    struct doctor_finding *f;

    if (r == NULL || scene->catalog == NULL || !r->freeze.frozen ||
        r->freeze.collapsed || r->freeze.newer)
        return;
    newest = catalog_newest(scene->catalog, false);
    f = doctor_add(all, "snapshot_damaged", DOCTOR_ERROR, DOCTOR_REPOSITORY,
                   "the newest snapshot is no good one, and retention is "
                   "frozen until there is: %s",
                   r->freeze.text);
    if (newest != NULL && strcmp(newest->id, r->freeze.id) == 0 &&
        newest->verdict == VERDICT_DAMAGED && scene->host != NULL &&
        scene->host->path != NULL) {
        char *word = text_shell_word(scene->host->path);

        doctor_remedy(f, "redkeep check %s", word);
        free(word);
    } else {
        doctor_remedy(f, "redkeep snapshot --full");
    }
}

void
doctor_repository_frozen(const struct doctor_scene *scene,
                         struct doctor_findings *all)
{
    const struct doctor_repository *r = scene->repository;
    struct doctor_finding *f;

    if (r == NULL || !r->freeze.frozen ||
        (!r->freeze.collapsed && !r->freeze.newer))
        return;
    f = doctor_add(
        all, "retention_frozen",
        r->freeze.collapsed ? DOCTOR_ERROR : DOCTOR_WARNING, DOCTOR_REPOSITORY,
        "retention removes nothing: %s; is that right?", r->freeze.text);
    if (r->freeze.collapsed)
        doctor_remedy(f, "redkeep prune --accept %s", r->freeze.id);
}

/* Those that are not what froze retention. */
void
doctor_repository_broken(const struct doctor_scene *scene,
                         struct doctor_findings *all)
{
    const struct catalog *c = scene->catalog;
    const char *one = NULL;
    size_t count = 0;

    for (size_t i = 0; c != NULL && i < c->count; i++)
        if (is_broken(&c->items[i]) &&
            (scene->repository == NULL ||
             strcmp(c->items[i].id, scene->repository->freeze.id) != 0)) {
            one = c->items[i].id;
            count++;
        }
    if (count == 0)
        return;
    doctor_remedy(
        doctor_add(all, "snapshot_broken", DOCTOR_WARNING, DOCTOR_REPOSITORY,
                   "%zu older snapshot%s (%s%s) not what was stored: the disk "
                   "of the repository may be failing",
                   count, count == 1 ? "" : "s", one,
                   count == 1 ? ") is" : ", ...) are"),
        "redkeep verify --all");
}

void
doctor_repository_unbound(const struct doctor_scene *scene,
                          struct doctor_findings *all)
{
    const struct catalog_entry *newest =
        scene->catalog == NULL ? NULL : catalog_newest(scene->catalog, false);

    if (newest == NULL || newest->bound != CATALOG_UNBOUND)
        return;
    doctor_remedy(
        doctor_add(all, "snapshot_unbound", DOCTOR_WARNING, DOCTOR_REPOSITORY,
                   "nothing proves that the folder of %s is the server's: it "
                   "protects nothing in the figures; root, or the server's "
                   "user, can tell",
                   newest->id),
        "sudo redkeep snapshot");
}

static void
judge_last_drill(const struct doctor_scene *scene, struct doctor_findings *all,
                 int64_t limit_ms)
{
    const struct catalog_drill *drill = &scene->repository->drill;
    int64_t age_ms = scene->now_ms - drill->at_ms;
    char words[TEXT_WORDS_SIZE];

    if (!drill->ok) {
        doctor_remedy(doctor_add(all, "drill_failed", DOCTOR_ERROR,
                                 DOCTOR_REPOSITORY,
                                 "the last drill failed: %s could not be "
                                 "restored and loaded",
                                 drill->id),
                      "redkeep drill %s", drill->id);
        return;
    }
    if (limit_ms == 0 || age_ms < limit_ms)
        return;
    write_age(words, age_ms);
    doctor_remedy(doctor_add(all, "drill_overdue", DOCTOR_WARNING,
                             DOCTOR_REPOSITORY,
                             "the last drill, a restore to prove that it can "
                             "be done, was %s ago",
                             words),
                  "redkeep drill");
}

/* The first good one of those that are still there. */
static const struct catalog_entry *
find_oldest(const struct catalog *c)
{
    for (size_t i = 0; i < c->count; i++)
        if (catalog_is_good(&c->items[i]))
            return &c->items[i].entry;
    return NULL;
}

/* Where snapshots are young, none is overdue. */
void
doctor_repository_drill(const struct doctor_scene *scene,
                        struct doctor_findings *all)
{
    const struct catalog_entry *oldest;
    int64_t limit_ms;

    if (scene->repository == NULL || scene->catalog == NULL)
        return;
    limit_ms = find_limit(scene->config, CONFIG_ALARMS_DRILL_OVERDUE,
                          CONFIG_SCHEDULE_DRILL);
    if (scene->repository->drilled) {
        judge_last_drill(scene, all, limit_ms);
        return;
    }
    oldest = find_oldest(scene->catalog);
    if (limit_ms == 0 || oldest == NULL ||
        scene->now_ms - oldest->finished_ms < limit_ms)
        return;
    doctor_remedy(doctor_add(all, "drill_overdue", DOCTOR_WARNING,
                             DOCTOR_REPOSITORY,
                             "no snapshot was ever restored to prove that it "
                             "can be done"),
                  "redkeep drill");
}

static uint64_t
count_kept(const struct config *c)
{
    static const enum config_key keys[] = {
        CONFIG_RETENTION_LAST,    CONFIG_RETENTION_HOURLY,
        CONFIG_RETENTION_DAILY,   CONFIG_RETENTION_WEEKLY,
        CONFIG_RETENTION_MONTHLY, CONFIG_RETENTION_YEARLY,
    };
    uint64_t count = 0;

    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        count += config_number(c, keys[i]);
    return count;
}

void
doctor_repository_retention(const struct doctor_scene *scene,
                            struct doctor_findings *all)
{
    const struct config *c = scene->config;
    const char *prune = config_text(c, CONFIG_SCHEDULE_PRUNE);
    bool within = config_duration_ms(c, CONFIG_RETENTION_WITHIN) > 0;
    uint64_t kept = count_kept(c);
    struct doctor_finding *f;

    if (prune != NULL && strcmp(prune, "off") == 0) {
        f = doctor_add(all, "prune_off", DOCTOR_WARNING, DOCTOR_REPOSITORY,
                       "[schedule] prune is off: snapshots stay until the "
                       "disk is full");
        doctor_remedy(f, "redkeep prune");
        return;
    }
    if (within || kept > 1)
        return;
    if (kept == 1)
        f = doctor_add(all, "retention_short", DOCTOR_WARNING,
                       DOCTOR_REPOSITORY,
                       "[retention] keeps one snapshot: of data that was "
                       "wrong for longer nothing is left");
    else if (config_size(c, CONFIG_RETENTION_MAX_SIZE) > 0)
        return;
    else
        f = doctor_add(all, "retention_off", DOCTOR_WARNING, DOCTOR_REPOSITORY,
                       "[retention] has no rule: snapshots stay until the "
                       "disk is full");
    doctor_remedy(f, "redkeep prune --retention-hourly 24 --retention-daily 30 "
                     "--retention-monthly 12");
}
