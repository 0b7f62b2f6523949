#include "jobs/value.h"

#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static char *text;

static void
end(void)
{
    free(text);
    text = NULL;
}

/* The value in an array, as it is sent; the value is given up. */
static const char *
sent(json_t *value)
{
    json_t *array = json_array();
    size_t size;

    json_array_append_new(array, value);
    free(text);
    text = value_print(array, &size);
    ck_assert_uint_eq(size, strlen(text));
    json_decref(array);
    return text;
}

START_TEST(gives_null_for_the_unknown)
{
    ck_assert_str_eq(sent(value_text(NULL)), "[null]\n");
    ck_assert_str_eq(sent(value_text("")), "[null]\n");
    ck_assert_str_eq(sent(value_string(NULL)), "[null]\n");
    ck_assert_str_eq(sent(value_time(-1)), "[null]\n");
    ck_assert_str_eq(sent(value_number(-1)), "[null]\n");
    ck_assert_str_eq(sent(value_seconds(-1)), "[null]\n");
    ck_assert_str_eq(sent(value_real(NAN)), "[null]\n");
    ck_assert_str_eq(sent(value_real(INFINITY)), "[null]\n");
    ck_assert_str_eq(sent(value_flag(false, true)), "[null]\n");
}
END_TEST

START_TEST(gives_what_is_known)
{
    ck_assert_str_eq(sent(value_format("%d of %s", 3, "\xc3\xa4")),
                     "[\"3 of \xc3\xa4\"]\n");
    ck_assert_str_eq(sent(value_time(1500)),
                     "[\"1970-01-01T00:00:01.500Z\"]\n");
    ck_assert_str_eq(sent(value_string("")), "[\"\"]\n");
    ck_assert_str_eq(sent(value_number(0)), "[0]\n");
    ck_assert_str_eq(sent(value_seconds(1234)), "[1.234]\n");
    ck_assert_str_eq(sent(value_flag(true, false)), "[false]\n");
}
END_TEST

START_TEST(shows_numbers_as_they_were_meant)
{
    ck_assert_str_eq(sent(value_real(0.213)), "[0.213]\n");
    ck_assert_str_eq(sent(value_real(80)), "[80.0]\n");
}
END_TEST

START_TEST(loses_no_field_to_foreign_bytes)
{
    ck_assert_str_eq(sent(value_text("/srv/\xff\xc3(")),
                     "[\"/srv/\\\\xff\\\\xc3(\"]\n");
}
END_TEST

START_TEST(reads_times_that_it_wrote_and_no_others)
{
    json_t *o = json_pack("{s:o, s:s, s:i, s:n}", "a", value_time(1500), "b",
                          "noon", "c", 3, "d");

    ck_assert_int_eq(value_read_time(o, "a"), 1500);
    ck_assert_int_eq(value_read_time(o, "b"), -1);
    ck_assert_int_eq(value_read_time(o, "c"), -1);
    ck_assert_int_eq(value_read_time(o, "d"), -1);
    ck_assert_int_eq(value_read_time(NULL, "a"), -1);
    json_decref(o);
}
END_TEST

START_TEST(cuts_what_is_too_long)
{
    char word[2000];

    memset(word, 'x', sizeof word - 1);
    word[sizeof word - 1] = '\0';
    ck_assert_uint_eq(strlen(sent(value_format("%s", word))), 511 + 5);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("value");
    TCase *cases = tcase_create("all");
    SRunner *runner = srunner_create(suite);
    int failed;

    suite_add_tcase(suite, cases);
    tcase_add_checked_fixture(cases, NULL, end);
    tcase_add_test(cases, gives_null_for_the_unknown);
    tcase_add_test(cases, gives_what_is_known);
    tcase_add_test(cases, shows_numbers_as_they_were_meant);
    tcase_add_test(cases, loses_no_field_to_foreign_bytes);
    tcase_add_test(cases, reads_times_that_it_wrote_and_no_others);
    tcase_add_test(cases, cuts_what_is_too_long);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
