#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "jobs/leftovers.h"
#include "test_dataset_dir.h"

/* No process has it: Linux numbers them up to 2^22. */
#define DEAD "99999999"

enum { OLD_S = 3905 };

static const struct dataset_names names = {.appendfilename = "my log"};

/* Makes a file look as if it had been written seconds ago. */
static void
put_old(const char *name, const char *text, int seconds)
{
    struct timespec now, times[2];

    put(name, text);
    clock_gettime(CLOCK_REALTIME, &now);
    times[0] = times[1] = (struct timespec){now.tv_sec - seconds, now.tv_nsec};
    ck_assert_int_eq(utimensat(dir, name, times, 0), 0);
}

static void
find(bool keep, struct report *report)
{
    struct timespec now;
    struct error e = {0};

    clock_gettime(CLOCK_REALTIME, &now);
    ck_assert_int_eq(
        leftovers_find(dir,
                       &(struct leftovers_options){.folder = "/it's",
                                                   .names = &names,
                                                   .keep = keep,
                                                   .now_ms = now.tv_sec * 1000},
                       report, &e),
        0);
}

static const char *const dead[] = {
    "temp-" DEAD ".rdb",
    "temp-1700000000." DEAD ".rdb",
    "temp-rewriteaof-" DEAD ".aof",
    "temp-rewriteaof-bg-" DEAD ".aof",
    "appendonlydir/temp-my log.manifest",
};

START_TEST(tells_how_to_remove_what_a_dead_process_left)
{
    struct report report = {0};
    char remedy[200];

    put_old(dead[_i], "four", OLD_S);
    find(false, &report);
    ck_assert_uint_eq(report.count, 1);
    ck_assert_str_eq(report.findings[0].code, "temp-file");
    ck_assert_int_eq(report.findings[0].severity, SEVERITY_WARNING);
    ck_assert_ptr_nonnull(
        strstr(report.findings[0].text, "(4 B, changed 1 h 5 min ago)"));
    snprintf(remedy, sizeof remedy,
             "if no server works in this directory: rm -- '/it'\\''s/%s'",
             dead[_i]);
    ck_assert_str_eq(report.findings[0].remedy, remedy);
    report_clear(&report);
}
END_TEST

START_TEST(keeps_them_while_the_data_is_not_whole)
{
    struct report report = {0};

    put_old(dead[0], "", OLD_S);
    find(true, &report);
    ck_assert_uint_eq(report.count, 1);
    ck_assert_ptr_null(strstr(report.findings[0].remedy, "rm "));
    report_clear(&report);
}
END_TEST

START_TEST(leaves_alone_what_may_be_in_use)
{
    struct report report = {0};
    char name[64];
    int fd;

    put_old(dead[1], "", 30);
    put_old(dead[2], "", OLD_S);
    fd = openat(dir, dead[2], O_WRONLY | O_CLOEXEC);
    ck_assert_int_eq(fchdir(dir), 0);
    snprintf(name, sizeof name, "temp-%d.rdb", (int)getpid());
    put_old(name, "", 0);
    find(false, &report);
    ck_assert_int_eq(chdir("/"), 0);
    close(fd);
    ck_assert_uint_eq(report.count, 3);
    for (size_t i = 0; i < report.count; i++) {
        ck_assert_str_eq(report.findings[i].code, "temp-file-used");
        ck_assert_int_eq(report.findings[i].severity, SEVERITY_INFO);
    }
    report_clear(&report);
}
END_TEST

START_TEST(a_process_elsewhere_or_begun_later_is_another_one)
{
    struct report report = {0};
    char name[64];

    snprintf(name, sizeof name, "temp-%d.rdb", (int)getpid());
    put_old(name, "", OLD_S);
    snprintf(name, sizeof name, "temp-rewriteaof-%d.aof", (int)getppid());
    put_old(name, "", 90);
    find(false, &report);
    ck_assert_uint_eq(report.count, 2);
    for (size_t i = 0; i < report.count; i++)
        ck_assert_str_eq(report.findings[i].code, "temp-file");
    report_clear(&report);
}
END_TEST

START_TEST(other_files_are_not_looked_at)
{
    static const char *const others[] = {
        "temp-.rdb",
        "temp-12.rdb.bak",
        "temp-12.34.56.rdb",
        "temp-x.rdb",
        "temp-rewriteaof-.aof",
        "temp-rewriteaof-bg-12.rdb",
        "temp-12..rdb",
        "temp-12345678901234567890123.rdb",
        "dump.rdb",
        "appendonlydir/temp-appendonly.aof.manifest",
        "temp-my log.manifest"};
    struct report report = {0};

    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        put_old(others[i], "", OLD_S);
    ck_assert_int_eq(mkdirat(dir, "temp-12.rdb", 0755), 0);
    find(false, &report);
    ck_assert_uint_eq(report.count, 0);
    report_clear(&report);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("leftovers");
    TCase *tc = tcase_create("leftovers");
    SRunner *runner = srunner_create(suite);
    int failed;

    suite_add_tcase(suite, tc);
    tcase_add_checked_fixture(tc, make_dir, remove_dir);
    tcase_add_loop_test(tc, tells_how_to_remove_what_a_dead_process_left, 0,
                        sizeof dead / sizeof *dead);
    tcase_add_test(tc, keeps_them_while_the_data_is_not_whole);
    tcase_add_test(tc, leaves_alone_what_may_be_in_use);
    tcase_add_test(tc, a_process_elsewhere_or_begun_later_is_another_one);
    tcase_add_test(tc, other_files_are_not_looked_at);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
