#include "base/log.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"

/* What one call writes to standard error. */
static char *
written(enum log_level level, const char *text)
{
    FILE *file = tmpfile();
    int old = dup(STDERR_FILENO);
    char *line = calloc(1, 32768);
    ssize_t n;

    ck_assert_ptr_nonnull(file);
    dup2(fileno(file), STDERR_FILENO);
    log_line(level, "%s", text);
    dup2(old, STDERR_FILENO);
    close(old);
    n = pread(fileno(file), line, 32767, 0);
    ck_assert_int_ge(n, 0);
    fclose(file);
    return line;
}

START_TEST(writes_time_level_and_sentence)
{
    char *line = written(LOG_LEVEL_WARNING, "disk is low free=3");
    char *blank = strchr(line, ' ');
    int64_t ms;

    ck_assert_ptr_nonnull(blank);
    *blank = '\0';
    ck_assert(text_time(line, &ms));
    ck_assert_str_eq(blank + 1, "warning disk is low free=3\n");
    free(line);
}
END_TEST

START_TEST(shows_control_characters_and_keeps_utf8)
{
    char *line = written(LOG_LEVEL_ERROR, "a\nb\x1b[0m\x7f \xc3\xa9");

    ck_assert_str_eq(strstr(line, "error "),
                     "error a\\x0ab\\x1b[0m\\x7f \xc3\xa9\n");
    free(line);
}
END_TEST

START_TEST(drops_lines_above_its_level)
{
    char *line = written(LOG_LEVEL_DEBUG, "hidden");

    ck_assert_str_eq(line, "");
    free(line);
    log_set_level(LOG_LEVEL_DEBUG);
    line = written(LOG_LEVEL_DEBUG, "shown");
    ck_assert_ptr_nonnull(strstr(line, "debug shown\n"));
    free(line);
    log_set_level(LOG_LEVEL_ERROR);
}
END_TEST

START_TEST(bounds_a_line_of_any_length)
{
    char big[10000], *line;

    memset(big, 1, sizeof big - 1);
    big[sizeof big - 1] = '\0';
    line = written(LOG_LEVEL_ERROR, big);
    ck_assert_uint_lt(strlen(line), 9000);
    ck_assert_uint_gt(strlen(line), 8000);
    ck_assert_int_eq(line[strlen(line) - 1], '\n');
    free(line);
}
END_TEST

START_TEST(a_pipe_that_nobody_reads_holds_up_nobody)
{
    int ends[2], old = dup(STDERR_FILENO);
    static char bytes[1 << 20];
    ssize_t n;

    ck_assert_int_eq(pipe(ends), 0);
    dup2(ends[1], STDERR_FILENO);
    log_never_wait();
    for (int i = 0; i < 1000; i++)
        log_line(LOG_LEVEL_ERROR, "%0999d", i);
    n = read(ends[0], bytes, sizeof bytes);
    log_line(LOG_LEVEL_ERROR, "after");
    dup2(old, STDERR_FILENO);
    ck_assert_int_gt(n, 32768);
    n = read(ends[0], bytes, sizeof bytes - 1);
    bytes[n] = '\0';
    ck_assert_ptr_nonnull(strstr(bytes, " lines are missing here"));
    ck_assert_ptr_nonnull(strstr(bytes, " error after\n"));
    close(ends[0]);
    close(ends[1]);
    close(old);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("log");
    TCase *cases = tcase_create("log");
    SRunner *runner;
    int failed;

    tcase_add_test(cases, writes_time_level_and_sentence);
    tcase_add_test(cases, shows_control_characters_and_keeps_utf8);
    tcase_add_test(cases, drops_lines_above_its_level);
    tcase_add_test(cases, bounds_a_line_of_any_length);
    tcase_add_test(cases, a_pipe_that_nobody_reads_holds_up_nobody);
    suite_add_tcase(suite, cases);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
