#include "test_server_scene.h"

#define LOADING "-LOADING Redis is loading the dataset in memory\r\n"

START_TEST(waits_for_a_server_that_loads_without_using_up_attempts)
{
    struct scene s;

    prepare(&s, (const char *[]){LOADING, LOADING INFO("a") SETTINGS("/d"),
                                 LOADING, LOADING, LOADING, LOADING, PONG,
                                 INFO("a"), FAKE_HANG, NULL});
    begin(&s);
    RUN_UNTIL(&s, s.view->loading);
    ck_assert_int_eq(s.view->state, SERVER_CONNECTING);
    ck_assert_uint_eq(s.first, 1);
    RUN_UNTIL(&s, !s.view->loading);
    ck_assert_int_eq(s.view->state, SERVER_CONNECTED);
    ck_assert_uint_eq(s.view->attempts, 1);
    ck_assert_uint_eq(s.view->reconnects, 0);
    ck_assert_str_eq(s.view->last_error, "");
    end(&s);
}
END_TEST

START_TEST(loading_again_is_connecting_but_no_loss)
{
    struct scene s;

    prepare(&s, (const char *[]){PONG, PONG INFO("a") SETTINGS("/d"), LOADING,
                                 PONG, FAKE_HANG, NULL});
    begin(&s);
    RUN_UNTIL(&s, s.view->loading);
    ck_assert_int_eq(s.view->state, SERVER_CONNECTING);
    ck_assert_int_eq(s.view->connected_ms, -1);
    RUN_UNTIL(&s, s.view->state == SERVER_CONNECTED);
    ck_assert_uint_eq(s.view->reconnects, 0);
    ck_assert_uint_eq(s.view->attempts, 1);
    end(&s);
}
END_TEST

static const char *const alive[] = {
    "-MISCONF cannot save\r\n",
    "-BUSY a script\r\n",
    "-NOPERM no ping\r\n",
};

START_TEST(a_server_that_answers_in_error_is_there)
{
    struct scene s;
    char first[600];

    snprintf(first, sizeof first, "%s%s", alive[_i], INFO("a") SETTINGS("/d"));
    prepare(&s, (const char *[]){alive[_i], first, alive[_i], alive[_i],
                                 FAKE_HANG, NULL});
    set(&s, "connection-command-timeout", "50ms");
    begin(&s);
    RUN_UNTIL(&s, s.located > 0);
    ck_assert_int_eq(s.view->state, SERVER_CONNECTED);
    RUN_UNTIL(&s, s.view->state != SERVER_CONNECTED);
    /* Four PINGs refused in the same words are one error. */
    ck_assert_uint_eq(s.view->errors[SERVER_ERROR_REPLY], 1);
    ck_assert_uint_eq(s.view->errors[SERVER_ERROR_TIMEOUT], 1);
    end(&s);
}
END_TEST

static const char *const strange[] = {
    ":1\r\n", "$-1\r\n", "*2\r\n$4\r\npong\r\n$0\r\n\r\n", "+OK\r\n"};

START_TEST(only_pong_is_an_answer_to_ping)
{
    struct scene s;
    char first[600];

    snprintf(first, sizeof first, "%s%s", strange[_i],
             INFO("a") SETTINGS("/d"));
    prepare(&s, (const char *[]){strange[_i], first, FAKE_HANG, NULL});
    begin(&s);
    RUN_UNTIL(&s, s.first > 0);
    ck_assert_int_eq(s.view->state, SERVER_CONNECTING);
    ck_assert_str_eq(s.view->last_error, "PING was not answered with PONG");
    ck_assert_uint_eq(s.view->errors[SERVER_ERROR_PROTOCOL], 1);
    end(&s);
}
END_TEST

START_TEST(says_that_info_is_no_text)
{
    struct scene s;

    prepare(&s, (const char *[]){PONG, PONG "*1\r\n:1\r\n" SETTINGS("/d"),
                                 FAKE_HANG, NULL});
    begin(&s);
    RUN_UNTIL(&s, s.located > 0);
    ck_assert_int_eq(s.view->state, SERVER_CONNECTED);
    ck_assert_str_eq(s.view->last_error, "INFO: the reply is no text");
    ck_assert_uint_eq(s.informed, 0);
    end(&s);
}
END_TEST

START_TEST(does_without_what_it_may_not_ask)
{
    struct scene s;

    prepare(&s,
            (const char *[]){
                PONG,
                PONG DENIED DENIED DENIED DENIED DENIED DENIED DENIED DENIED,
                DENIED, DENIED, DENIED, FAKE_CLOSE, NULL});
    set(&s, "connection-ping-interval", "1h");
    set(&s, "connection-info-interval", "10ms");
    begin(&s);
    RUN_UNTIL(&s, s.view->transition_count == 3);
    ck_assert_uint_eq(s.view->errors[SERVER_ERROR_REPLY], 2);
    ck_assert(!s.view->settings_known);
    ck_assert_uint_eq(s.located, 0);
    ck_assert_uint_eq(s.informed, 0);
    ck_assert_int_eq(s.view->info_ms, -1);
    end(&s);
}
END_TEST

