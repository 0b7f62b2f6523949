#include "daemon/alarm.h"

#include "test_alarm_scene.h"

START_TEST(has_every_name_of_the_contract)
{
    static const char *const names[] = {
        "server_away",       "server_restarted",
        "hit_rate",          "errors",
        "reconnects",        "memory",
        "evictions",         "fragmentation",
        "aof_grown",         "save_failed",
        "rewrite_failed",    "aof_write_error",
        "dump_stale",        "disk_low",
        "log_behind",        "log_gap",
        "snapshot_overdue",  "snapshot_failed",
        "drill_overdue",     "drill_failed",
        "dataset_collapsed", "directory_unproven",
        "queue_failed",      "server_config_changed",
        "counters",
    };

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        ck_assert_msg(find(names[i]) != NULL, "%s", names[i]);
    ck_assert_ptr_null(find("other"));
}
END_TEST

START_TEST(tells_what_is_raised_and_since_when)
{
    json_t *history;
    const json_t *item;

    server.info.used_memory = 90000000;
    pass(10);
    server.info.used_memory = 10000000;
    pass(65);
    history = notice_write(notices);
    ck_assert_uint_eq(json_array_size(history), 2);
    item = json_array_get(history, 0);
    ck_assert_str_eq(json_string_value(json_object_get(item, "event")),
                     "alarm_raised");
    ck_assert_str_eq(json_string_value(json_object_get(item, "alarm")),
                     "memory");
    ck_assert_str_eq(json_string_value(json_object_get(item, "since")),
                     "2023-11-14T22:13:21Z");
    ck_assert_double_eq(json_number_value(json_object_get(item, "value")), 90);
    ck_assert_double_eq(json_number_value(json_object_get(item, "threshold")),
                        80);
    ck_assert_str_eq(json_string_value(json_object_get(item, "text")),
                     "alarm memory: the server uses 86 MiB of its maxmemory of "
                     "95 MiB (90.0%)");
    item = json_array_get(history, 1);
    ck_assert_str_eq(json_string_value(json_object_get(item, "event")),
                     "alarm_cleared");
    ck_assert_str_eq(json_string_value(json_object_get(item, "text")),
                     "alarm memory cleared after 10 s");
    json_decref(history);
}
END_TEST

START_TEST(says_null_where_there_is_no_number)
{
    json_t *list;

    server.info.last_write_ok = false;
    pass(1);
    list = alarm_write(all);
    ck_assert_uint_eq(json_array_size(list), 1);
    ck_assert(json_is_null(json_object_get(json_array_get(list, 0), "value")));
    ck_assert(
        json_is_null(json_object_get(json_array_get(list, 0), "threshold")));
    json_decref(list);
}
END_TEST

/* The agent ends and comes again, having kept its state. */
static void
begin_again(void)
{
    json_t *saved = alarm_write(all);

    alarm_free(all);
    notice_free(notices);
    notices = notice_new();
    all = alarm_new(notices);
    scene.started_ms = scene.now_ms;
    alarm_read(all, saved);
    json_decref(saved);
}

START_TEST(does_not_raise_again_after_a_restart)
{
    int64_t since_ms;

    server.info.last_bgsave_ok = false;
    server.errors[0] += 100;
    server.info.evicted_keys += 1;
    server.restarts = 1;
    server.restarted_ms = scene.now_ms;
    server.settings.dir = "/other";
    repository.free_bytes = 1;
    server.info.keys = 1;
    pass(10);
    ck_assert_int_eq(told("alarm_raised"), 7);
    since_ms = find("errors")->since_ms;
    /* Ours begin at nothing, and all is still to be told. */
    server.state = SERVER_CONNECTING;
    server.away_ms = scene.now_ms;
    server.errors[0] = server.restarts = 0;
    server.settings_known = false;
    server.info_ms = -1;
    repository.known = false;
    repository.free_bytes = repository.total_bytes = -1;
    watch.data_dir = NULL;
    watch.free_bytes = watch.total_bytes = -1;
    begin_again();
    pass(3);
    begin_well();
    server.errors[0] = server.reconnects = 0;
    server.info.last_bgsave_ok = false;
    server.info.keys = 1;
    repository.free_bytes = 1;
    scene.started_ms = BEGAN_MS + 10000;
    scene.now_ms = BEGAN_MS + 13000;
    pass(10);
    ck_assert_int_eq(told("alarm_raised"), 0);
    ck_assert_int_eq(told("alarm_cleared"), 0);
    ck_assert(is_raised("errors") && is_raised("dataset_collapsed"));
    ck_assert_int_eq(find("errors")->since_ms, since_ms);
    /* Moments pass, and what was counted is counted anew. */
    server.info.last_bgsave_ok = true;
    repository.free_bytes = 50;
    pass(320);
    expect_only(NULL);
    ck_assert_int_eq(told("alarm_cleared"), 7);
}
END_TEST

START_TEST(reads_only_what_it_knows)
{
    json_t *saved = json_loads(
        "[1, null, {}, {\"name\": \"memory\"},"
        " {\"name\": \"errors\", \"since\": 7, \"text\": \"x\"},"
        " {\"name\": \"evictions\", \"since\": \"yesterday\", \"text\": \"x\"},"
        " {\"name\": \"nonsense\", \"since\": \"2023-11-14T22:00:00Z\","
        "  \"text\": \"x\"},"
        " {\"name\": \"save_failed\", \"since\": \"2023-11-14T22:00:00Z\","
        "  \"text\": \"why\", \"value\": \"7\", \"threshold\": 3}]",
        0, NULL);

    ck_assert_ptr_nonnull(saved);
    alarm_read(all, saved);
    json_decref(saved);
    expect_only("save_failed");
    ck_assert_str_eq(find("save_failed")->text, "why");
    ck_assert(isnan(find("save_failed")->value));
    ck_assert_double_eq(find("save_failed")->threshold, 3);
    alarm_read(all, NULL);
    expect_only("save_failed");
}
END_TEST

START_TEST(shows_odd_bytes_as_text)
{
    const char *text;

    server.settings.dir = "/\xff\n\"";
    pass(1);
    text = find("server_config_changed")->text;
    ck_assert_str_eq(text, "dir was changed from /data to /\\xff\\x0a\"");
}
END_TEST

START_TEST(outlives_a_clock_that_goes_back)
{
    server.info.evicted_keys += 1;
    server.restarts = 1;
    server.restarted_ms = scene.now_ms;
    pass(1);
    ck_assert(is_raised("evictions") && is_raised("server_restarted"));
    scene.now_ms -= INT64_C(86400) * 1000;
    pass(320);
    expect_only(NULL);
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("alarm");
    TCase *t = tcase_create("alarm");
    SRunner *runner = srunner_create(s);
    int failed;

    tcase_add_checked_fixture(t, begin, end);
    tcase_add_test(t, has_every_name_of_the_contract);
    tcase_add_test(t, tells_what_is_raised_and_since_when);
    tcase_add_test(t, says_null_where_there_is_no_number);
    tcase_add_test(t, does_not_raise_again_after_a_restart);
    tcase_add_test(t, reads_only_what_it_knows);
    tcase_add_test(t, shows_odd_bytes_as_text);
    tcase_add_test(t, outlives_a_clock_that_goes_back);
    suite_add_tcase(s, t);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed > 0;
}
