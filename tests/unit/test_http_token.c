#include "daemon/http_token.h"

#include "folder.h"

#define TOKEN "0123456789abcdef"

static struct config config;
static char *token;

static void
begin(void)
{
    folder_begin();
    config_init(&config);
}

static void
end(void)
{
    free(token);
    config_clear(&config);
    folder_end();
}

static int
load(const char *content)
{
    char name[128];

    ck_assert_int_eq(
        file_replace(dir, "token", content, strlen(content), 0600, &e), 0);
    snprintf(name, sizeof name, "%s/token", path);
    ck_assert_int_eq(config_set_option(&config, "http-token-file", name, &e),
                     0);
    return http_token_load(&config, &token, &e);
}

START_TEST(asks_for_none_where_none_is_given)
{
    ck_assert_int_eq(http_token_load(&config, &token, &e), 0);
    ck_assert_ptr_null(token);
}
END_TEST

START_TEST(takes_it_from_the_configuration)
{
    ck_assert_int_eq(config_set_option(&config, "http-token", TOKEN, &e), 0);
    ck_assert_int_eq(http_token_load(&config, &token, &e), 0);
    ck_assert_str_eq(token, TOKEN);
}
END_TEST

START_TEST(takes_the_first_line_of_the_file)
{
    ck_assert_int_eq(load(TOKEN "\r\nanother line\n"), 0);
    ck_assert_str_eq(token, TOKEN);
}
END_TEST

static const char *const bad[] = {"", "\n" TOKEN, "short", TOKEN " x",
                                  TOKEN "\xc3\xa9"};

START_TEST(refuses_a_file_without_a_token)
{
    ck_assert_int_eq(load(bad[_i]), -1);
    ck_assert_int_eq(e.kind, ERROR_USAGE);
    ck_assert_ptr_nonnull(strstr(e.text, "token: its first line is not"));
    ck_assert_ptr_null(token);
}
END_TEST

START_TEST(refuses_a_file_that_is_not_there)
{
    ck_assert_int_eq(
        config_set_option(&config, "http-token-file", "/nowhere/token", &e), 0);
    ck_assert_int_eq(http_token_load(&config, &token, &e), -1);
    ck_assert_int_eq(e.kind, ERROR_USAGE);
    ck_assert_ptr_nonnull(strstr(e.text, "/nowhere/token"));
}
END_TEST

static const struct {
    const char *header;
    bool matches;
} headers[] = {
    {"Bearer " TOKEN, true},
    {"bearer " TOKEN, true},
    {"BEARER   " TOKEN, true},
    {NULL, false},
    {"", false},
    {"Bearer", false},
    {"Bearer ", false},
    {TOKEN, false},
    {"Basic " TOKEN, false},
    {"Bearer " TOKEN "0", false},
    {"Bearer " TOKEN TOKEN, false},
    {"Bearer 0123456789abcde", false},
    {"Bearer 0123456789abcdeF", false},
    {"Bearer " TOKEN " ", false},
};
enum { HEADERS = sizeof headers / sizeof *headers };

START_TEST(matches_the_whole_token_only)
{
    ck_assert_int_eq(http_token_matches(TOKEN, headers[_i].header),
                     headers[_i].matches);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("http_token");
    TCase *cases = tcase_create("all");
    SRunner *runner = srunner_create(suite);
    int failed;

    suite_add_tcase(suite, cases);
    tcase_add_checked_fixture(cases, begin, end);
    tcase_add_test(cases, asks_for_none_where_none_is_given);
    tcase_add_test(cases, takes_it_from_the_configuration);
    tcase_add_test(cases, takes_the_first_line_of_the_file);
    tcase_add_loop_test(cases, refuses_a_file_without_a_token, 0, 5);
    tcase_add_test(cases, refuses_a_file_that_is_not_there);
    tcase_add_loop_test(cases, matches_the_whole_token_only, 0, HEADERS);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
