#include "redis/keys.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "base/url.h"
#include "fake.h"

static struct fake server;
static struct link *connection;
static struct error e;
static char names[256];

static void
start(const char *const *answers)
{
    struct url url;

    e = (struct error){0};
    fake_start(&server, answers);
    ck_assert_int_eq(url_read(&url, server.url, &e), 0);
    connection = link_open(&(struct link_options){.url = &url,
                                                  .connect_timeout_ms = 5000,
                                                  .command_timeout_ms = 5000},
                           &e);
    ck_assert_msg(connection != NULL, "%s", e.text);
    url_clear(&url);
}

static void
end(void)
{
    link_close(connection);
    fake_stop(&server);
}

START_TEST(takes_numbers_texts_and_nothing)
{
    static const char *const answers[] = {
        "+PONG\r\n",
        /* To questions that come all at once. */
        ":7\r\n$2\r\n12\r\n$-1\r\n$3\r\nabc\r\n"
        "-WRONGTYPE Operation against a key\r\n"
        "-NOPERM No permissions to access a key\r\n"
        "-MOVED 17 127.0.0.1:6380\r\n"
        "$6\r\n0:1234\r\n$2\r\n01\r\n",
        NULL,
    };
    struct keys_question q[] = {
        {.command = "LLEN", .key = "a"},
        {.command = "HGET", .key = "a", .argument = "busy"},
        {.command = "HGET", .key = "a", .argument = "busy"},
        {.command = "HGET", .key = "a", .argument = "busy"},
        {.command = "LLEN", .key = "a"},
        {.command = "LLEN", .key = "a"},
        {.command = "LLEN", .key = "a"},
        {.command = "LINDEX", .key = "a", .argument = "-1", .begins = "0:"},
        {.command = "LINDEX", .key = "a", .argument = "-1", .begins = "0:"},
    };
    const int64_t wanted[] = {
        7, 12, 0, 0, KEYS_OTHER_TYPE, KEYS_DENIED, KEYS_ELSEWHERE, 1, 0};

    start(answers);
    ck_assert_msg(keys_count(connection, q, 9, &e) == 0, "%s", e.text);
    for (int i = 0; i < 9; i++)
        ck_assert_int_eq(q[i].number, wanted[i]);
}
END_TEST

START_TEST(tells_what_the_server_refuses)
{
    static const char *const answers[] = {
        "+PONG\r\n",
        "-NOPERM this user has no permissions\r\n",
        NULL,
    };
    struct keys_question q = {.command = "LLEN", .key = "a"};

    start(answers);
    ck_assert_int_eq(keys_count(connection, &q, 1, &e), -1);
    ck_assert_int_eq(e.kind, ERROR_DENIED);
    ck_assert_str_eq(e.text, "LLEN: NOPERM this user has no permissions");
}
END_TEST

static bool
take(void *most, const char *name, size_t size)
{
    strncat(names, name, size);
    strcat(names, " ");
    return --*(int *)most > 0;
}

static struct keys_scan
scan(const char *const *answers, unsigned rounds, int most)
{
    struct keys_scan s = {.pattern = "*", .cursor = "0", .rounds = rounds};

    names[0] = '\0';
    start(answers);
    ck_assert_msg(keys_scan(connection, &s, take, &most, &e) == 0, "%s",
                  e.text);
    return s;
}

static const char *const two_rounds[] = {
    "+PONG\r\n",
    "*2\r\n$2\r\n17\r\n*2\r\n$1\r\na\r\n$1\r\nb\r\n",
    "*2\r\n$1\r\n0\r\n*1\r\n$1\r\nc\r\n",
    NULL,
};

START_TEST(looks_until_the_end)
{
    struct keys_scan s = scan(two_rounds, 5, 100);

    ck_assert_str_eq(names, "a b c ");
    ck_assert_str_eq(s.cursor, "0");
    ck_assert_uint_eq(s.rounds, 3);
}
END_TEST

START_TEST(looks_for_so_many_rounds)
{
    struct keys_scan s = scan(two_rounds, 1, 100);

    ck_assert_str_eq(names, "a b ");
    ck_assert_str_eq(s.cursor, "17");
}
END_TEST

START_TEST(looks_until_it_has_enough)
{
    struct keys_scan s = scan(two_rounds, 5, 1);

    ck_assert_str_eq(names, "a ");
    ck_assert_str_eq(s.cursor, "17");
}
END_TEST

START_TEST(finds_nothing_in_a_set_that_is_none)
{
    static const char *const answers[] = {
        "+PONG\r\n", "-WRONGTYPE Operation against a key\r\n", NULL};
    struct keys_scan s = scan(answers, 5, 100);

    ck_assert_str_eq(names, "");
    ck_assert_str_eq(s.cursor, "0");
}
END_TEST

static const char *const bad[][3] = {
    {"+PONG\r\n", "+OK\r\n", NULL},
    {"+PONG\r\n", "*0\r\n", NULL},
    {"+PONG\r\n", "*2\r\n$1\r\n0\r\n:3\r\n", NULL},
    {"+PONG\r\n", "*2\r\n:0\r\n*0\r\n", NULL},
    {"+PONG\r\n", "*2\r\n$30\r\n000000000000000000000000000000\r\n*0\r\n",
     NULL},
};

START_TEST(refuses_what_is_no_answer)
{
    struct keys_scan s = {.pattern = "*", .cursor = "0", .rounds = 5};
    int most = 5;

    start(bad[_i]);
    ck_assert_int_eq(keys_scan(connection, &s, take, &most, &e), -1);
    ck_assert_str_eq(e.text, "SCAN: not an answer");
}
END_TEST

START_TEST(makes_a_pattern_of_a_text)
{
    char *pattern = keys_pattern("{a}*[b]?\\");

    ck_assert_str_eq(pattern, "{a}\\*\\[b\\]\\?\\\\");
    free(pattern);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("keys");
    TCase *tc = tcase_create("server"), *text = tcase_create("text");
    SRunner *runner;
    int failed;

    tcase_add_checked_fixture(tc, NULL, end);
    tcase_add_test(tc, takes_numbers_texts_and_nothing);
    tcase_add_test(tc, tells_what_the_server_refuses);
    tcase_add_test(tc, looks_until_the_end);
    tcase_add_test(tc, looks_for_so_many_rounds);
    tcase_add_test(tc, looks_until_it_has_enough);
    tcase_add_test(tc, finds_nothing_in_a_set_that_is_none);
    tcase_add_loop_test(tc, refuses_what_is_no_answer, 0,
                        sizeof bad / sizeof *bad);
    suite_add_tcase(suite, tc);
    tcase_add_test(text, makes_a_pattern_of_a_text);
    suite_add_tcase(suite, text);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? 0 : 1;
}
