#include "folder.h"
#include "jobs/unit.h"

static void
make(const char *name)
{
    char whole[200];

    snprintf(whole, sizeof whole, "%s/%s", path, name);
    ck_assert_msg(file_make_path(whole, 0700, &e) == 0, "%s", e.text);
}

static void
begin(void)
{
    folder_begin();
    make("etc/systemd/system/redis.service.d");
    make("etc/systemd/system/redis@.service.d");
    make("etc/systemd/system/redis@a.service.d");
    make("usr/lib/systemd/system/redis.service.d");
}

static void
expect_restarts(const char *name, int restarts)
{
    ck_assert_int_eq(unit_restarts(path, name), restarts);
}

static const struct {
    const char *text;
    int restarts;
} units[] = {
    {"[Service]\nExecStart=/usr/bin/redis-server\n", 0},
    {"[Service]\nRestart=no\n", 0},
    {"[Service]\nRestart=on-success\n", 0},
    {"[Service]\nRestart=always\n", 1},
    {"[Service]\nRestart=on-failure \n", 1},
    {"[Service]\nRestart=always\nRestart=no\n", 0},
    {"[Service]\nRestartSec=1\n#Restart=always\n", 0},
};

START_TEST(the_unit_says_it)
{
    put("usr/lib/systemd/system/redis.service", units[_i].text);
    expect_restarts("redis.service", units[_i].restarts);
}
END_TEST

START_TEST(none_is_not_known)
{
    expect_restarts("redis.service", -1);
    expect_restarts("../system/redis.service", -1);
    put("etc/systemd/system/redis.service.d/a.conf", "Restart=always\n");
    expect_restarts("redis.service", -1);
}
END_TEST

START_TEST(the_administrator_has_the_last_word)
{
    put("usr/lib/systemd/system/redis.service", "Restart=no\n");
    put("usr/lib/systemd/system/redis.service.d/b.conf", "Restart=no\n");
    put("etc/systemd/system/redis.service.d/a.conf", "Restart=always\n");
    put("etc/systemd/system/redis.service.d/note.txt", "Restart=no\n");
    expect_restarts("redis.service", 1);
    put("etc/systemd/system/redis.service", "Restart=always\n");
    put("etc/systemd/system/redis.service.d/a.conf", "Restart=no\n");
    expect_restarts("redis.service", 0);
}
END_TEST

START_TEST(an_instance_is_as_its_template)
{
    put("usr/lib/systemd/system/redis@.service", "Restart=always\n");
    expect_restarts("redis@a.service", 1);
    put("etc/systemd/system/redis@.service.d/a.conf", "Restart=no\n");
    expect_restarts("redis@a.service", 0);
    put("etc/systemd/system/redis@a.service.d/a.conf", "Restart=always\n");
    expect_restarts("redis@a.service", 1);
    expect_restarts("redis@b.service", 0);
}
END_TEST

START_TEST(a_process_is_in_its_service)
{
    char *name = unit_of_groups("9:name=systemd:/\n"
                                "0::/system.slice/redis-server.service\n");

    ck_assert_str_eq(name, "redis-server.service");
    free(name);
    ck_assert_ptr_null(unit_of_groups("0::/\n"));
    ck_assert_ptr_null(unit_of_groups("0::/user.slice/user@0.service\n"));
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("unit_restart");
    TCase *cases = tcase_create("unit_restart");
    SRunner *runner;
    int failed;

    tcase_add_checked_fixture(cases, begin, folder_end);
    tcase_add_loop_test(cases, the_unit_says_it, 0,
                        sizeof units / sizeof *units);
    tcase_add_test(cases, none_is_not_known);
    tcase_add_test(cases, the_administrator_has_the_last_word);
    tcase_add_test(cases, an_instance_is_as_its_template);
    tcase_add_test(cases, a_process_is_in_its_service);
    suite_add_tcase(suite, cases);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
