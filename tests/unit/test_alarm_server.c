#include "test_alarm_case.h"
#include "test_alarm_events.h"

static void
restart(void)
{
    server.restarts = 1;
    server.restarted_ms = scene.now_ms;
}

static void
hit(void)
{
    server.info.keyspace_hits += 1000;
}

static void
free_memory(void)
{
    server.info.used_memory = 70000000;
}

static void
refuse_writes(void)
{
    server.info.oom_errors = 2;
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

static const struct alarm_case cases[] = {
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
    {"server_config_changed", change_dir, change_dir_back,
     "dir was changed from /data to /root/.ssh", NAN, NAN},
    {"server_config_changed", change_name, wait_five_minutes,
     "dbfilename was changed from dump.rdb to authorized_keys", NAN, NAN},
};

START_TEST(raises_once_and_clears_once)
{
    expect_raised_and_cleared(&cases[_i]);
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("alarm_server");
    TCase *t = tcase_create("alarm_server");
    SRunner *runner = srunner_create(s);
    int failed;

    tcase_add_checked_fixture(t, begin, end);
    tcase_add_loop_test(t, raises_once_and_clears_once, 0,
                        sizeof cases / sizeof *cases);
    suite_add_tcase(s, t);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed > 0;
}
