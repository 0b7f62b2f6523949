#include "jobs/doctor_server.h"

#include "base/text.h"

enum {
    FORK_LONG_US = 100000,
    FORK_TOO_LONG_US = 1000000,
    HOUR_SECONDS = 3600,
    US_A_MS = 1000,
};

void
doctor_server_slow_log(const struct doctor_scene *scene,
                       struct doctor_findings *all)
{
    int64_t count = scene->slow_commands;
    struct doctor_finding *f;

    if (count <= 0)
        return;
    f = doctor_add(all, "slow_commands", DOCTOR_INFO, DOCTOR_SERVER,
                   "the slow log holds %lld command%s: while one runs, all"
                   " other clients wait",
                   (long long)count, count == 1 ? "" : "s");
    doctor_remedy(f, "redis-cli SLOWLOG GET 10");
}

void
doctor_server_fork(const struct doctor_scene *scene,
                   struct doctor_findings *all)
{
    int64_t us = doctor_number(scene, "latest_fork_usec");
    struct doctor_finding *f;
    char words[TEXT_WORDS_SIZE];

    if (us < FORK_LONG_US)
        return;
    text_write_duration(words, (uint64_t)us / US_A_MS);
    f = doctor_add(all, "fork_slow",
                   us >= FORK_TOO_LONG_US ? DOCTOR_WARNING : DOCTOR_INFO,
                   DOCTOR_SERVER,
                   "the last fork, for a save or rewrite, stopped all clients"
                   " for %s: schedule saves for quiet hours, switch transparent"
                   " huge pages off, or spread the data",
                   words);
    doctor_remedy(f, "redis-cli INFO stats");
}

/* Once an hour is what disks do. */
void
doctor_server_fsync(const struct doctor_scene *scene,
                    struct doctor_findings *all)
{
    int64_t count = scene->info->aof_delayed_fsync;
    int64_t hours = scene->info->uptime_seconds / HOUR_SECONDS + 1;
    struct doctor_finding *f;

    if (count <= 0 || scene->info->uptime_seconds < 0)
        return;
    f = doctor_add(all, "fsync_delayed",
                   count > hours ? DOCTOR_WARNING : DOCTOR_INFO, DOCTOR_SERVER,
                   "the disk was so slow that clients had to wait for the AOF"
                   " (aof_delayed_fsync: %lld in %lld h): put the data on a"
                   " faster disk, or what else writes there on another",
                   (long long)count, (long long)hours);
    doctor_remedy(f, "redis-cli INFO persistence");
}
