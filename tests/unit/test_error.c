#include "base/error.h"

#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

START_TEST(assembles_a_message_from_the_inside_out)
{
    struct error e = {0};

    ck_assert_int_eq(error_set(&e, ERROR_DAMAGED, "seq %d does not rise", 3),
                     -1);
    ck_assert_int_eq(error_in(&e, "line %d", 2), -1);
    ck_assert_int_eq(error_in(&e, "manifest"), -1);
    ck_assert_str_eq(e.text, "manifest: line 2: seq 3 does not rise");
    ck_assert_int_eq(e.kind, ERROR_DAMAGED);
}
END_TEST

START_TEST(may_use_its_own_text_as_an_argument)
{
    struct error e = {0};

    error_set(&e, ERROR_FAILED, "inner");
    error_set(&e, ERROR_USAGE, "outer (%s)", e.text);
    ck_assert_str_eq(e.text, "outer (inner)");
    error_in(&e, "<%s>", e.text);
    ck_assert_str_eq(e.text, "<outer (inner)>: outer (inner)");
}
END_TEST

START_TEST(calls_a_missing_file_absent_and_the_rest_failed)
{
    struct error e = {0};

    errno = ENOENT;
    ck_assert_int_eq(error_sys(&e, "open %s", "x"), -1);
    ck_assert_int_eq(e.kind, ERROR_ABSENT);
    ck_assert_str_eq(e.text, "open x: No such file or directory");
    ck_assert_int_eq(errno, ENOENT);
    errno = EACCES;
    error_sys(&e, "open %s", "x");
    ck_assert_int_eq(e.kind, ERROR_FAILED);
    ck_assert_str_eq(e.text,
                     "open x: Permission denied; run as its owner or as root");
}
END_TEST

START_TEST(says_what_to_do_about_a_full_disk)
{
    struct error e = {0};

    errno = ENOSPC;
    error_sys(&e, "write");
    ck_assert_str_eq(e.text, "write: No space left on device; make room there "
                             "and try again");
}
END_TEST

START_TEST(cuts_what_is_too_long)
{
    char big[2000];
    struct error e = {0};

    memset(big, 'a', sizeof big - 1);
    big[sizeof big - 1] = '\0';
    error_set(&e, ERROR_FAILED, "%s", big);
    ck_assert_uint_eq(strlen(e.text), sizeof e.text - 1);
    errno = EIO;
    error_sys(&e, "%s", big);
    error_in(&e, "%s", big);
    ck_assert_uint_eq(strlen(e.text), sizeof e.text - 1);
}
END_TEST

START_TEST(gives_each_kind_its_exit_status)
{
    ck_assert_int_eq(error_exit_status(ERROR_NONE), 0);
    ck_assert_int_eq(error_exit_status(ERROR_DAMAGED), 1);
    ck_assert_int_eq(error_exit_status(ERROR_USAGE), 2);
    ck_assert_int_eq(error_exit_status(ERROR_FAILED), 3);
    ck_assert_int_eq(error_exit_status(ERROR_ABSENT), 3);
    ck_assert_int_eq(error_exit_status(ERROR_CHANGED), 3);
    ck_assert_int_eq(error_exit_status(ERROR_DENIED), 3);
    ck_assert_int_eq(error_exit_status(ERROR_STOPPED), 3);
    ck_assert_int_eq(error_exit_status(ERROR_REFUSED), 4);
    ck_assert_int_eq(error_exit_status(ERROR_LOCKED), 5);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("error");
    TCase *cases = tcase_create("error");
    SRunner *runner;
    int failed;

    tcase_add_test(cases, assembles_a_message_from_the_inside_out);
    tcase_add_test(cases, may_use_its_own_text_as_an_argument);
    tcase_add_test(cases, calls_a_missing_file_absent_and_the_rest_failed);
    tcase_add_test(cases, says_what_to_do_about_a_full_disk);
    tcase_add_test(cases, cuts_what_is_too_long);
    tcase_add_test(cases, gives_each_kind_its_exit_status);
    suite_add_tcase(suite, cases);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
