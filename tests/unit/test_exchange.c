#include "jobs/exchange.h"

#include <sys/stat.h>

#include "base/process.h"
#include "base/text.h"
#include "folder.h"

static struct exchange x;
static struct exchange_options options;
static struct url url;
static struct instance_options instance;

/* A data directory that nobody uses, and a server that does not answer. */
static void
begin(void)
{
    char *address;

    folder_begin();
    process_catch_stop();
    address = text_format("unix://%s/nobody", path);
    ck_assert_int_eq(url_read(&url, address, &e), 0);
    free(address);
    instance = (struct instance_options){.link = {.url = &url,
                                                  .connect_timeout_ms = 1000,
                                                  .command_timeout_ms = 1000}};
    options = (struct exchange_options){.instance = &instance,
                                        .target = dir,
                                        .path = path,
                                        .stop_limit_ms = 5000,
                                        .load_limit_ms = 200};
    x = (struct exchange){.options = &options};
}

static void
end(void)
{
    exchange_clear(&x);
    url_clear(&url);
    folder_end();
}

static const struct {
    struct info info;
    struct exchange_expected expected;
    const char *error; /* NULL: all is there */
} counts[] = {
    {{.keys = 5}, {.keys = 5, .exact = true}, NULL},
    {{.keys = 7}, {.keys = 5, .exact = true}, NULL},
    {{.keys = 0}, {.keys = 0, .exact = true}, NULL},
    {{.keys = 4}, {.keys = 5, .exact = true}, "has 4 keys, and 5 were"},
    {{.keys = 0}, {.keys = 5}, "has 0 keys"},
    {{.keys = 3}, {.keys = -1}, NULL},
    /* What went meanwhile, by the server's own counters. */
    {{.keys = 1, .expired_keys = 1, .evicted_keys = 1, .commands = 1},
     {.keys = 4, .exact = true},
     NULL},
    {{.keys = 1, .expired_keys = 1, .evicted_keys = 1, .commands = 1},
     {.keys = 5, .exact = true},
     "has 1 keys"},
    {{.keys = 2, .load_expired = 3}, {.keys = 5, .exact = true}, NULL},
    {{.keys = 2, .load_expired = 3},
     {.keys = 6, .exact = true, .expires = 6},
     "has 2 keys"},
    /* Before 7.0 what had expired is not told. */
    {{.keys = 2, .load_expired = -1},
     {.keys = 5, .exact = true, .expires = 3},
     NULL},
    {{.keys = 2, .load_expired = -1},
     {.keys = 6, .exact = true, .expires = 3},
     "has 2 keys"},
    /* INFO was asked a little before or after the length was taken. */
    {{.keys = 9800}, {.keys = 10000}, NULL},
    {{.keys = 9700}, {.keys = 10000}, "has 9700 keys"},
    {{.keys = 5, .aof_enabled = true, .aof_current_size = 90},
     {.keys = 5, .aof_bytes = 90},
     NULL},
    {{.keys = 5, .aof_enabled = true, .aof_current_size = 89},
     {.keys = 5, .aof_bytes = 90},
     "89 bytes of AOF, and 90 were restored"},
    {{.keys = 5}, {.keys = 5, .aof_bytes = 90}, "appendonly no"},
};

START_TEST(compares_what_was_loaded)
{
    int rc;

    x.info = counts[_i].info;
    rc = exchange_compare(&x, &counts[_i].expected, &e);
    ck_assert_msg(rc == (counts[_i].error == NULL ? 0 : -1), "%d: %s", _i,
                  e.text);
    if (counts[_i].error != NULL)
        ck_assert_msg(strstr(e.text, counts[_i].error) != NULL, "%s", e.text);
}
END_TEST

static const struct {
    const char *name;
    enum error_kind kind;
    const char *error;
} names[] = {
    {"", ERROR_USAGE, "not the name of a unit"},
    {"redis*", ERROR_USAGE, "not the name of a unit"},
    {"--help", ERROR_USAGE, "not the name of a unit"},
    {"../redis", ERROR_USAGE, "not the name of a unit"},
    {"redis server", ERROR_USAGE, "not the name of a unit"},
    {"redis\n", ERROR_USAGE, "'redis\\x0a'"},
    {"redis@", ERROR_REFUSED, "redis@NAME"},
    {"redis@.service", ERROR_REFUSED, "redis@NAME"},
    {"redis.socket", ERROR_REFUSED, "no service"},
};

