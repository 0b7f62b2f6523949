/* On a real server; what goes wrong meanwhile is in tests/scenarios. */
#include "jobs/persist_run.h"

#include <check.h>
#include <string.h>

#include "base/url.h"
#include "jobs/persist_files.h"
#include "server.h"

static struct server server;
static struct instance instance;
static struct instance_options options;
static struct url url;
static struct persist_run result;
static struct error e;

static void
begin_with(const char *appendonly)
{
    const char *const arguments[] = {"--appendonly", appendonly, NULL};

    e = (struct error){0};
    server_start(&server, arguments);
    ck_assert_int_eq(url_read(&url, server.url, &e), 0);
    options = (struct instance_options){.link = {.url = &url,
                                                 .connect_timeout_ms = 5000,
                                                 .command_timeout_ms = 5000}};
    ck_assert_int_eq(instance_connect(&instance, &options, &e), 0);
    ck_assert_msg(instance.link != NULL, "%s", instance.why.text);
}

static void
end(void)
{
    instance_close(&instance);
    url_clear(&url);
    server_stop(&server);
}

static int
ask(enum persist_kind kind)
{
    const struct persist_run_options run = {.kind = kind,
                                            .time_limit_ms = 20000};

    return persist_run(&result, &instance, &run, &e);
}

START_TEST(saves_and_sees_the_file)
{
    struct persist_files files;

    begin_with("no");
    ck_assert_msg(ask(PERSIST_BGSAVE) == 0, "%s", e.text);
    ck_assert_int_gt(result.after.last_save_time, result.before.last_save_time);
    persist_files_look(&files, &options);
    ck_assert_uint_eq(files.count, 1);
    ck_assert_str_eq(files.items[0].path, "dump.rdb");
    ck_assert_int_gt(persist_files_size(&files, DATASET_ROLE_DUMP), 0);
    ck_assert_int_eq(persist_files_size(&files, DATASET_ROLE_BASE), -1);
    persist_files_clear(&files);
}
END_TEST

START_TEST(rewrites)
{
    begin_with("yes");
    ck_assert_msg(ask(PERSIST_BGREWRITEAOF) == 0, "%s", e.text);
    ck_assert(result.after.last_rewrite_ok);
    ck_assert_int_ge(result.after.last_rewrite_seconds, 0);
}
END_TEST

START_TEST(asks_for_nothing_that_cannot_be)
{
    begin_with("no");
    ck_assert_int_eq(ask(PERSIST_BGREWRITEAOF), -1);
    ck_assert_int_eq(e.kind, ERROR_FAILED);
    ck_assert_str_eq(e.text, "not asked for: the server's AOF is off;"
                             " CONFIG SET appendonly yes writes one");
}
END_TEST

static const struct {
    const char *info;
    int percent;
} percents[] = {
    {"", -1},
    {"current_save_keys_processed:5\ncurrent_save_keys_total:10\n", -1},
    {"rdb_bgsave_in_progress:1\n", -1},
    {"rdb_bgsave_in_progress:1\ncurrent_save_keys_processed:5\n"
     "current_save_keys_total:10\n",
     50},
    {"aof_rewrite_in_progress:1\ncurrent_save_keys_processed:10\n"
     "current_save_keys_total:10\n",
     100},
    {"rdb_bgsave_in_progress:1\ncurrent_save_keys_processed:0\n"
     "current_save_keys_total:0\n",
     -1},
    {"rdb_bgsave_in_progress:1\ncurrent_save_keys_processed:11\n"
     "current_save_keys_total:10\n",
     -1},
};

START_TEST(tells_how_far_it_is)
{
    struct info info;

    info_read(&info, percents[_i].info);
    ck_assert_int_eq(persist_run_percent(&info), percents[_i].percent);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("persist_run");
    TCase *runs = tcase_create("runs"), *words = tcase_create("words");
    SRunner *runner;
    int failed;

    tcase_add_checked_fixture(runs, NULL, end);
    tcase_add_test(runs, saves_and_sees_the_file);
    tcase_add_test(runs, rewrites);
    tcase_add_test(runs, asks_for_nothing_that_cannot_be);
    suite_add_tcase(suite, runs);
    tcase_add_loop_test(words, tells_how_far_it_is, 0,
                        sizeof percents / sizeof *percents);
    suite_add_tcase(suite, words);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? 0 : 1;
}
