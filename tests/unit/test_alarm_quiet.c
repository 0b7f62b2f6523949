#include "test_alarm_events.h"

/* Where the server is away, nobody knows; it neither raises nor clears. */
START_TEST(knows_nothing_of_a_server_that_is_away)
{
    server.state = SERVER_DISCONNECTED;
    server.away_ms = scene.now_ms;
    fill_memory();
    fragment();
    grow_aof();
    fail_save();
    fail_rewrite();
    fail_write();
    let_dump_age();
    flush();
    evict();
    pass(60);
    expect_only(NULL);
    find_server();
    pass(1);
    ck_assert_int_eq(told("alarm_raised"), 7);
    server.state = SERVER_DISCONNECTED;
    server.away_ms = scene.now_ms;
    defragment();
    save();
    pass(60);
    ck_assert(is_raised("fragmentation") && is_raised("save_failed"));
    ck_assert_int_eq(told("alarm_cleared"), 0);
}
END_TEST

START_TEST(takes_a_server_that_reads_its_data_for_there)
{
    server.state = SERVER_CONNECTING;
    server.loading = true;
    server.away_ms = scene.now_ms;
    pass(1000);
    expect_only(NULL);
    server.loading = false;
    pass(1);
    ck_assert(is_raised("server_away"));
    server.loading = true;
    pass(10);
    ck_assert(is_raised("server_away"));
}
END_TEST

START_TEST(is_off_where_the_threshold_is_0)
{
    static const char *const options[] = {
        "alarms-server-away", "alarms-hit-rate",         "alarms-errors",
        "alarms-reconnects",  "alarms-memory",           "alarms-fragmentation",
        "alarms-aof-grown",   "alarms-dump-stale",       "alarms-disk-free",
        "alarms-collapse",    "alarms-snapshot-overdue",
    };

    fill_memory();
    server.info.fragmentation = 9;
    grow_aof();
    let_dump_age();
    flush();
    fill_repository();
    fail_often();
    reconnect();
    miss();
    miss_snapshots();
    ck_assert_int_eq(told("alarm_raised"), 9);
    for (size_t i = 0; i < sizeof options / sizeof *options; i++)
        set(options[i], "0");
    pass(1);
    expect_only(NULL);
    lose_server();
    pass(60);
    expect_only(NULL);
}
END_TEST

START_TEST(does_not_come_and_go_at_its_edge)
{
    for (int i = 0; i < 100; i++) {
        server.info.used_memory = i % 2 == 0 ? 80000000 : 79900000;
        repository.free_bytes = 1000 + i % 2 - 1;
        repository.total_bytes = 10000;
        pass(1);
    }
    ck_assert_int_eq(told("alarm_raised"), 2);
    ck_assert_int_eq(told("alarm_cleared"), 0);
    server.info.used_memory = 78000000;
    repository.free_bytes = 1021;
    pass(1);
    expect_only(NULL);
}
END_TEST

START_TEST(does_not_cry_over_small_things)
{
    /* A server that has just begun: all is large against nothing. */
    set("alarms-collapse", "0");
    server.info.keys = 999;
    pass(301);
    set("alarms-collapse", "50");
    pass(1);
    server.info.keys = 0;
    server.info.used_memory = 1000000;
    server.info.maxmemory = 0;
    server.info.fragmentation = 12;
    server.info.aof_base_size = 88;
    server.info.aof_current_size = 60000000;
    pass(1);
    expect_only(NULL);
    /* But who asks is told. */
    set("alarms-fragmentation", "2.5");
    pass(1);
    expect_only("fragmentation");
    set("alarms-fragmentation", "0");
    set("alarms-aof-grown", "3");
    pass(1);
    expect_only("aof_grown");
}
END_TEST

START_TEST(lets_keys_go_by_and_by)
{
    for (int i = 0; i < 3000; i++) {
        server.info.keys = 5000 - i;
        pass(1);
    }
    expect_only(NULL);
    server.info.keys = 0;
    pass(3599);
    expect_only("dataset_collapsed");
    pass(10);
    expect_only(NULL);
}
END_TEST

START_TEST(lets_a_replica_begin_anew)
{
    server.info.link_up = false;
    server.info.keys = 0;
    pass(30);
    server.info.loading = true;
    server.info.link_up = true;
    pass(30);
    expect_only(NULL);
    server.info.loading = false;
    server.info.keys = 5000;
    pass(1);
    expect_only(NULL);
}
END_TEST

START_TEST(waits_for_a_machine_that_was_off_to_catch_up)
{
    snapshot.last_ok_ms = BEGAN_MS - INT64_C(86400) * 1000;
    pass(200);
    expect_only(NULL);
    take_snapshot();
    pass(200);
    expect_only(NULL);
    set("alarms-snapshot-overdue", "2s");
    pass(1);
    expect_only("snapshot_overdue");
}
END_TEST

START_TEST(believes_no_snapshot_that_is_to_come)
{
    snapshot.last_ok_ms = repository.last_good_time_ms =
        BEGAN_MS + INT64_C(365) * 86400 * 1000;
    set("alarms-snapshot-overdue", "10m");
    pass(590);
    expect_only(NULL);
    pass(20);
    expect_only("snapshot_overdue");
    take_snapshot();
    pass(1);
    expect_only(NULL);
}
END_TEST

START_TEST(takes_what_could_not_run_for_no_failure)
{
    snapshot.last.result = PLAN_SKIPPED;
    pass(5);
    expect_only(NULL);
    fail_snapshot();
    pass(1);
    snapshot.last.result = PLAN_LOCKED;
    pass(5);
    expect_only("snapshot_failed");
}
END_TEST

START_TEST(takes_a_dump_beside_an_aof_for_nobodys_loss)
{
    let_dump_age();
    server.info.aof_enabled = true;
    pass(10);
    expect_only(NULL);
    server.info.aof_enabled = false;
    server.info.changes_since_save = 0;
    pass(10);
    expect_only(NULL);
    set("snapshot-max-age", "0");
    server.info.changes_since_save = 1;
    pass(10);
    expect_only(NULL);
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("alarm_quiet");
    TCase *t = tcase_create("alarm_quiet");
    SRunner *runner = srunner_create(s);
    int failed;

    tcase_add_checked_fixture(t, begin, end);
    tcase_add_test(t, knows_nothing_of_a_server_that_is_away);
    tcase_add_test(t, takes_a_server_that_reads_its_data_for_there);
    tcase_add_test(t, is_off_where_the_threshold_is_0);
    tcase_add_test(t, does_not_come_and_go_at_its_edge);
    tcase_add_test(t, does_not_cry_over_small_things);
    tcase_add_test(t, lets_keys_go_by_and_by);
    tcase_add_test(t, lets_a_replica_begin_anew);
    tcase_add_test(t, waits_for_a_machine_that_was_off_to_catch_up);
    tcase_add_test(t, believes_no_snapshot_that_is_to_come);
    tcase_add_test(t, takes_what_could_not_run_for_no_failure);
    tcase_add_test(t, takes_a_dump_beside_an_aof_for_nobodys_loss);
    suite_add_tcase(s, t);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed > 0;
}
