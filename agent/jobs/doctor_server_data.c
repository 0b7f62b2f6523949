#include "jobs/doctor_server.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "jobs/doctor_host.h"

#define SAVE_USUAL "3600 1 300 100 60 10000" /* preset since 7.0 */

enum {
    SAVE_RARE_SECONDS = 3600,
    REWRITE_PERCENT_MAX = 1000,
    REWRITE_SIZE_USUAL = 64 << 20,
    REWRITE_SIZE_MIN = 1 << 20,
    REWRITE_SIZE_MAX = 1 << 30,
};

static const char cache[] = "it looks like a cache alone";

/* CONFIG may be denied where INFO is not. */
static bool
is_off(const struct doctor_scene *scene)
{
    const char *told = doctor_setting(scene, "appendonly");

    if (told != NULL)
        return strcmp(told, "no") == 0;
    return doctor_number(scene, "aof_enabled") == 0;
}

/* A first AOF that fills the disk takes everybody's writes with it. */
void
doctor_server_set_aof(struct doctor_finding *f,
                      const struct doctor_scene *scene)
{
    const struct doctor_host *h = scene->host;

    doctor_server_set(f, scene, "appendonly", "yes");
    if (h != NULL && h->disk_free >= 0 && h->disk_free / 2 < h->data_bytes)
        doctor_server_not_now(f, "there is too little room for it");
}

void
doctor_server_appendonly(const struct doctor_scene *scene,
                         struct doctor_findings *all)
{
    struct doctor_finding *f;

    if (!is_off(scene))
        return;
    f = doctor_add(all, "appendonly_off",
                   doctor_server_is_cache(scene) ? DOCTOR_INFO : DOCTOR_ERROR,
                   DOCTOR_SERVER,
                   "appendonly is no: a crash loses all that was written since"
                   " the last dump%s; with appendfsync everysec it is two"
                   " seconds at most",
                   doctor_server_is(scene, "save", "")
                       ? ", and there are no save points, so perhaps"
                         " everything"
                       : "");
    doctor_server_set_aof(f, scene);
    doctor_about(f, "appendonly", "no", "yes");
    if (doctor_server_is_cache(scene))
        doctor_server_not_now(f, cache);
}

/* "3600 1 300 100": the seconds after which one change alone is saved; of those
 * that want more, the fewest changes count. */
static long
read_slowest(const char *save)
{
    long fewest = LONG_MAX, slowest = 0;

    while (*save != '\0') {
        char *end;
        long seconds = strtol(save, &end, 10), changes = strtol(end, &end, 10);

        if (end == save)
            break;
        if (changes < fewest) {
            fewest = changes;
            slowest = seconds;
        }
        save = end + strspn(end, " ");
    }
    return slowest;
}

void
doctor_server_save(const struct doctor_scene *scene,
                   struct doctor_findings *all)
{
    const char *save = doctor_setting(scene, "save");
    struct doctor_finding *f;
    char words[TEXT_WORDS_SIZE];

    if (save == NULL)
        return;
    if (*save == '\0') {
        f = doctor_add(all, "save_off",
                       doctor_server_is_cache(scene) ? DOCTOR_INFO
                                                     : DOCTOR_WARNING,
                       DOCTOR_SERVER,
                       "there are no save points: the server writes no dump.rdb"
                       " by itself, neither beside an AOF, as what is left when"
                       " that is damaged, nor when it is stopped");
    } else if (read_slowest(save) > SAVE_RARE_SECONDS) {
        text_write_duration(words, (uint64_t)read_slowest(save) * 1000);
        f = doctor_add(all, "save_rare", DOCTOR_WARNING, DOCTOR_SERVER,
                       "few changes are saved only after %s: so old may a dump"
                       " be when it is needed",
                       words);
    } else {
        return;
    }
    doctor_server_set(f, scene, "save", SAVE_USUAL);
    if (doctor_server_is_cache(scene))
        doctor_server_not_now(f, cache);
    else if (!scene->info->last_bgsave_ok)
        doctor_server_not_now(f, "the last save failed, and with save points"
                                 " the server would refuse all writes");
}

static void
judge_percentage(const struct doctor_scene *scene, struct doctor_findings *all)
{
    int64_t percent =
        doctor_server_number(scene, "auto-aof-rewrite-percentage");
    struct doctor_finding *f;

    if (percent < 0 || (percent > 0 && percent <= REWRITE_PERCENT_MAX))
        return;
    f = percent == 0
            ? doctor_add(all, "rewrite_off", DOCTOR_WARNING, DOCTOR_SERVER,
                         "auto-aof-rewrite-percentage is 0: the AOF is never"
                         " rewritten by itself and grows until the disk is"
                         " full; a restart takes ever longer")
            : doctor_add(all, "rewrite_rare", DOCTOR_WARNING, DOCTOR_SERVER,
                         "auto-aof-rewrite-percentage is %lld: the AOF grows to"
                         " %lld times what it was before it is rewritten",
                         (long long)percent, (long long)percent / 100 + 1);
    doctor_server_set(f, scene, "auto-aof-rewrite-percentage", "100");
}

void
doctor_server_rewrite(const struct doctor_scene *scene,
                      struct doctor_findings *all)
{
    int64_t size = doctor_server_number(scene, "auto-aof-rewrite-min-size");
    char words[TEXT_WORDS_SIZE], *wanted;
    struct doctor_finding *f;

