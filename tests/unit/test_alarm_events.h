/*
 * test_alarm_events.h - what befalls the agent of test_alarm_scene.h, and how
 * it passes: each raises or clears one alarm.
 */
#ifndef UNIT_TEST_ALARM_EVENTS_H
#define UNIT_TEST_ALARM_EVENTS_H

#include "test_alarm_scene.h"

static SCENE_UNUSED void
lose_server(void)
{
    server.state = SERVER_CONNECTING;
    server.away_ms = scene.now_ms;
    snprintf(server.last_error, sizeof server.last_error, "Connection refused");
    pass(300);
}

static SCENE_UNUSED void
find_server(void)
{
    server.state = SERVER_CONNECTED;
    server.away_ms = -1;
}

static SCENE_UNUSED void
miss(void)
{
    set("alarms-hit-rate-for", "1m");
    pass(1);
    server.info.keyspace_misses += 69;
    server.info.keyspace_hits += 31;
    pass(59);
}

static SCENE_UNUSED void
fail_often(void)
{
    server.errors[SERVER_ERROR_CONNECT] += 60;
    server.errors[SERVER_ERROR_AUTH] += 40;
}

static SCENE_UNUSED void
reconnect(void)
{
    server.reconnects += 5;
}

static SCENE_UNUSED void
fill_memory(void)
{
    server.info.used_memory = 80000000;
}

static SCENE_UNUSED void
evict(void)
{
    server.info.evicted_keys += 1;
}

static SCENE_UNUSED void
fragment(void)
{
    server.info.used_memory = 64 << 20;
    server.info.fragmentation = 1.5;
}

static SCENE_UNUSED void
defragment(void)
{
    server.info.fragmentation = 1.4;
}

static SCENE_UNUSED void
grow_aof(void)
{
    server.info.aof_current_size = 700000000;
}

static SCENE_UNUSED void
fail_save(void)
{
    server.info.last_bgsave_ok = false;
}

static SCENE_UNUSED void
save(void)
{
    server.info.last_bgsave_ok = true;
}

static SCENE_UNUSED void
fail_rewrite(void)
{
    server.info.last_rewrite_ok = false;
}

static SCENE_UNUSED void
fail_write(void)
{
    server.info.last_write_ok = false;
}

static SCENE_UNUSED void
let_dump_age(void)
{
    server.info.aof_enabled = false;
    server.info.changes_since_save = 12;
    server.info.last_save_time = scene.now_ms / 1000 - 7200;
}

static SCENE_UNUSED void
fill_repository(void)
{
    repository.free_bytes = 9;
}

static SCENE_UNUSED void
miss_snapshots(void)
{
    snapshot.last_ok_ms = scene.now_ms - 7200 * 1000;
    pass(300);
}

static SCENE_UNUSED void
take_snapshot(void)
{
    snapshot.last_ok_ms = scene.now_ms;
    snapshot.last.result = PLAN_OK;
}

static SCENE_UNUSED void
fail_snapshot(void)
{
    snapshot.last.result = PLAN_FAILED;
    snprintf(snapshot.last.text, sizeof snapshot.last.text, "no space");
}

static SCENE_UNUSED void
flush(void)
{
    server.info.keys = 2500;
}

#endif
