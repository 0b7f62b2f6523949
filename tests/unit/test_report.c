#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "formats/report.h"

START_TEST(keeps_what_was_found_and_about_what)
{
    struct report r = {0};

    report_about(&r, "dump.rdb");
    report_add(&r, SEVERITY_ERROR, "rdb-checksum", 325, "Use another copy.",
               "%s differs at %d", "it", 7);
    ck_assert_uint_eq(r.count, 1);
    ck_assert_str_eq(r.findings[0].path, "dump.rdb");
    ck_assert_str_eq(r.findings[0].code, "rdb-checksum");
    ck_assert_str_eq(r.findings[0].text, "it differs at 7");
    ck_assert_str_eq(r.findings[0].remedy, "Use another copy.");
    ck_assert_int_eq(r.findings[0].offset, 325);
    ck_assert_int_eq(r.findings[0].severity, SEVERITY_ERROR);
    report_clear(&r);
}
END_TEST

START_TEST(a_finding_keeps_its_path_when_the_next_file_comes)
{
    struct report r = {0};

    report_about(&r, "a");
    report_add(&r, SEVERITY_INFO, "x", -1, NULL, "first");
    report_about(&r, "b");
    report_about(&r, r.path);
    report_add(&r, SEVERITY_INFO, "x", -1, "", "second");
    ck_assert_str_eq(r.findings[0].path, "a");
    ck_assert_str_eq(r.findings[0].remedy, "");
    ck_assert_str_eq(r.findings[1].path, "b");
    report_clear(&r);
}
END_TEST

START_TEST(stops_at_its_limit_and_counts_the_rest)
{
    struct report r = {0};

    for (int i = 0; i < REPORT_FINDINGS_MAX + 5; i++)
        report_add(&r, SEVERITY_WARNING, "x", i, "", "number %d", i);
    ck_assert_uint_eq(r.count, REPORT_FINDINGS_MAX);
    ck_assert_uint_eq(r.dropped, 5);
    ck_assert_str_eq(r.findings[REPORT_FINDINGS_MAX - 1].text, "number 999");
    report_clear(&r);
    ck_assert_uint_eq(r.count, 0);
    ck_assert_uint_eq(r.dropped, 0);
    ck_assert_ptr_null(r.findings);
}
END_TEST

START_TEST(no_report_is_no_trouble)
{
    report_add(NULL, SEVERITY_ERROR, "x", 0, "", "nobody looks");
    report_about(NULL, "nothing");
}
END_TEST

START_TEST(cuts_a_text_that_is_too_long)
{
    struct report r = {0};

    report_add(&r, SEVERITY_INFO, "x", 0, "", "%5000d", 1);
    ck_assert_uint_eq(r.count, 1);
    ck_assert_uint_lt(strlen(r.findings[0].text), 5000);
    report_clear(&r);
}
END_TEST

START_TEST(names_are_what_scripts_read)
{
    ck_assert_str_eq(verdict_name(VERDICT_SOUND), "sound");
    ck_assert_str_eq(verdict_name(VERDICT_TORN), "torn");
    ck_assert_str_eq(verdict_name(VERDICT_DAMAGED), "damaged");
    ck_assert_str_eq(verdict_name(VERDICT_UNKNOWN), "unknown");
    ck_assert_str_eq(report_severity_name(SEVERITY_INFO), "info");
    ck_assert_str_eq(report_severity_name(SEVERITY_WARNING), "warning");
    ck_assert_str_eq(report_severity_name(SEVERITY_ERROR), "error");
    for (int v = VERDICT_SOUND; v <= VERDICT_UNKNOWN; v++)
        ck_assert_int_eq(verdict_find(verdict_name((enum verdict)v)), v);
    ck_assert_int_eq(verdict_find("good"), VERDICT_UNKNOWN);
}
END_TEST

START_TEST(the_worse_verdict_wins_from_either_side)
{
    static const enum verdict order[] = {VERDICT_SOUND, VERDICT_TORN,
                                         VERDICT_UNKNOWN, VERDICT_DAMAGED};

    for (int i = 0; i < 4; i++)
        for (int j = 0; j < 4; j++)
            ck_assert_int_eq(verdict_worse(order[i], order[j]),
                             order[i > j ? i : j]);
}
END_TEST

START_TEST(remedies_name_what_was_judged)
{
    struct report r = {0};

    report_add(&r, SEVERITY_ERROR, "a", -1, REPORT_MEND, "x");
    report_add(&r, SEVERITY_ERROR, "b", -1, "look. " REPORT_MEND, "y");
    report_add(&r, SEVERITY_ERROR, "c", -1, "rm -- PATH DIR", "z");
    report_fill(&r, 1, "a b", "/srv");
    report_fill(&r, 3, "never", NULL);
    ck_assert_str_eq(r.findings[0].remedy, REPORT_MEND);
    ck_assert_str_eq(r.findings[1].remedy,
                     "look. mend it: redkeep repair 'a b'; or restore a"
                     " snapshot: redkeep restore latest --to /srv");
    ck_assert_str_eq(r.findings[2].remedy, "rm -- PATH DIR");
    report_clear(&r);
}
END_TEST

START_TEST(each_command_of_a_remedy_names_the_folder)
{
    struct report r = {0};

    report_add(&r, SEVERITY_ERROR, "restore-unfinished", -1,
               "finish: restore --resume --to DIR; or: restore --undo --to DIR",
               "cut off");
    report_fill(&r, 0, "x", "/a --to DIR");
    ck_assert_str_eq(r.findings[0].remedy,
                     "finish: restore --resume --to '/a --to DIR'; or:"
                     " restore --undo --to '/a --to DIR'");
    report_clear(&r);
}
END_TEST

START_TEST(remedies_repair_with_the_options_that_were_judged_with)
{
    struct report r = {0};

    report_add(&r, SEVERITY_ERROR, "a", -1, REPORT_MEND, "x");
    report_add(&r, SEVERITY_ERROR, "b", -1, REPORT_REPAIR " --deep", "y");
    report_add(&r, SEVERITY_ERROR, "c", -1, "rm -- PATH", "z");
    report_fill(&r, 0, "-x.rdb", NULL);
    report_fill_options(&r, " --deep");
    ck_assert_str_eq(r.findings[0].remedy,
                     "mend it: redkeep repair --deep ./-x.rdb; or"
                     " restore a snapshot: redkeep restore latest --to DIR");
    ck_assert_str_eq(r.findings[1].remedy, "redkeep repair ./-x.rdb --deep");
    ck_assert_str_eq(r.findings[2].remedy, "rm -- PATH");
    report_clear(&r);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("report");
    TCase *tests = tcase_create("report");
    SRunner *runner;
    int failed;

    tcase_add_test(tests, keeps_what_was_found_and_about_what);
    tcase_add_test(tests, a_finding_keeps_its_path_when_the_next_file_comes);
    tcase_add_test(tests, stops_at_its_limit_and_counts_the_rest);
    tcase_add_test(tests, no_report_is_no_trouble);
    tcase_add_test(tests, cuts_a_text_that_is_too_long);
    tcase_add_test(tests, names_are_what_scripts_read);
    tcase_add_test(tests, the_worse_verdict_wins_from_either_side);
    tcase_add_test(tests, remedies_name_what_was_judged);
    tcase_add_test(tests, each_command_of_a_remedy_names_the_folder);
    tcase_add_test(tests,
                   remedies_repair_with_the_options_that_were_judged_with);
    suite_add_tcase(suite, tests);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
