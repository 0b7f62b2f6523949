#include "test_server_scene.h"

START_TEST(knows_the_server_once_it_is_connected)
{
    struct scene s;

    prepare(&s, (const char *[]){PONG, PONG INFO("a") SETTINGS("/d"), PONG,
                                 FAKE_HANG, NULL});
    begin(&s);
    RUN_UNTIL(&s, s.located > 0);
    ck_assert_int_eq(s.view->state, SERVER_CONNECTED);
    ck_assert(!s.view->startup);
    ck_assert(s.view->ever_connected);
    ck_assert_uint_eq(s.view->attempts, 1);
    ck_assert_uint_eq(s.view->retries, 0);
    ck_assert_int_ge(s.view->response_us, 0);
    ck_assert_int_ge(s.view->connected_ms, 0);
    ck_assert_int_eq(s.view->away_ms, -1);
    ck_assert_str_eq(s.view->info.run_id, "a");
    ck_assert(s.view->settings_known);
    ck_assert_str_eq(s.view->settings.dir, "/d");
    ck_assert_ptr_null(s.view->settings.dbfilename);
    ck_assert_uint_eq(s.view->transition_count, 2);
    ck_assert_int_eq(s.view->transitions[0].to, SERVER_CONNECTING);
    ck_assert_int_eq(s.view->transitions[1].to, SERVER_CONNECTED);
    ck_assert_uint_eq(s.first, 1);
    end(&s);
}
END_TEST

START_TEST(goes_on_when_the_first_attempts_are_used_up)
{
    struct scene s;

    prepare(&s, (const char *[]){NULL});
    fake_stop(&s.fake);
    begin(&s);
    RUN_UNTIL(&s, s.view->state == SERVER_FAILED);
    ck_assert_uint_eq(s.view->retries, 3);
    ck_assert_uint_eq(s.view->attempts, 3);
    ck_assert(!s.view->startup);
    ck_assert_uint_eq(s.first, 1);
    RUN_UNTIL(&s, s.view->retries >= 6);
    ck_assert_int_eq(s.view->state, SERVER_FAILED);
    ck_assert_uint_eq(s.view->errors[SERVER_ERROR_CONNECT], s.view->retries);
    ck_assert_str_eq(s.view->last_error, "Connection refused");
    ck_assert_int_ge(s.view->last_error_ms, s.view->away_ms);
    ck_assert_uint_eq(s.view->transition_count, 2);
    end(&s);
}
END_TEST

START_TEST(connects_again_after_a_loss)
{
    struct scene s;

    prepare(&s, (const char *[]){PONG, PONG INFO("a") SETTINGS("/d"),
                                 FAKE_CLOSE, NULL});
    begin(&s);
    RUN_UNTIL(&s, s.view->reconnects == 3);
    ck_assert_uint_eq(s.view->retries, 0);
    ck_assert_uint_eq(s.view->attempts, 4);
    ck_assert_uint_ge(s.view->errors[SERVER_ERROR_CONNECT], 3);
    ck_assert_uint_ge(s.view->transition_count, 2 + 3 * 3);
    ck_assert_int_eq(s.view->transitions[2].to, SERVER_DISCONNECTED);
    ck_assert_int_eq(s.view->transitions[3].to, SERVER_CONNECTING);
    ck_assert_uint_eq(s.view->restarts, 0);
    end(&s);
}
END_TEST

START_TEST(keeps_the_last_transitions_only)
{
    struct scene s;
    const struct server_transition *last;

    prepare(&s, (const char *[]){PONG, PONG INFO("a") SETTINGS("/d"),
                                 FAKE_CLOSE, NULL});
    begin(&s);
    RUN_UNTIL(&s, s.view->reconnects == 20);
    ck_assert_uint_eq(s.view->transition_count, 2 + 20 * 3);
    last =
        &s.view
             ->transitions[(s.view->transition_count - 1) % SERVER_TRANSITIONS];
    ck_assert_int_eq(last->to, SERVER_CONNECTED);
    end(&s);
}
END_TEST

