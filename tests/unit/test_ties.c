#include "redis/ties.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "base/url.h"
#include "fake.h"

static struct fake server;
static struct ties ties;

static void
ask(const char *const *answers)
{
    static const struct ties none = TIES_NONE;
    struct error e = {0};
    struct url url;
    struct link *link;

    fake_start(&server, answers);
    ck_assert_int_eq(url_read(&url, server.url, &e), 0);
    link = link_open(&(struct link_options){.url = &url,
                                            .connect_timeout_ms = 5000,
                                            .command_timeout_ms = 5000},
                     &e);
    ck_assert_msg(link != NULL, "%s", e.text);
    ties = none;
    ties_ask(&ties, link);
    link_close(link);
    url_clear(&url);
}

static void
end(void)
{
    ties_clear(&ties);
    fake_stop(&server);
}

START_TEST(reads_what_a_server_tells)
{
    static const char *const answers[] = {
        "+PONG\r\n",
        "*2\r\n$4\r\nsave\r\n$7\r\n3600 1 \r\n",
        "*2\r\n$15\r\ncluster-enabled\r\n$2\r\nno\r\n",
        "*2\r\n$18\r\n__sentinel__:hello\r\n:3\r\n",
        "$87\r\n# Replication\r\nrole:slave\r\nmaster_host:10.0.0.7\r\n"
        "master_port:6380\r\nconnected_slaves:2\r\n\r\n",
        "*1\r\n*4\r\n$4\r\nname\r\n$6\r\nReJSON\r\n$3\r\nver\r\n:20000\r\n",
        NULL,
    };

    ask(answers);
    ck_assert_int_eq(ties.saves, 1);
    ck_assert_int_eq(ties.cluster, 0);
    ck_assert_int_eq(ties.sentinels, 3);
    ck_assert_str_eq(ties.primary, "10.0.0.7:6380");
    ck_assert_int_eq(ties.replicas, 2);
    ck_assert_int_eq(ties.modules_told, 1);
    ck_assert_uint_eq(ties.module_count, 1);
    ck_assert_str_eq(ties.modules[0], "ReJSON");
}
END_TEST

START_TEST(knows_nothing_of_a_server_that_denies_all)
{
    static const char *const answers[] = {
        "+PONG\r\n",
        "-NOPERM no\r\n",
        "-NOPERM no\r\n",
        "-NOPERM no\r\n",
        "-NOPERM no\r\n",
        "-NOPERM no\r\n",
        NULL,
    };

    ask(answers);
    ck_assert_int_eq(ties.saves, -1);
    ck_assert_int_eq(ties.cluster, -1);
    ck_assert_int_eq(ties.sentinels, -1);
    ck_assert_int_eq(ties.replicas, -1);
    ck_assert_ptr_null(ties.primary);
    ck_assert_int_eq(ties.modules_told, 0);
}
END_TEST

START_TEST(takes_no_answer_of_another_form)
{
    static const char *const answers[] = {
        "+PONG\r\n", "*1\r\n$4\r\nsave\r\n",
        "+OK\r\n",   ":1\r\n",
        "*0\r\n",    "*3\r\n:1\r\n*1\r\n$4\r\nname\r\n*2\r\n:1\r\n:2\r\n",
        NULL,
    };

    ask(answers);
    ck_assert_int_eq(ties.saves, -1);
    ck_assert_int_eq(ties.cluster, -1);
    ck_assert_int_eq(ties.sentinels, -1);
    ck_assert_uint_eq(ties.module_count, 0);
}
END_TEST

START_TEST(takes_an_empty_save_for_none)
{
    static const char *const answers[] = {
        "+PONG\r\n", "*2\r\n$4\r\nsave\r\n$0\r\n\r\n", FAKE_CLOSE, NULL};

    ask(answers);
    ck_assert_int_eq(ties.saves, 0);
    ck_assert_int_eq(ties.replicas, -1);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("ties");
    TCase *cases = tcase_create("ties");
    SRunner *runner;
    int failed;

    tcase_add_checked_fixture(cases, NULL, end);
    tcase_add_test(cases, reads_what_a_server_tells);
    tcase_add_test(cases, knows_nothing_of_a_server_that_denies_all);
    tcase_add_test(cases, takes_no_answer_of_another_form);
    tcase_add_test(cases, takes_an_empty_save_for_none);
    suite_add_tcase(suite, cases);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