START_TEST(takes_one_unit_and_nothing_else)
{
    options.service = names[_i].name;
    ck_assert_int_eq(exchange_check(&x, &options, &e), -1);
    ck_assert_int_eq(e.kind, names[_i].kind);
    ck_assert_msg(strstr(e.text, names[_i].error) != NULL, "%s", e.text);
}
END_TEST

/* Commands of which each leaves a file behind. */
static void
commands(const char *stop, const char *start)
{
    static char texts[2][200];

    snprintf(texts[0], sizeof texts[0], "cd %s; echo >stopped; %s", path, stop);
    snprintf(texts[1], sizeof texts[1], "cd %s; echo >started; %s", path,
             start);
    options.stop_command = texts[0];
    options.start_command = texts[1];
    ck_assert_msg(exchange_check(&x, &options, &e) == 0, "%s", e.text);
}

START_TEST(stops_by_a_command)
{
    commands("true", "true");
    ck_assert_uint_eq(entries(), 0);
    ck_assert_msg(exchange_stop(&x, &e) == 0, "%s", e.text);
    expect("stopped", "\n");
    ck_assert_uint_eq(entries(), 1);
}
END_TEST

START_TEST(starts_again_what_could_not_be_stopped)
{
    commands("echo oh no >&2; exit 9", "true");
    ck_assert_int_eq(exchange_stop(&x, &e), -1);
    ck_assert_str_eq(e.text, "the stop command failed (status 9): oh no; the"
                             " server was started again");
    expect("started", "\n");
}
END_TEST

START_TEST(says_that_the_server_is_down)
{
    commands("exit 9", "echo dead; exit 8");
    ck_assert_int_eq(exchange_stop(&x, &e), -1);
    ck_assert_ptr_nonnull(strstr(e.text, "THE SERVER IS DOWN"));
    ck_assert_ptr_nonnull(strstr(e.text, "(status 8): dead"));
}
END_TEST

START_TEST(ends_a_command_that_hangs)
{
    options.stop_limit_ms = 100;
    commands("sleep 60", "true");
    ck_assert_int_eq(exchange_stop(&x, &e), -1);
    ck_assert_ptr_nonnull(strstr(e.text, "did not end within"));
    expect("started", "\n");
}
END_TEST

START_TEST(leaves_running_what_was_started)
{
    int64_t keys;
    struct stat st;

    commands("true", "(sleep 0.3; echo >lives) >/dev/null 2>&1 &");
    ck_assert_int_eq(exchange_stop(&x, &e), 0);
    ck_assert_int_eq(exchange_start(&x, &keys, &e), -1);
    ck_assert_ptr_nonnull(strstr(e.text, "has not loaded after"));
    for (int i = 0; i < 500 && fstatat(dir, "lives", &st, 0) != 0; i++)
        usleep(10000);
    expect("lives", "\n");
}
END_TEST

START_TEST(a_request_to_stop_starts_it_again)
{
    commands("kill -INT $PPID; sleep 60", "true");
    ck_assert_int_eq(exchange_stop(&x, &e), -1);
    ck_assert_int_eq(e.kind, ERROR_STOPPED);
    ck_assert_ptr_nonnull(strstr(e.text, "the server was started again"));
    expect("started", "\n");
}
END_TEST

int
main(void)
{
    TCase *c = tcase_create("exchange");
    Suite *suite = suite_create("exchange");
    SRunner *runner;
    int failed;

    tcase_add_checked_fixture(c, begin, end);
    tcase_add_loop_test(c, compares_what_was_loaded, 0,
                        (int)(sizeof counts / sizeof *counts));
    tcase_add_loop_test(c, takes_one_unit_and_nothing_else, 0,
                        (int)(sizeof names / sizeof *names));
    tcase_add_test(c, stops_by_a_command);
    tcase_add_test(c, starts_again_what_could_not_be_stopped);
    tcase_add_test(c, says_that_the_server_is_down);
    tcase_add_test(c, ends_a_command_that_hangs);
    tcase_add_test(c, leaves_running_what_was_started);
    tcase_add_test(c, a_request_to_stop_starts_it_again);
    suite_add_tcase(suite, c);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? 0 : 1;
}
