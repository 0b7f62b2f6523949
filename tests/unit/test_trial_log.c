#include "jobs/trial_log.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#define HEAD "4711:M 20 Nov 2026 11:30:00.123 "

static const struct {
    const char *lines, *words;
    bool lossy, starved, mistaken;
    unsigned empty_keys;
} said[] = {
    {HEAD
     "* DB loaded from disk: 0.001 seconds\n"
     "4711:C 20 Nov 2026 11:30:00.123 # oO0OoO0OoO0Oo Redis is starting\n" HEAD
     "# WARNING Memory overcommit must be enabled!\n",
     "", false, false, false, 0},
    {HEAD "* Done loading RDB, keys loaded: 9, keys expired: 1, empty keys"
          " skipped: 3.\n",
     "", false, false, false, 3},
    {HEAD "# !!! Warning: short read while loading the AOF file x!!!\n" HEAD
          "# !!! Truncating the AOF x at offset 7 !!!\n",
     "!!! Truncating the AOF x at offset 7 !!!", true, false, false, 0},
    {HEAD "* AOF loaded anyway because aof-load-truncated is enabled\n",
     "AOF loaded anyway because aof-load-truncated is enabled", true, false,
     false, 0},
    {HEAD "# == CRITICAL == This server is sending an error to its AOF\n",
     "== CRITICAL == This server is sending an error to its AOF", true, false,
     false, 0},
    {HEAD "# Revert incomplete MULTI/EXEC transaction in AOF file x\n",
     "Revert incomplete MULTI/EXEC transaction in AOF file x", true, false,
     false, 0},
    {HEAD "# Internal error in RDB reading offset 0, function at 5\n" HEAD
          "# Terminating server after rdb file reading failure.\n" HEAD
          "# And a third.\n",
     "Internal error in RDB reading offset 0, function at 5; Terminating"
     " server after rdb file reading failure.",
     false, false, false, 0},
    {HEAD "# Short read or OOM loading DB. Unrecoverable error, aborting.\n",
     "Short read or OOM loading DB. Unrecoverable error, aborting.", false,
     false, false, 0},
    {HEAD "# Out Of Memory allocating 99 bytes!\n",
     "Out Of Memory allocating 99 bytes!", false, true, false, 0},
    {"\n*** FATAL CONFIG FILE ERROR (Redis 7.0.15) ***\nBad directive\n",
     "*** FATAL CONFIG FILE ERROR (Redis 7.0.15) ***; Bad directive", false,
     false, true, 0},
    {"error while loading shared libraries\r\n",
     "error while loading shared libraries", false, false, false, 0},
    {"x\x1b[2Jy", "x\\x1b[2Jy", false, false, false, 0},
    {"4:", "4:", false, false, false, 0},
    {"4: a b c d #", "4: a b c d #", false, false, false, 0},
    {"\n\n \n", "", false, false, false, 0},
};

START_TEST(hears_what_matters)
{
    struct trial_log log = {0};

    trial_log_take(&log, said[_i].lines, strlen(said[_i].lines));
    trial_log_end(&log);
    ck_assert_str_eq(log.words, said[_i].words);
    ck_assert_int_eq(log.lossy, said[_i].lossy);
    ck_assert_int_eq(log.starved, said[_i].starved);
    ck_assert_int_eq(log.mistaken, said[_i].mistaken);
    ck_assert_uint_eq(log.empty_keys, said[_i].empty_keys);
}
END_TEST

START_TEST(byte_by_byte_is_the_same)
{
    struct trial_log whole = {0}, pieces = {0};
    const char *lines = said[_i].lines;

    trial_log_take(&whole, lines, strlen(lines));
    trial_log_end(&whole);
    for (; *lines != '\0'; lines++)
        trial_log_take(&pieces, lines, 1);
    trial_log_end(&pieces);
    ck_assert_str_eq(pieces.words, whole.words);
    ck_assert_int_eq(pieces.lossy, whole.lossy);
}
END_TEST

START_TEST(a_line_without_an_end_is_cut)
{
    struct trial_log log = {0};

    for (int i = 0; i < 100000; i++)
        trial_log_take(&log, "x", 1);
    trial_log_end(&log);
    ck_assert_uint_lt(strlen(log.words), TRIAL_LOG_WORDS_SIZE);
    ck_assert_uint_gt(strlen(log.words), 100);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("trial_log");
    TCase *cases = tcase_create("trial_log");
    SRunner *runner = srunner_create(suite);
    int failed, count = sizeof said / sizeof *said;

    tcase_add_loop_test(cases, hears_what_matters, 0, count);
    tcase_add_loop_test(cases, byte_by_byte_is_the_same, 0, count);
    tcase_add_test(cases, a_line_without_an_end_is_cut);
    suite_add_tcase(suite, cases);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
