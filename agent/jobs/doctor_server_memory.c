#include "jobs/doctor_server.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

enum {
    MIB = 1 << 20,
    /* Below that, what the program itself takes is most of it. */
    FRAGMENTED_BYTES_MIN = 64 * MIB,
    BIG_KEY_BYTES = MIB,
    HUNDRED = 100,
    THOUSAND = 1000,
    FULL_PERCENT = 95,
};

static int64_t
find_limit(const struct doctor_scene *scene)
{
    int64_t told = doctor_server_number(scene, "maxmemory");

    return told >= 0 ? told : scene->info->maxmemory;
}

static const char *
find_policy(const struct doctor_scene *scene)
{
    const char *told = doctor_setting(scene, "maxmemory-policy");

    return told != NULL ? told : scene->info->maxmemory_policy;
}

/* In whole MiB. */
int64_t
doctor_server_limit(const struct doctor_scene *scene)
{
    int64_t limit = scene->memory_bytes / 4 * 3;
    int64_t least = scene->info->used_memory;

    if (scene->memory_bytes <= 0 || least < 0 || least > INT64_MAX / 2)
        return -1;
    least += least / 2;
    limit -= limit % MIB;
    if (limit < least)
        limit = (least + MIB - 1) / MIB * MIB;
    return limit;
}

void
doctor_server_maxmemory(const struct doctor_scene *scene,
                        struct doctor_findings *all)
{
    int64_t wanted = doctor_server_limit(scene);
    struct doctor_finding *f;
    char *text;

    if (find_limit(scene) != 0)
        return;
    f = doctor_add(all, "maxmemory_off", DOCTOR_WARNING, DOCTOR_SERVER,
                   "maxmemory is 0, no limit: a server that grows is ended by"
                   " the kernel, with all that is not on disk yet, instead of"
                   " refusing writes");
    if (wanted < 0) {
        doctor_about(f, "maxmemory", "0", NULL);
        doctor_remedy(f, "redis-cli CONFIG SET maxmemory BYTES");
        return;
    }
    text = text_format("%lld", (long long)wanted);
    doctor_server_set(f, scene, "maxmemory", text);
    doctor_about(f, "maxmemory", "0", text);
    free(text);
}

static double
find_used_percent(const struct doctor_scene *scene)
{
    int64_t limit = find_limit(scene), used = scene->info->used_memory;

    return limit > 0 && used >= 0 ? (double)used * HUNDRED / (double)limit : 0;
}

void
doctor_server_policy(const struct doctor_scene *scene,
                     struct doctor_findings *all)
{
    const char *policy = find_policy(scene);
    struct doctor_finding *f;

    if (policy[0] == '\0' || strcmp(policy, "noeviction") == 0)
        return;
    if (scene->jobs_found) {
        f = doctor_add(all, "policy_evicts_jobs", DOCTOR_ERROR, DOCTOR_SERVER,
                       "maxmemory-policy is %s and there are job queues in this"
                       " server (%s): when its memory is full, jobs vanish and"
                       " nobody is told",
                       policy, scene->jobs != NULL ? scene->jobs : "some");
        doctor_server_set(f, scene, "maxmemory-policy", "noeviction");
        if (find_used_percent(scene) >= FULL_PERCENT)
            doctor_server_not_now(f, "its memory is full, and it would refuse"
                                     " writes; raise maxmemory before");
    } else {
        f = doctor_add(all, "policy_evicts", DOCTOR_INFO, DOCTOR_SERVER,
                       "maxmemory-policy is %s: keys vanish when the memory is"
                       " full; that is right for a cache alone",
                       policy);
        doctor_remedy(f, "redis-cli CONFIG SET maxmemory-policy noeviction");
    }
    doctor_about(f, "maxmemory-policy", policy, "noeviction");
}

void
doctor_server_headroom(const struct doctor_scene *scene,
                       struct doctor_findings *all)
{
    uint64_t alarm = config_number(scene->config, CONFIG_ALARMS_MEMORY);
    double percent = find_used_percent(scene);
    struct doctor_finding *f;
    char *text;