    judge_percentage(scene, all);
    if (size < 0 || (size >= REWRITE_SIZE_MIN && size <= REWRITE_SIZE_MAX))
        return;
    text_write_size(words, (uint64_t)size);
    f = doctor_add(all, "rewrite_min_size", DOCTOR_WARNING, DOCTOR_SERVER,
                   size < REWRITE_SIZE_MIN
                       ? "auto-aof-rewrite-min-size is %s: a small AOF is"
                         " rewritten again and again, each time by a fork"
                       : "auto-aof-rewrite-min-size is %s: below that the AOF"
                         " is not rewritten, however little of it still counts",
                   words);
    wanted = text_format("%d", REWRITE_SIZE_USUAL);
    doctor_server_set(f, scene, "auto-aof-rewrite-min-size", wanted);
    free(wanted);
}

/* Since 7.0: what SIGTERM and SIGINT do. */
void
doctor_server_shutdown(const struct doctor_scene *scene,
                       struct doctor_findings *all)
{
    static const char *const names[] = {"shutdown-on-sigterm",
                                        "shutdown-on-sigint"};

    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const char *told = doctor_setting(scene, names[i]);
        struct doctor_finding *f;

        if (told == NULL ||
            (strstr(told, "nosave") == NULL && strstr(told, "force") == NULL))
            continue;
        f = doctor_add(all, "shutdown_unsaved", DOCTOR_WARNING, DOCTOR_SERVER,
                       "%s is '%s': a server that is stopped goes without"
                       " saving, or although saving failed",
                       names[i], told);
        doctor_server_set(f, scene, names[i], "default");
    }
}

static void
tell_failed(struct doctor_findings *all, const char *code, const char *what,
            const char *means, const char *command)
{
    struct doctor_finding *f;

    f = doctor_add(all, code, DOCTOR_ERROR, DOCTOR_SERVER,
                   "the server's last %s failed: %s; its log tells why (space,"
                   " rights of its dir, memory for the fork)",
                   what, means);
    doctor_remedy(f, "redis-cli %s", command);
}

void
doctor_server_status(const struct doctor_scene *scene,
                     struct doctor_findings *all)
{
    const struct info *i = scene->info;

    if (!i->last_bgsave_ok)
        tell_failed(all, "save_failed", "save",
                    "what is on disk is as old as the one before, and with"
                    " stop-writes-on-bgsave-error it refuses writes (MISCONF)",
                    "BGSAVE");
    if (!i->last_rewrite_ok)
        tell_failed(all, "rewrite_failed", "rewrite of the AOF",
                    "the AOF grows on, and one that was just switched on holds"
                    " nothing yet",
                    "BGREWRITEAOF");
    if (!i->last_write_ok)
        tell_failed(all, "aof_write_failed", "write to the AOF",
                    "what clients wrote since is in memory alone, and writes"
                    " are refused (MISCONF)",
                    "INFO persistence");
}

/* Of a unit it is known what stands on the command line: mostly no settings. */
static void
compare(const struct doctor_scene *scene, struct doctor_findings *all,
        const char *setting, const char *in_file)
{
    const char *now = doctor_setting(scene, setting);
    bool of_unit = scene->host != NULL && scene->host->unit != NULL;
    struct doctor_finding *f;

    if (now == NULL || in_file == NULL || strcmp(now, in_file) == 0)
        return;
    f = doctor_add(all, "unlike_file", of_unit ? DOCTOR_ERROR : DOCTOR_INFO,
                   DOCTOR_SERVER,
                   "%s is '%s' and '%s' in the server's file: unless its"
                   " command line says otherwise, the next start is with that,"
                   " and on other data",
                   setting, now, in_file);
    doctor_about(f, setting, in_file, now);
    doctor_remedy(f, "redis-cli CONFIG REWRITE");
}

/* Who pastes CONFIG REWRITE before the AOF holds all starts empty after it. */
static void
compare_appendonly(const struct doctor_scene *scene,
                   struct doctor_findings *all)
{
    const struct info *i = scene->info;
    size_t before = all->count;

    compare(scene, all, "appendonly",
            scene->conf->appendonly == 1 ? "yes" : "no");
    if (all->count == before || scene->conf->appendonly == 1 ||
        (!i->rewrite_in_progress && !i->rewrite_scheduled &&
         i->last_rewrite_ok))
        return;
    doctor_server_not_now(&all->items[before],
                          "until a rewrite has ended well, a start with"
                          " the AOF would be empty");
    doctor_remedy(&all->items[before], "redkeep persist status");
}

/*
 * What is set at run time alone is gone at the next start: a server that then
 * starts without its AOF loads an old dump, and saves over it.
 */
void
doctor_server_unwritten(const struct doctor_scene *scene,
                        struct doctor_findings *all)
{
    const struct conf *file = scene->conf;

    if (scene->settings != NULL && scene->info_text != NULL &&
        scene->info->config_file[0] == '\0')
        doctor_add(all, "no_config_file", DOCTOR_INFO, DOCTOR_SERVER,
                   "the server was started without a configuration file: what"
                   " is set at run time lasts until it restarts; put it on its"
                   " command line");
    if (file == NULL)
        return;
    compare_appendonly(scene, all);
    compare(scene, all, "dbfilename", file->dbfilename);
    /* One that is relative is so to where the server was started. */
    if (file->dir != NULL && file->dir[0] == '/')
        compare(scene, all, "dir", file->dir);
}
