#include "../../tools/status_ask.h"

#include <stdlib.h>

#include "base/text.h"
#include "folder.h"

static struct config config;
static struct status_ask ask;

static void
begin(void)
{
    folder_begin();
    config_init(&config);
}

static void
end(void)
{
    status_ask_clear(&ask);
    config_clear(&config);
    folder_end();
}

static void
set(const char *option, const char *value)
{
    ck_assert_int_eq(config_set_option(&config, option, value, &e), 0);
}

static const struct {
    const char *listen, *host, *port, *address;
} places[] = {
    {"127.0.0.1:9736", "127.0.0.1", "9736", "127.0.0.1:9736"},
    {"localhost:1", "localhost", "1", "localhost:1"},
    {"[::1]:9736", "::1", "9736", "[::1]:9736"},
    {"0.0.0.0:9736", "127.0.0.1", "9736", "127.0.0.1:9736"},
    {"*:9736", "127.0.0.1", "9736", "127.0.0.1:9736"},
    {"[::]:9736", "::1", "9736", "[::1]:9736"},
};

START_TEST(asks_where_the_agent_listens)
{
    set("http-listen", places[_i].listen);
    ck_assert_int_eq(status_ask_read(&ask, &config, &e), 0);
    ck_assert_str_eq(ask.host, places[_i].host);
    ck_assert_str_eq(ask.port, places[_i].port);
    ck_assert_str_eq(ask.address, places[_i].address);
    ck_assert_ptr_null(ask.token);
}
END_TEST

START_TEST(asks_nobody_where_listen_is_off)
{
    set("http-listen", "off");
    ck_assert_int_eq(status_ask_read(&ask, &config, &e), 0);
    ck_assert_ptr_null(ask.host);
}
END_TEST

START_TEST(shows_the_first_line_of_the_token_file)
{
    char *file = text_format("%s/token", path);

    put("token", "0123456789abcdef\r\nsecond line");
    set("http-token-file", file);
    ck_assert_int_eq(status_ask_read(&ask, &config, &e), 0);
    ck_assert_str_eq(ask.token, "0123456789abcdef");
    free(file);
}
END_TEST

static const char *const no_tokens[] = {"", "\n0123456789abcdef", "two words\n",
                                        "caf\xc3\xa9\n", "tab\t\n"};

START_TEST(refuses_what_is_no_token)
{
    char *file = text_format("%s/token", path);
    char *expected =
        text_format("token_file %s: its first line is no token", file);

    put("token", no_tokens[_i]);
    set("http-token-file", file);
    ck_assert_int_eq(status_ask_read(&ask, &config, &e), -1);
    ck_assert_int_eq(e.kind, ERROR_USAGE);
    ck_assert_str_eq(e.text, expected);
    free(expected);
    free(file);
}
END_TEST

START_TEST(a_token_file_that_is_missing_is_a_bad_configuration)
{
    set("http-token-file", "/nowhere/token");
    ck_assert_int_eq(status_ask_read(&ask, &config, &e), -1);
    ck_assert_int_eq(e.kind, ERROR_USAGE);
    ck_assert_ptr_nonnull(strstr(e.text, "/nowhere/token"));
}
END_TEST

START_TEST(nobody_there_is_told_apart_from_a_failure)
{
    json_t *state;

    /* Port 1 of a loopback address nobody uses. */
    set("http-listen", "127.7.7.7:1");
    ck_assert_int_eq(status_ask_read(&ask, &config, &e), 0);
    ck_assert_int_eq(status_ask_agent(&ask, 1000, &state, &e), -1);
    ck_assert_int_eq(e.kind, ERROR_ABSENT);
    ck_assert_ptr_null(state);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("status_ask");
    TCase *t = tcase_create("status_ask");
    SRunner *runner = srunner_create(suite);
    int failed;

    suite_add_tcase(suite, t);
    tcase_add_checked_fixture(t, begin, end);
    tcase_add_loop_test(t, asks_where_the_agent_listens, 0,
                        sizeof places / sizeof *places);
    tcase_add_test(t, asks_nobody_where_listen_is_off);
    tcase_add_test(t, shows_the_first_line_of_the_token_file);
    tcase_add_loop_test(t, refuses_what_is_no_token, 0,
                        sizeof no_tokens / sizeof *no_tokens);
    tcase_add_test(t, a_token_file_that_is_missing_is_a_bad_configuration);
    tcase_add_test(t, nobody_there_is_told_apart_from_a_failure);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
