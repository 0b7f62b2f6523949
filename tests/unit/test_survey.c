#include "redis/survey.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "base/url.h"
#include "fake.h"

static struct fake server;
static struct link *asked;
static struct error e;

static void
begin(const char *const *answers)
{
    struct url url;

    fake_start(&server, answers);
    ck_assert_int_eq(url_read(&url, server.url, &e), 0);
    asked = link_open(&(struct link_options){.url = &url,
                                             .connect_timeout_ms = 5000,
                                             .command_timeout_ms = 5000},
                      &e);
    ck_assert_msg(asked != NULL, "%s", e.text);
    url_clear(&url);
}

static void
end(void)
{
    link_close(asked);
    asked = NULL;
    fake_stop(&server);
}

START_TEST(reads_all_settings)
{
    static const char *const answers[] = {
        "+PONG\r\n",
        "*4\r\n$4\r\nsave\r\n$0\r\n\r\n$7\r\ntimeout\r\n$1\r\n5\r\n", NULL};
    struct survey_settings *s;

    begin(answers);
    s = survey_ask_settings(asked, &e);
    ck_assert_ptr_nonnull(s);
    ck_assert_str_eq(survey_settings_find(s, "save"), "");
    ck_assert_str_eq(survey_settings_find(s, "timeout"), "5");
    ck_assert_ptr_null(survey_settings_find(s, "5"));
    survey_settings_free(s);
}
END_TEST

/* Of another form: an odd number of words, words that are none. */
START_TEST(takes_no_answer_of_another_form)
{
    static const char *const answers[] = {
        "+PONG\r\n",      "*3\r\n$4\r\nsave\r\n:7\r\n$7\r\ntimeout\r\n",
        "$4\r\nsave\r\n", "*0\r\n",
        "+some\r\n",      NULL,
    };
    struct survey_settings *s;

    begin(answers);
    s = survey_ask_settings(asked, &e);
    ck_assert_ptr_nonnull(s);
    ck_assert_ptr_null(survey_settings_find(s, "save"));
    ck_assert_ptr_null(survey_settings_find(s, "timeout"));
    survey_settings_free(s);
    ck_assert_ptr_null(survey_ask_settings(asked, &e));
    ck_assert_ptr_null(survey_ask_info(asked, &e));
    ck_assert_int_eq(survey_ask_slow(asked, &e), -1);
}
END_TEST

START_TEST(tells_which_commands_are_gone)
{
    static const char *const answers[] = {
        "+PONG\r\n",
        "*3\r\n*-1\r\n*1\r\n$1\r\nx\r\n*-1\r\n",
        "-NOPERM this user has no permissions\r\n",
        NULL,
    };
    char *gone;

    begin(answers);
    gone = survey_ask_gone(asked, &e);
    ck_assert_str_eq(gone, " FLUSHALL CONFIG");
    free(gone);
    ck_assert_ptr_null(survey_ask_gone(asked, &e));
    ck_assert_int_eq(e.kind, ERROR_DENIED);
}
END_TEST

static const struct {
    const char *answers[4];
    enum survey_stranger may;
} strangers[] = {
    {{"+PONG\r\n", ":3\r\n", "*0\r\n"}, SURVEY_STRANGER_ALL},
    {{"+PONG\r\n", ":3\r\n", "-NOPERM no\r\n"}, SURVEY_STRANGER_SOME},
    {{"+PONG\r\n", "-NOPERM no\r\n"}, SURVEY_STRANGER_NOTHING},
    {{"-NOAUTH Authentication required.\r\n"}, SURVEY_STRANGER_NOTHING},
    {{"+PONG\r\n", "-LOADING it loads\r\n"}, SURVEY_STRANGER_UNKNOWN},
    {{FAKE_CLOSE}, SURVEY_STRANGER_UNKNOWN},
};

START_TEST(tries_what_a_stranger_may_do)
{
    struct url url;

    fake_start(&server, strangers[_i].answers);
    ck_assert_int_eq(url_read(&url, server.url, &e), 0);
    free(url.password);
    url.password = strdup("never sent");
    ck_assert_int_eq(
        survey_try_stranger(&(struct link_options){.url = &url,
                                                   .connect_timeout_ms = 5000,
                                                   .command_timeout_ms = 5000,
                                                   .password = "nor this"},
                            &e),
        strangers[_i].may);
    url_clear(&url);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("survey");
    TCase *cases = tcase_create("survey");
    SRunner *runner;
    int failed;

    tcase_add_checked_fixture(cases, NULL, end);
    tcase_add_test(cases, reads_all_settings);
    tcase_add_test(cases, takes_no_answer_of_another_form);
    tcase_add_test(cases, tells_which_commands_are_gone);
    tcase_add_loop_test(cases, tries_what_a_stranger_may_do, 0,
                        sizeof strangers / sizeof *strangers);
    suite_add_tcase(suite, cases);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
