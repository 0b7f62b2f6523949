/*
 * test_status_state.h - a state in which all is well, as /api/status gives it,
 * and changes to it.
 */
#ifndef UNIT_TEST_STATUS_STATE_H
#define UNIT_TEST_STATUS_STATE_H

#include <check.h>
#include <jansson.h>
#include <stdint.h>

enum { STATE_NOW_S = 1795174200 }; /* its "time" */
#define STATE_NOW_MS ((int64_t)STATE_NOW_S * 1000)

#define STATE_SNAPSHOT                                                  \
    "{\"id\":\"20261120T112000Z\",\"kind\":\"full\",\"parent\":null,"   \
    "\"state_time\":\"2026-11-20T11:20:00Z\",\"bytes_source\":5600000," \
    "\"bytes_stored\":1200000,\"verdict\":\"sound\",\"bound\":true,"    \
    "\"keys\":12345,\"verified\":null,\"held\":false}"

static const char state_good[] =
    "{\"instance\":\"main\",\"version\":\"1.0.0\",\"pid\":4711,"
    "\"time\":\"2026-11-20T11:30:00Z\",\"uptime\":266520.5,"
    "\"config\":{\"file\":\"/etc/redkeep/redkeep.conf\","
    "\"loaded\":\"2026-11-17T11:30:00Z\",\"error\":null},"
    "\"server\":{\"state\":\"connected\",\"product\":\"redis\","
    "\"version\":\"7.0.15\",\"run_id\":\"abc\",\"role\":\"master\","
    "\"loading\":false,\"data_dir\":\"/var/lib/redis\",\"appendonly\":true,"
    "\"keys\":12345,\"used_memory\":2621440,\"maxmemory\":1073741824,"
    "\"maxmemory_policy\":\"noeviction\","
    "\"last_save\":\"2026-11-20T11:27:00Z\",\"last_save_ok\":true,"
    "\"changes_since_save\":17,\"aof_last_write_ok\":true,"
    "\"aof_last_rewrite_ok\":true},"
    "\"protected_until\":\"2026-11-20T11:20:00Z\",\"restore_window\":null,"
    "\"gaps\":0,\"last_snapshot\":" STATE_SNAPSHOT ","
    "\"last_good_snapshot\":" STATE_SNAPSHOT ",\"last_drill\":null,"
    "\"jobs\":[{\"name\":\"snapshot\",\"schedule\":\"every 1h\","
    "\"state\":\"idle\",\"pid\":null,\"next\":\"2026-11-20T12:20:00Z\","
    "\"runs\":77,\"failures\":0,\"last\":{"
    "\"started\":\"2026-11-20T11:20:00Z\","
    "\"finished\":\"2026-11-20T11:20:00Z\",\"result\":\"ok\","
    "\"exit_status\":0,\"signal\":null,\"text\":\"\"}},"
    "{\"name\":\"drill\",\"schedule\":\"every 7d\",\"state\":\"off\","
    "\"pid\":null,\"next\":null,\"runs\":0,\"failures\":0,\"last\":null},"
    "{\"name\":\"verify\",\"schedule\":\"every 1d\",\"state\":\"running\","
    "\"pid\":4999,\"next\":null,\"runs\":0,\"failures\":0,\"last\":null},"
    "{\"name\":\"prune\",\"schedule\":\"after snapshot\",\"state\":\"idle\","
    "\"pid\":null,\"next\":null,\"runs\":0,\"failures\":0,\"last\":null},"
    "{\"name\":\"follow\",\"schedule\":null,\"state\":\"off\",\"pid\":null,"
    "\"next\":null,\"runs\":0,\"failures\":0,\"last\":null}],"
    "\"watch\":null,\"repository\":{\"path\":\"/var/lib/redkeep\","
    "\"writable\":true,\"snapshots\":12,\"bytes\":47185920,"
    "\"free_bytes\":73014444032},\"archive\":{\"follow\":true,"
    "\"status\":\"off\",\"lag_bytes\":null,\"lag_seconds\":null,"
    "\"file\":null,\"offset\":null},\"retention\":null,\"alarms\":[]}";

/* The good state, with what change (an object) names put over it. */
static json_t *
state_with(const char *change)
{
    json_t *state = json_loads(state_good, 0, NULL);
    json_t *over = json_loads(change, 0, NULL);

    ck_assert_ptr_nonnull(state);
    ck_assert_msg(over != NULL, "no JSON: %s", change);
    ck_assert_int_eq(json_object_update_recursive(state, over), 0);
    json_decref(over);
    return state;
}

#endif
