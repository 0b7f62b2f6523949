#include "daemon/persist.h"

#include <hiredis/hiredis.h>

#include "test_plan_scene.h"

static bool
await_question(void)
{
    AWAIT(asked.answer != NULL);
    return true;
}

/* Answers what was asked with a text, which the asker gives back. */
static void
reply(const char *command, const char *text)
{
    redisReader *reader = redisReaderCreate();
    char *bytes = text_format("$%zu\r\n%s\r\n", strlen(text), text);
    link_core_answer *answer;
    void *parsed = NULL;

    AWAIT(asked.answer != NULL);
    ck_assert_str_eq(asked.command, command);
    answer = asked.answer;
    asked.answer = NULL;
    redisReaderFeed(reader, bytes, strlen(bytes));
    ck_assert_int_eq(redisReaderGetReply(reader, &parsed), REDIS_OK);
    redisReaderFree(reader);
    free(bytes);
    answer(asked.context, parsed, NULL);
}

#define INFO                                                       \
    "run_id:one\r\nrdb_last_bgsave_status:ok\r\naof_enabled:1\r\n" \
    "aof_last_bgrewrite_status:ok\r\n"

START_TEST(has_the_server_save_and_follows_it)
{
    begin_plan(NULL);
    plan_ask(plan, PLAN_BGSAVE, "test");
    ck_assert_int_eq(view(PLAN_BGSAVE)->state, PLAN_RUNNING);
    reply("INFO", INFO "rdb_last_save_time:5\r\n");
    reply("BGSAVE", "Background saving started");
    reply("INFO", INFO "rdb_last_save_time:5\r\nrdb_bgsave_in_progress:1\r\n");
    reply("INFO", INFO "rdb_last_save_time:6\r\n");
    ck_assert_uint_eq(view(PLAN_BGSAVE)->runs, 1);
    ck_assert_int_eq(view(PLAN_BGSAVE)->last.result, PLAN_OK);
    ck_assert_int_eq(
        strncmp(view(PLAN_BGSAVE)->last.text, "the dump was written in ", 24),
        0);
    ck_assert_int_eq(view(PLAN_BGSAVE)->state, PLAN_OFF);
}
END_TEST

START_TEST(follows_a_rewrite_over_a_lost_connection)
{
    struct error lost = {ERROR_FAILED, "timeout after 2 s"};
    link_core_answer *answer;

    begin_plan(NULL);
    plan_ask(plan, PLAN_BGREWRITEAOF, "test");
    reply("INFO", INFO "aof_current_size:4096\r\n");
    AWAIT(asked.answer != NULL);
    ck_assert_str_eq(asked.command, "BGREWRITEAOF");
    answer = asked.answer;
    asked.answer = NULL;
    server.state = SERVER_CONNECTING;
    answer(asked.context, NULL, &lost);
    usleep(300 * 1000);
    server.state = SERVER_CONNECTED;
    reply("INFO", INFO "aof_rewrite_in_progress:1\r\n");
    reply("INFO", INFO "aof_current_size:1024\r\n");
    ck_assert_int_eq(view(PLAN_BGREWRITEAOF)->last.result, PLAN_OK);
    ck_assert_ptr_nonnull(
        strstr(view(PLAN_BGREWRITEAOF)->last.text, ": 4.0 KiB to 1.0 KiB"));
}
END_TEST

START_TEST(tries_again_what_the_server_cannot_do_now)
{
    struct error busy = {ERROR_FAILED,
                         "ERR Background save already in progress"};
    link_core_answer *answer;

    begin_plan(NULL);
    plan_ask(plan, PLAN_BGSAVE, "test");
    reply("INFO", INFO "loading:1\r\n");
    ck_assert_int_eq(view(PLAN_BGSAVE)->state, PLAN_WAITING);
    ck_assert_int_eq(view(PLAN_BGSAVE)->last.result, PLAN_SKIPPED);
    ck_assert_str_eq(view(PLAN_BGSAVE)->last.text,
                     "the server is loading its data");
    ck_assert_int_gt(view(PLAN_BGSAVE)->next_ms, clock_wall_ms() + 3000);
    /* Asked for again meanwhile: at once. */
    plan_ask(plan, PLAN_BGSAVE, "test");
    reply("INFO", INFO);
    AWAIT(asked.answer != NULL);
    answer = asked.answer;
    asked.answer = NULL;
    answer(asked.context, NULL, &busy);
    ck_assert_int_eq(view(PLAN_BGSAVE)->state, PLAN_WAITING);
    ck_assert_uint_eq(view(PLAN_BGSAVE)->results[PLAN_SKIPPED], 2);
    ck_assert_uint_eq(view(PLAN_BGSAVE)->failures, 0);
    ck_assert_int_gt(view(PLAN_BGSAVE)->next_ms, clock_wall_ms() + 3000);
    ck_assert_int_lt(view(PLAN_BGSAVE)->next_ms, clock_wall_ms() + 6000);
}
END_TEST

START_TEST(saves_later_than_in_the_second_of_the_last_save)
{
    char *info;
    int64_t second;

    begin_plan(NULL);
    plan_ask(plan, PLAN_BGSAVE, "test");
    AWAIT(asked.answer != NULL);
    while (clock_wall_ms() % 1000 > 500)
        usleep(10000);
    second = clock_wall_ms() / 1000;
    info = text_format(INFO "rdb_last_save_time:%lld\r\n", (long long)second);
    do
        reply("INFO", info);
    while (await_question() && strcmp(asked.command, "INFO") == 0);
    free(info);
    ck_assert_int_gt(clock_wall_ms() / 1000, second);
    reply("BGSAVE", "Background saving started");
}
END_TEST

START_TEST(leaves_the_server_at_its_save_when_it_stops)
{
    json_t *saved;

    begin_plan(NULL);
    plan_ask(plan, PLAN_BGSAVE, "test");
    reply("INFO", INFO);
    reply("BGSAVE", "Background saving started");
    AWAIT(asked.answer != NULL);
    plan_stop(plan, on_stopped, NULL);
    ck_assert_ptr_null(asked.context);
    AWAIT(stopped);
    saved = plan_write(plan);
    ck_assert(json_is_true(
        json_object_get(json_object_get(saved, "bgsave"), "again")));
    json_decref(saved);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("persist");
    TCase *cases = tcase_create("persist");
    SRunner *runner;
    int failed;

    tcase_add_checked_fixture(cases, begin, end);
    tcase_add_test(cases, has_the_server_save_and_follows_it);
    tcase_add_test(cases, follows_a_rewrite_over_a_lost_connection);
    tcase_add_test(cases, tries_again_what_the_server_cannot_do_now);
    tcase_add_test(cases, saves_later_than_in_the_second_of_the_last_save);
    tcase_add_test(cases, leaves_the_server_at_its_save_when_it_stops);
    suite_add_tcase(suite, cases);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
