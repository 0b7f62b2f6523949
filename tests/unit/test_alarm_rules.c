#include "test_alarm_scene.h"

static void
lose_server(void)
{
    server.state = SERVER_CONNECTING;
    server.away_ms = scene.now_ms;
    snprintf(server.last_error, sizeof server.last_error, "Connection refused");
    pass(300);
}

static void
find_server(void)
{
    server.state = SERVER_CONNECTED;
    server.away_ms = -1;
}

static void
restart(void)
{
    server.restarts = 1;
    server.restarted_ms = scene.now_ms;
}

static void
wait_five_minutes(void)
{
    pass(320);
}

static void
miss(void)
{
    set("alarms-hit-rate-for", "1m");
    pass(1);
    server.info.keyspace_misses += 69;
    server.info.keyspace_hits += 31;
    pass(59);
}

static void
hit(void)
{
    server.info.keyspace_hits += 1000;
}

static void
fail_often(void)
{
    server.errors[SERVER_ERROR_CONNECT] += 60;
    server.errors[SERVER_ERROR_AUTH] += 40;
}

static void
reconnect(void)
{
    server.reconnects += 5;
}

static void
fill_memory(void)
{
    server.info.used_memory = 80000000;
}

static void
free_memory(void)
{
    server.info.used_memory = 70000000;
}

static void
evict(void)
{
    server.info.evicted_keys += 1;
}

static void
refuse_writes(void)
{
    server.info.oom_errors = 2;
}

static void
fragment(void)
{
    server.info.used_memory = 64 << 20;
    server.info.fragmentation = 1.5;
}

static void
defragment(void)
{
    server.info.fragmentation = 1.4;
}

static void
grow_aof(void)
{
    server.info.aof_current_size = 700000000;
}

static void
rewrite_aof(void)
{
    server.info.aof_base_size = 700000000;
}

static void
fail_save(void)
{
    server.info.last_bgsave_ok = false;
}

static void
save(void)
{
    server.info.last_bgsave_ok = true;
}

static void
damage_dump(void)
{
    scene.dump_problem = "dump.rdb: offset 17: what is this?";
}

static void
mend_dump(void)
{
    scene.dump_problem = "";
}

static void
fail_rewrite(void)
{
    server.info.last_rewrite_ok = false;
}

static void
succeed_rewrite(void)
{
    server.info.last_rewrite_ok = true;
}

static void
fail_write(void)
{
    server.info.last_write_ok = false;
}

static void
succeed_write(void)
{
    server.info.last_write_ok = true;
}

static void
let_dump_age(void)
{
    server.info.aof_enabled = false;
    server.info.changes_since_save = 12;
    server.info.last_save_time = scene.now_ms / 1000 - 7200;
}

static void
renew_dump(void)
{
    server.info.last_save_time = scene.now_ms / 1000;
}

static void
fill_repository(void)
{
    repository.free_bytes = 9;
}

static void
empty_repository(void)
{
    repository.free_bytes = 20;
}

static void
fill_data_disk(void)
{
    watch.free_bytes = 1;
}

static void
empty_data_disk(void)
{
    watch.free_bytes = 11;
}

static void
miss_snapshots(void)
{
    snapshot.last_ok_ms = scene.now_ms - 7200 * 1000;
    pass(300);
}

static void
take_snapshot(void)
{
    snapshot.last_ok_ms = scene.now_ms;
    snapshot.last.result = PLAN_OK;
}

static void
take_snapshot_by_hand(void)
{
    repository.last_good_time_ms = scene.now_ms;
}

static void
fail_snapshot(void)
{
    snapshot.last.result = PLAN_FAILED;
    snprintf(snapshot.last.text, sizeof snapshot.last.text, "no space");
}

static void
refuse_snapshot(void)
{
    snapshot.last.result = PLAN_REFUSED;
}

static void
build_drill(void)
{
    drill.built = true;
    drill.interval_ms = 60 * 1000;
    pass(301);
}

static void
run_drill(void)
{
    drill.last_ok_ms = scene.now_ms;
}

