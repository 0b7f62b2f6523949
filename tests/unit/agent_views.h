/*
 * agent_views.h - an agent whose parts know what a test says: the functions
 * that the answers ask are here instead of the parts. Times are given in ms
 * after VIEWS_NOW.
 */
#ifndef UNIT_AGENT_VIEWS_H
#define UNIT_AGENT_VIEWS_H

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "daemon/agent.h"

/* 2026-11-20T11:30:00Z */
#define VIEWS_NOW INT64_C(1795174200000)

static struct config config;
static struct agent agent;
static struct {
    struct server_view server;
    struct repository_view repository;
    struct plan_view jobs[PLAN_JOBS];
    struct watch_view watch;
    struct alarm alarms[2];
    struct dependency_view dependencies[2];
    size_t dependency_count;
    struct queue_watch_view queues;
    struct tally_view counters[2];
    struct tally_sample samples[2];
    size_t counter_sets;
    bool samples_later; /* who asks for them waits for views_answer */
    tally_done *done;
    void *asked_by; /* of those who wait, the last */
    unsigned asked, forgotten;
} views;

const struct server_view *
server_view(const struct server *s)
{
    (void)s;
    return &views.server;
}

const char *
server_state_name(enum server_state state)
{
    static const char *const names[] = {"disconnected", "connecting",
                                        "connected", "failed"};

    return names[state];
}

const char *
server_error_name(enum server_error kind)
{
    static const char *const names[] = {"connect", "auth", "timeout",
                                        "protocol", "reply"};

    return names[kind];
}

const struct repository_view *
repository_view(const struct repository *r)
{
    (void)r;
    return &views.repository;
}

const struct plan_view *
plan_view(const struct plan *p, enum plan_job job)
{
    (void)p;
    return &views.jobs[job];
}

const char *
plan_state_name(enum plan_state state)
{
    static const char *const names[] = {"idle", "running", "waiting", "off"};

    return names[state];
}

const char *
plan_result_name(enum plan_result result)
{
    static const char *const names[] = {"ok", "failed", "refused", "locked",
                                        "skipped"};

    return names[result];
}

const struct watch_view *
watch_view(const struct watch *w)
{
    (void)w;
    return &views.watch;
}

const struct alarm *
alarm_list(const struct alarms *all, size_t *count)
{
    (void)all;
    *count = 2;
    return views.alarms;
}

size_t
dependency_count(const struct dependencies *all)
{
    (void)all;
    return views.dependency_count;
}

const struct dependency_view *
dependency_view(const struct dependencies *all, size_t i)
{
    (void)all;
    return &views.dependencies[i];
}

const struct queue_watch_view *
queue_watch_view(struct queue_watch *w)
{
    (void)w;
    return &views.queues;
}

const struct tally_view *
tally_view(const struct tally *t, size_t *count)
{
    (void)t;
    *count = views.counter_sets;
    return views.counters;
}

double
tally_status(const struct tally *t)
{
    (void)t;
    return views.counter_sets == 0 ? NAN : views.samples[0].consistent;
}

struct tally_sample
tally_sample(const struct tally *t, size_t i)
{
    (void)t;
    return views.samples[i];
}

static __attribute__((unused)) void
views_answer(void)
{
    views.done(views.asked_by);
}

void
tally_ask(struct tally *t, tally_done *done, void *context)
{
    (void)t;
    views.asked++;
    views.done = done;
    views.asked_by = context;
    if (!views.samples_later)
        views_answer();
}

void
tally_forget(struct tally *t, const void *context)
{
    (void)t;
    (void)context;
    views.forgotten++;
}

static void
views_begin_jobs(void)
{
    static const char *const names[] = {"snapshot", "bgsave", "bgrewriteaof",
                                        "drill",    "verify", "prune",
                                        "follow"};

    for (int i = 0; i < PLAN_JOBS; i++)
        views.jobs[i] = (struct plan_view){
            .name = names[i],
            .schedule = "off",
            .state = PLAN_OFF,
            .next_ms = -1,
            .last_ok_ms = -1,
            .running_ms = -1,
        };
}

/* Connected for 90 s, a good repository, nothing ran yet. */
static void
views_begin(void)
{
    static char url[] = "redis://:***@127.0.0.1:6379";
    struct error e;

    memset(&views, 0, sizeof views);
    memset(&agent, 0, sizeof agent);
    config_init(&config);
    config_set_option(&config, "repo", "/srv/keep", &e);
    agent.config = &config;
    agent.started_ms = VIEWS_NOW - 123450;
    agent.started_steady_ms = clock_steady_ms() - 123450;
    agent.config_loaded_ms = agent.started_ms;
    views.server = (struct server_view){
        .state = SERVER_CONNECTED,
        .ever_connected = true,
        .attempts = 1,
        .connected_ms = VIEWS_NOW - 90500,
        .away_ms = -1,
        .next_ms = -1,
        .response_us = 213,
        .url = url,
        .info_ms = VIEWS_NOW - 400,
    };
    info_read(&views.server.info,
              "redis_version:7.0.15\r\nrun_id:abc\r\nrole:master\r\n"
              "loading:0\r\naof_enabled:1\r\nrdb_changes_since_last_save:3\r\n"
              "rdb_last_save_time:1795174000\r\nrdb_last_bgsave_status:ok\r\n"
              "aof_last_bgrewrite_status:ok\r\naof_last_write_status:err\r\n"
              "aof_current_size:4096\r\naof_delayed_fsync:2\r\n"
              "keyspace_hits:1523\r\nkeyspace_misses:342\r\n"
              "evicted_keys:7\r\nused_memory:2621440\r\n"
              "used_memory_human:2.50M\r\nmaxmemory:0\r\n"
              "maxmemory_policy:noeviction\r\n"
              "mem_fragmentation_ratio:1.25\r\nconnected_clients:4\r\n"
              "db0:keys=11,expires=2,avg_ttl=0\r\n");
    views.repository = (struct repository_view){
        .known = true,
        .ok = true,
        .writable = true,
        .snapshots = 12,
        .sound = 11,
        .damaged = 1,
        .used_bytes = 5000,
        .free_bytes = 73014444032,
        .total_bytes = 100000000000,
        .last_good_time_ms = VIEWS_NOW - 60000,
        .protected_ms = VIEWS_NOW - 60000,
    };
    views.watch = (struct watch_view){.rdb_size = -1,
                                      .rdb_modified_ms = -1,
                                      .rdb_seen_ms = -1,
                                      .aof_size = -1,
                                      .aof_modified_ms = -1,
                                      .aof_seen_ms = -1};
    views.alarms[0] =
        (struct alarm){.name = "server_away", .value = NAN, .threshold = NAN};
    views.alarms[1] =
        (struct alarm){.name = "memory", .value = NAN, .threshold = NAN};
    views_begin_jobs();
}

static __attribute__((unused)) void
views_end(void)
{
    json_decref(views.repository.list);
    for (int i = 0; i < PLAN_JOBS; i++)
        json_decref(views.jobs[i].report);
    for (int i = 0; i < 2; i++) {
        json_decref(views.samples[i].items);
        json_decref(views.samples[i].warnings);
    }
    config_clear(&config);
}

#endif
