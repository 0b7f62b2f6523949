/*
 * test_alarm_scene.h - an agent that is well, as plain views, and a clock that
 * the test turns.
 */
#ifndef UNIT_TEST_ALARM_SCENE_H
#define UNIT_TEST_ALARM_SCENE_H

#include <check.h>
#include <math.h>
#include <string.h>

#include "base/log.h"
#include "daemon/alarm_rules.h"

#define SCENE_UNUSED __attribute__((unused))

#define BEGAN_MS (INT64_C(1700000000) * 1000)

static struct notices *notices;
static struct alarms *all;
static struct config config;
static struct server_view server;
static struct watch_view watch;
static struct repository_view repository;
static struct plan_view snapshot, verify, drill;
static struct queue_watch_view queues;
static struct tally_view counters[2]; /* none unless a test says so */
static struct alarm_scene scene;

static SCENE_UNUSED void
set(const char *option, const char *value)
{
    struct error e = {0};

    ck_assert_msg(config_set_option(&config, option, value, &e) == 0, "%s",
                  e.text);
}

/* Looks once a second for so long. */
static SCENE_UNUSED void
pass(int64_t seconds)
{
    while (seconds-- > 0) {
        scene.now_ms += 1000;
        alarm_judge(all, &scene);
    }
}

static SCENE_UNUSED const struct alarm *
find(const char *name)
{
    size_t count;
    const struct alarm *list = alarm_list(all, &count);

    for (size_t i = 0; i < count; i++)
        if (strcmp(list[i].name, name) == 0)
            return &list[i];
    return NULL;
}

static SCENE_UNUSED bool
is_raised(const char *name)
{
    return find(name)->raised;
}

/* No alarm but this one (NULL: none). */
static SCENE_UNUSED void
expect_only(const char *name)
{
    const struct alarm *list;
    size_t count;

    list = alarm_list(all, &count);
    ck_assert_uint_eq(count, 25);
    for (size_t i = 0; i < count; i++)
        ck_assert_msg(list[i].raised ==
                          (name != NULL && strcmp(list[i].name, name) == 0),
                      "%s is %sraised: %s", list[i].name,
                      list[i].raised ? "" : "not ", list[i].text);
}

/* How many notices there were of an event. */
static SCENE_UNUSED int
told(const char *event)
{
    json_t *history = notice_write(notices), *item;
    size_t i;
    int count = 0;

    json_array_foreach(history, i, item) count +=
        strcmp(json_string_value(json_object_get(item, "event")), event) == 0;
    json_decref(history);
    return count;
}

static void
begin_well(void)
{
    info_read(&server.info,
              "aof_enabled:1\nused_memory:10000000\nmaxmemory:100000000\n"
              "mem_fragmentation_ratio:1.1\naof_base_size:70000000\n"
              "aof_current_size:80000000\nkeyspace_hits:10\n"
              "keyspace_misses:90\nevicted_keys:3\nrole:master\n"
              "maxmemory_policy:allkeys-lru\nrdb_changes_since_last_save:0\n"
              "rdb_last_save_time:1700000000\ndb0:keys=5000,expires=0\n");
    server.state = SERVER_CONNECTED;
    server.connected_ms = server.info_ms = BEGAN_MS;
    server.away_ms = -1;
    server.errors[SERVER_ERROR_TIMEOUT] = 500;
    server.reconnects = 50;
    server.settings =
        (struct info_settings){.dir = "/data", .dbfilename = "dump.rdb"};
    server.settings_known = true;
    watch = (struct watch_view){.data_dir = "/data",
                                .rdb_path = "/data/dump.rdb",
                                .present = true,
                                .free_bytes = 50,
                                .total_bytes = 100};
    repository = (struct repository_view){.known = true,
                                          .ok = true,
                                          .last_good_time_ms = -1,
                                          .free_bytes = 40,
                                          .total_bytes = 100};
    snapshot = (struct plan_view){.name = "snapshot",
                                  .built = true,
                                  .interval_ms = 3600 * 1000,
                                  .runs = 1,
                                  .last_ok_ms = BEGAN_MS};
    verify = (struct plan_view){.name = "verify", .last_ok_ms = -1};
    drill = (struct plan_view){.name = "drill", .last_ok_ms = -1};
    queues = (struct queue_watch_view){.failed = -1};
    scene = (struct alarm_scene){.config = &config,
                                 .server = &server,
                                 .watch = &watch,
                                 .repository = &repository,
                                 .snapshot = &snapshot,
                                 .verify = &verify,
                                 .drill = &drill,
                                 .queues = &queues,
                                 .dump_problem = "",
                                 .counters = counters,
                                 .started_ms = BEGAN_MS,
                                 .now_ms = BEGAN_MS};
}

static SCENE_UNUSED void
begin(void)
{
    log_set_level(LOG_LEVEL_ERROR);
    config_init(&config);
    memset(&server, 0, sizeof server);
    notices = notice_new();
    all = alarm_new(notices);
    begin_well();
    alarm_judge(all, &scene);
}

static SCENE_UNUSED void
end(void)
{
    json_decref(repository.last);
    alarm_free(all);
    notice_free(notices);
    config_clear(&config);
}

#endif