static void
fail_drill(void)
{
    drill.built = true;
    drill.runs = 1;
    drill.last.result = PLAN_FAILED;
}

static void
succeed_drill(void)
{
    drill.last.result = PLAN_OK;
}

static void
flush(void)
{
    server.info.keys = 2500;
}

static void
refill(void)
{
    server.info.keys = 2501;
}

static void
lose_aof(void)
{
    watch.gone = true;
    snprintf(watch.trouble, sizeof watch.trouble,
             "the AOF directory /data/appendonlydir is gone");
}

static void
find_aof(void)
{
    watch.gone = false;
    watch.trouble[0] = '\0';
}

static void
collapse_dump(void)
{
    watch.collapsed = true;
}

static void
recover_dump(void)
{
    watch.collapsed = false;
}

static void
collapse_snapshot(void)
{
    repository.collapsed = true;
}

static void
accept_snapshot(void)
{
    repository.collapsed = false;
}

static void
take_unbound(void)
{
    repository.last =
        json_pack("{s:s, s:b}", "id", "20261120T113000Z", "bound", 0);
}

static void
take_bound(void)
{
    json_object_set_new(repository.last, "bound", json_true());
}

static void
lose_directory(void)
{
    watch.present = false;
    snprintf(watch.trouble, sizeof watch.trouble,
             "the data directory /data cannot be seen: Permission denied");
}

static void
find_directory(void)
{
    watch.present = true;
}

static void
change_dir(void)
{
    server.settings.dir = "/root/.ssh";
}

static void
change_dir_back(void)
{
    server.settings.dir = "/data";
}

static void
change_name(void)
{
    server.settings.dbfilename = "authorized_keys";
}

static const struct {
    const char *name;
    void (*on)(void), (*off)(void);
    const char *text;
    double value, threshold;
} cases[] = {
    {"server_away", lose_server, find_server,
     "the server has been away for 5 min 1 s: Connection refused", 300, 300},
    {"server_restarted", restart, wait_five_minutes,
     "the server was restarted (seen at 2023-11-14T22:13:20Z)", NAN, NAN},
    {"hit_rate", miss, hit, "31.0% of 100 lookups found their key", 31, 70},
    {"errors", fail_often, wait_five_minutes,
     "100 errors on the connection to the server within 5 min", 100, 100},
    {"reconnects", reconnect, wait_five_minutes,
     "5 reconnects to the server within 5 min", 5, 5},
    {"memory", fill_memory, free_memory,
     "the server uses 76 MiB of its maxmemory of 95 MiB (80.0%)", 80, 80},
    {"evictions", evict, wait_five_minutes,
     "1 keys evicted or commands refused for want of memory in 5 min (policy "
     "allkeys-lru)",
     1, NAN},
    {"evictions", refuse_writes, wait_five_minutes,
     "2 keys evicted or commands refused for want of memory in 5 min (policy "
     "allkeys-lru)",
     2, NAN},
    {"fragmentation", fragment, defragment,
     "the server holds 1.50 times the memory that it uses", 1.5, 1.5},
    {"aof_grown", grow_aof, rewrite_aof,
     "the AOF has 668 MiB, 10.0 times the 67 MiB after its last rewrite", 10,
     10},
    {"save_failed", fail_save, save, "the server's last save failed", NAN, NAN},
    {"save_failed", damage_dump, mend_dump,
     "the last dump is not whole: dump.rdb: offset 17: what is this?", NAN,
     NAN},
    {"rewrite_failed", fail_rewrite, succeed_rewrite,
     "the server's last rewrite of its AOF failed", NAN, NAN},
    {"aof_write_error", fail_write, succeed_write,
     "the server cannot write its AOF, and refuses writes of its clients", NAN,
     NAN},
    {"dump_stale", let_dump_age, renew_dump,
     "12 changes since the last save, 2 h ago", 7201, 7200},
    {"disk_low", fill_repository, empty_repository,
     "9 B (9.0%) is free on the disk of the repository", 9, 10},
    {"disk_low", fill_data_disk, empty_data_disk,
     "1 B (1.0%) is free on the disk of the data directory", 1, 10},
    {"snapshot_overdue", miss_snapshots, take_snapshot,
     "the last good snapshot was 2 h 5 min ago", 7500, 7200},
    {"snapshot_overdue", miss_snapshots, take_snapshot_by_hand,
     "the last good snapshot was 2 h 5 min ago", 7500, 7200},
    {"snapshot_failed", fail_snapshot, take_snapshot,
     "the last snapshot failed: no space", NAN, NAN},
    {"snapshot_failed", refuse_snapshot, take_snapshot,
     "the last snapshot was refused: ", NAN, NAN},
    {"drill_overdue", build_drill, run_drill, "no good drill for 5 min 2 s",
     301, 120},
    {"drill_failed", fail_drill, succeed_drill, "the last drill failed: ", NAN,
     NAN},
    {"dataset_collapsed", flush, refill,
     "the server has 2500 keys, it had 5000", 50, 50},
    {"dataset_collapsed", lose_aof, find_aof,
     "the AOF directory /data/appendonlydir is gone", 100, 50},
    {"dataset_collapsed", collapse_dump, recover_dump,
     "/data/dump.rdb is much smaller than the one before", NAN, 50},
    {"dataset_collapsed", collapse_snapshot, accept_snapshot,
     "the newest snapshot is much smaller than the one before it", NAN, 50},
    {"directory_unproven", take_unbound, take_bound,
     "snapshot 20261120T113000Z: the data directory could not be proven to be "
     "the server's",
     NAN, NAN},
    {"directory_unproven", lose_directory, find_directory,
     "the data directory /data cannot be seen: Permission denied", NAN, NAN},
    {"server_config_changed", change_dir, change_dir_back,
     "dir was changed from /data to /root/.ssh", NAN, NAN},
    {"server_config_changed", change_name, wait_five_minutes,
     "dbfilename was changed from dump.rdb to authorized_keys", NAN, NAN},
};