static const struct {
    const char *answers[4];
    enum server_error kind;
    const char *words;
} errors[] = {
    {{"-WRONGPASS no\r\n", NULL}, SERVER_ERROR_AUTH, "WRONGPASS no"},
    {{"-ERR max number of clients reached\r\n", FAKE_HANG, NULL},
     SERVER_ERROR_REPLY,
     "ERR max number of clients reached"},
    {{"+OK\r\n", "-NOAUTH x\r\n", NULL}, SERVER_ERROR_AUTH, "NOAUTH x"},
    {{"HTTP/1.1 400\r\n", NULL},
     SERVER_ERROR_PROTOCOL,
     "what the server says is no reply"},
    {{FAKE_HANG, NULL}, SERVER_ERROR_TIMEOUT, "timeout after 50 ms"},
    {{"", NULL}, SERVER_ERROR_CONNECT, "the server closed"},
    {{"+OK\r\n", PONG, FAKE_HANG, NULL},
     SERVER_ERROR_TIMEOUT,
     "timeout after 40 ms waiting for PING"},
    {{"+OK\r\n", PONG, "-NOAUTH x\r\n", NULL}, SERVER_ERROR_AUTH, "NOAUTH x"},
};

START_TEST(counts_errors_by_their_kind)
{
    struct scene s;
    char url[100];

    prepare(&s, errors[_i].answers);
    snprintf(url, sizeof url, "redis://:p@127.0.0.1:%u", s.fake.port);
    set(&s, "redis", url);
    set(&s, "connection-connect-timeout", "50ms");
    set(&s, "connection-command-timeout", "40ms");
    begin(&s);
    RUN_UNTIL(&s, s.view->last_error[0] != '\0');
    ck_assert_msg(strstr(s.view->last_error, errors[_i].words) != NULL, "%s",
                  s.view->last_error);
    ck_assert_uint_eq(s.view->errors[errors[_i].kind], 1);
    ck_assert_uint_eq(s.view->retries, 1);
    ck_assert_ptr_null(strstr(s.view->url, "p@"));
    end(&s);
}
END_TEST

START_TEST(another_configuration_reconnects_only_if_it_must)
{
    struct scene s;
    struct config next;
    struct error e = {0};

    prepare(&s, (const char *[]){PONG, PONG INFO("a") SETTINGS("/d"), PONG,
                                 PONG, PONG, PONG, FAKE_HANG, NULL});
    begin(&s);
    RUN_UNTIL(&s, s.located > 0);
    config_init(&next);
    config_set_option(&next, "redis", s.fake.url, &e);
    ck_assert_int_eq(server_reload(s.server, &next, &e), 0);
    ck_assert_int_eq(s.view->state, SERVER_CONNECTED);
    config_set_option(&next, "password-file", "/nowhere", &e);
    ck_assert_int_eq(server_reload(s.server, &next, &e), -1);
    ck_assert_int_eq(e.kind, ERROR_USAGE);
    ck_assert_int_eq(s.view->state, SERVER_CONNECTED);
    ck_assert_int_eq(server_reload(s.server, &s.config, &e), 0);
    set(&s, "redis", "redis://127.0.0.1:1");
    ck_assert_int_eq(server_reload(s.server, &s.config, &e), 0);
    ck_assert_int_eq(s.view->state, SERVER_DISCONNECTED);
    ck_assert_str_eq(s.view->url, "redis://127.0.0.1:1");
    ck_assert(!s.view->settings_known);
    ck_assert_uint_eq(s.located, 2);
    config_clear(&next);
    end(&s);
}
END_TEST

START_TEST(may_be_freed_at_any_time)
{
    struct scene s;

    for (int turns = 0; turns < 12; turns++) {
        prepare(&s, (const char *[]){PONG, PONG INFO("a") SETTINGS("/d"),
                                     FAKE_HANG, NULL});
        begin(&s);
        for (int i = 0; i < turns; i++) {
            event_base_loop(s.base, EVLOOP_NONBLOCK);
            ask(&s);
        }
        end(&s);
    }
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("server");
    TCase *t = tcase_create("server");
    SRunner *runner = srunner_create(suite);
    int failed;

    suite_add_tcase(suite, t);
    tcase_add_test(t, knows_the_server_once_it_is_connected);
    tcase_add_test(t, goes_on_when_the_first_attempts_are_used_up);
    tcase_add_test(t, connects_again_after_a_loss);
    tcase_add_test(t, keeps_the_last_transitions_only);
    tcase_add_loop_test(t, counts_errors_by_their_kind, 0,
                        sizeof errors / sizeof *errors);
    tcase_add_test(t, another_configuration_reconnects_only_if_it_must);
    tcase_add_test(t, may_be_freed_at_any_time);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