    if (alarm == 0 || percent < (double)alarm)
        return;
    f = doctor_add(all, "memory_full",
                   percent >= FULL_PERCENT ? DOCTOR_ERROR : DOCTOR_WARNING,
                   DOCTOR_SERVER,
                   "%.0f %% of maxmemory is used: what comes when it is full is"
                   " %s",
                   percent,
                   strcmp(find_policy(scene), "noeviction") == 0
                       ? "that writes are refused"
                       : "that keys vanish");
    text = text_format("%lld", (long long)find_limit(scene));
    doctor_about(f, "maxmemory", text, NULL);
    doctor_remedy(f, "redkeep memory");
    free(text);
}

void
doctor_server_evicted(const struct doctor_scene *scene,
                      struct doctor_findings *all)
{
    int64_t count = scene->info->evicted_keys;
    struct doctor_finding *f;

    if (count <= 0)
        return;
    f = doctor_add(all, "keys_evicted",
                   scene->jobs_found ? DOCTOR_ERROR : DOCTOR_WARNING,
                   DOCTOR_SERVER,
                   "%lld key%s vanished for want of memory since the server"
                   " started%s",
                   (long long)count, count == 1 ? " has" : "s have",
                   scene->jobs_found ? ", and jobs may be among them" : "");
    doctor_remedy(f, "redkeep memory");
}

void
doctor_server_refused(const struct doctor_scene *scene,
                      struct doctor_findings *all)
{
    int64_t count = scene->info->oom_errors;
    struct doctor_finding *f;

    if (count <= 0)
        return;
    f = doctor_add(all, "oom_errors", DOCTOR_WARNING, DOCTOR_SERVER,
                   "%lld command%s been refused for want of memory (OOM) since"
                   " the server started",
                   (long long)count, count == 1 ? " has" : "s have");
    doctor_remedy(f, "redkeep memory");
}

void
doctor_server_fragmented(const struct doctor_scene *scene,
                         struct doctor_findings *all)
{
    double alarm =
        (double)config_number(scene->config, CONFIG_ALARMS_FRAGMENTATION) /
        THOUSAND;
    double ratio = scene->info->fragmentation;
    struct doctor_finding *f;

    if (isnan(ratio) || scene->info->used_memory < FRAGMENTED_BYTES_MIN ||
        alarm <= 0)
        return;
    if (ratio < 1) {
        if (ratio >= 0.9)
            return;
        f = doctor_add(all, "memory_swapped", DOCTOR_WARNING, DOCTOR_SERVER,
                       "only %.0f %% of the server's memory is in memory, the"
                       " rest is swapped out: every touch of it takes"
                       " milliseconds",
                       ratio * HUNDRED);
        doctor_remedy(f, "redkeep memory");
        return;
    }
    if (ratio < alarm)
        return;
    f = doctor_add(all, "memory_fragmented", DOCTOR_WARNING, DOCTOR_SERVER,
                   "memory is fragmented: the server holds %.1f times what its"
                   " data takes",
                   ratio);
    if (doctor_server_is(scene, "activedefrag", "no"))
        doctor_server_set(f, scene, "activedefrag", "yes");
    else
        doctor_remedy(f, "redis-cli MEMORY PURGE");
}

void
doctor_server_big_keys(const struct doctor_scene *scene,
                       struct doctor_findings *all)
{
    int64_t keys = scene->info->keys, used = scene->info->used_memory;
    char words[TEXT_WORDS_SIZE];
    struct doctor_finding *f;

    if (keys <= 0 || used <= FRAGMENTED_BYTES_MIN ||
        used / keys < BIG_KEY_BYTES)
        return;
    text_write_size(words, (uint64_t)(used / keys));
    f = doctor_add(all, "big_keys", DOCTOR_INFO, DOCTOR_SERVER,
                   "a key takes %s on average: a command on a big one stalls"
                   " all other clients; the biggest are told by redkeep memory",
                   words);
    doctor_remedy(f, "redkeep memory");
}