START_TEST(sees_another_run_id_and_looks_for_the_data_again)
{
    struct scene s;

    prepare(&s, (const char *[]){PONG, PONG INFO("a") SETTINGS("/d"), INFO("a"),
                                 INFO("b"), SETTINGS("/e"), FAKE_HANG, NULL});
    set(&s, "connection-ping-interval", "1h");
    set(&s, "connection-info-interval", "50ms");
    begin(&s);
    RUN_UNTIL(&s, s.informed == 2);
    ck_assert_uint_eq(s.view->restarts, 0);
    ck_assert_uint_eq(s.located, 1);
    RUN_UNTIL(&s, s.located == 2);
    ck_assert_uint_eq(s.view->restarts, 1);
    ck_assert_int_ge(s.view->restarted_ms, 0);
    ck_assert_str_eq(s.view->settings.dir, "/e");
    ck_assert_int_eq(s.view->state, SERVER_CONNECTED);
    end(&s);
}
END_TEST

START_TEST(hands_on_answers_and_losses)
{
    struct scene s;

    prepare(&s, (const char *[]){PONG, PONG INFO("a") SETTINGS("/d"),
                                 ":1\r\n-ERR no\r\n", FAKE_CLOSE, NULL});
    set(&s, "connection-ping-interval", "1h");
    begin(&s);
    ck_assert_int_eq(ask(&s), -1);
    RUN_UNTIL(&s, s.located > 0);
    for (int i = 0; i < 3; i++)
        ck_assert_int_eq(ask(&s), 0);
    RUN_UNTIL(&s, s.answered + s.failed == 3);
    ck_assert_uint_eq(s.answered, 1);
    ck_assert_str_eq(s.why, "the server closed the connection");
    ck_assert_uint_eq(s.view->errors[SERVER_ERROR_REPLY], 1);
    end(&s);
}
END_TEST

START_TEST(leaves_a_server_that_became_read_only_at_once)
{
    struct scene s;

    prepare(&s,
            (const char *[]){PONG, PONG INFO("a") SETTINGS("/d"),
                             "-READONLY You can't write\r\n", FAKE_HANG, NULL});
    set(&s, "connection-ping-interval", "1h");
    set(&s, "connection-delays", "1h");
    begin(&s);
    RUN_UNTIL(&s, s.located > 0);
    ck_assert_int_eq(ask(&s), 0);
    ck_assert_int_eq(ask(&s), 0);
    RUN_UNTIL(&s, s.view->state == SERVER_CONNECTING);
    ck_assert_uint_eq(s.failed, 2);
    ck_assert_uint_eq(s.view->attempts, 2);
    ck_assert_uint_eq(s.view->retries, 0);
    end(&s);
}
END_TEST

START_TEST(forgets_who_does_not_wait_any_more)
{
    struct scene s;

    prepare(&s, (const char *[]){PONG, PONG INFO("a") SETTINGS("/d"),
                                 ":1\r\n:2\r\n", FAKE_CLOSE, NULL});
    set(&s, "connection-ping-interval", "1h");
    begin(&s);
    RUN_UNTIL(&s, s.located > 0);
    ck_assert_int_eq(ask(&s), 0);
    ck_assert_int_eq(ask(&s), 0);
    server_forget(s.server, &s);
    RUN_UNTIL(&s, s.view->state != SERVER_CONNECTED);
    ck_assert_uint_eq(s.answered + s.failed, 0);
    end(&s);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("server_talk");
    TCase *t = tcase_create("server_talk");
    SRunner *runner = srunner_create(suite);
    int failed;

    suite_add_tcase(suite, t);
    tcase_add_test(t, waits_for_a_server_that_loads_without_using_up_attempts);
    tcase_add_test(t, loading_again_is_connecting_but_no_loss);
    tcase_add_loop_test(t, a_server_that_answers_in_error_is_there, 0,
                        sizeof alive / sizeof *alive);
    tcase_add_loop_test(t, only_pong_is_an_answer_to_ping, 0,
                        sizeof strange / sizeof *strange);
    tcase_add_test(t, says_that_info_is_no_text);
    tcase_add_test(t, does_without_what_it_may_not_ask);
    tcase_add_test(t, sees_another_run_id_and_looks_for_the_data_again);
    tcase_add_test(t, hands_on_answers_and_losses);
    tcase_add_test(t, leaves_a_server_that_became_read_only_at_once);
    tcase_add_test(t, forgets_who_does_not_wait_any_more);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