static void
expect_number(double found, double expected)
{
    if (isnan(expected))
        ck_assert(isnan(found));
    else
        ck_assert_double_eq_tol(found, expected, 1.01);
}

START_TEST(raises_once_and_clears_once)
{
    const struct alarm *alarm = alarm_find(all, cases[_i].name);

    expect_only(NULL);
    cases[_i].on();
    pass(1);
    expect_only(cases[_i].name);
    ck_assert_str_eq(alarm->text, cases[_i].text);
    expect_number(alarm->value, cases[_i].value);
    expect_number(alarm->threshold, cases[_i].threshold);
    ck_assert_int_ge(alarm->since_ms, BEGAN_MS);
    pass(5);
    cases[_i].off();
    pass(2);
    expect_only(NULL);
    ck_assert_int_eq(told("alarm_raised"), 1);
    ck_assert_int_eq(told("alarm_cleared"), 1);
}
END_TEST

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
    Suite *s = suite_create("alarm_rules");
    TCase *t = tcase_create("alarm_rules");
    SRunner *runner = srunner_create(s);
    int failed;

    tcase_add_checked_fixture(t, begin, end);
    tcase_add_loop_test(t, raises_once_and_clears_once, 0,
                        sizeof cases / sizeof *cases);
    tcase_add_test(t, knows_nothing_of_a_server_that_is_away);
    tcase_add_test(t, takes_a_server_that_reads_its_data_for_there);
    tcase_add_test(t, is_off_where_the_threshold_is_0);
    tcase_add_test(t, does_not_come_and_go_at_its_edge);
    tcase_add_test(t, does_not_cry_over_small_things);
    tcase_add_test(t, lets_keys_go_by_and_by);
    tcase_add_test(t, lets_a_replica_begin_anew);
    tcase_add_test(t, waits_for_a_machine_that_was_off_to_catch_up);
    tcase_add_test(t, takes_what_could_not_run_for_no_failure);
    tcase_add_test(t, takes_a_dump_beside_an_aof_for_nobodys_loss);
    suite_add_tcase(s, t);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed > 0;
}
