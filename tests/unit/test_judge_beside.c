#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "formats/judge_beside.h"

/* The parts of a manifest; what lies beside; what is said of it. */
static const struct {
    const char *manifest;
    struct dataset_beside beside[3];
    const char *told; /* "severity code: text" */
    bool joins;
} scenes[] = {
    {"file b seq 4 type b\nfile i seq 7 type i\n",
     {{"x", DATASET_BESIDE_INCR, 8, false, 2048}},
     "warning aof-beside d/x: is not in the manifest: no server loads it, and "
     "the next rewrite empties it (2.0 KiB)\n",
     false},
    {"file b seq 4 type b\nfile i seq 7 type i\n",
     {{"x", DATASET_BESIDE_INCR, 8, false, 0}},
     "info aof-beside d/x: is empty and not in the manifest, as a rewrite that "
     "was cut short leaves it; no server loads it\n",
     false},
    {"file b seq 4 type b\nfile i seq 7 type i\n",
     {{"x", DATASET_BESIDE_INCR, 6, false, 1}},
     "warning aof-beside d/x: is not in the manifest: no server loads it "
     "(1 B)\n",
     false},
    {"file b seq 4 type b\nfile i seq 7 type i\n",
     {{"x", DATASET_BESIDE_BASE, 5, false, 1}},
     "info aof-beside d/x: is not in the manifest: no server loads it, and the "
     "next rewrite writes over it (1 B)\n",
     false},
    {"file b seq 4 type b\nfile i seq 7 type i\n",
     {{"x", DATASET_BESIDE_BASE, 3, false, 1}},
     "warning aof-beside d/x: is not in the manifest: no server loads it "
     "(1 B)\n",
     false},
    /* A newer incr beside it: no rewrite that was cut short. */
    {"file b seq 4 type b\nfile i seq 7 type i\n",
     {{"x", DATASET_BESIDE_BASE, 5, false, 1},
      {"y", DATASET_BESIDE_INCR, 9, false, 1}},
     "warning aof-beside d/x: is not in the manifest: no server loads it, and "
     "the next rewrite writes over it (1 B)\n"
     "warning aof-beside d/y: is not in the manifest: no server loads it "
     "(1 B)\n",
     false},
    {"file b seq 4 type b\n",
     {{"x", DATASET_BESIDE_INCR, 1, false, 1}},
     "error aof-beside-joins d/x: is not in the manifest, but has the name "
     "that a server gives its next file: it appends to it, and its next start "
     "loads these 1 B behind the base\n",
     true},
    {"file b seq 4 type b\n",
     {{"x", DATASET_BESIDE_INCR, 1, false, 0}},
     "info aof-beside d/x: is empty and not in the manifest, as a rewrite that "
     "was cut short leaves it; no server loads it\n",
     false},
    {"file i seq 1 type i\n",
     {{"x", DATASET_BESIDE_HISTORY, 1, true, 0},
      {"y", DATASET_BESIDE_HISTORY, 1, false, 5}},
     "info aof-history d/x: is named as replaced (type h), and gone already\n"
     "info aof-history d/y: is named as replaced (type h): the server removes "
     "it at its next start (5 B)\n",
     false},
};

static void
list(const struct report *report, char *out)
{
    *out = '\0';
    for (size_t i = 0; i < report->count; i++)
        out += sprintf(out, "%s %s %s: %s\n",
                       report_severity_name(report->findings[i].severity),
                       report->findings[i].code, report->findings[i].path,
                       report->findings[i].text);
}

START_TEST(says_what_becomes_of_each)
{
    struct dataset_beside beside[3];
    struct dataset_file file = {.path = (char[]){"m"}};
    struct judge_file judged = {.path = (char[]){"d/m"}};
    struct judge_options options = {.names.dbfilename = NULL};
    struct judge j = {.options = &options, .files = &judged, .count = 1};
    struct dataset d = {
        .kind = DATASET_AOF, .files = &file, .count = 1, .beside = beside};
    struct report report = {0};
    struct error e = {0};
    char told[2000];

    memcpy(beside, scenes[_i].beside, sizeof beside);
    while (d.beside_count < 3 && beside[d.beside_count].path != NULL)
        d.beside_count++;
    ck_assert_int_eq(aof_manifest_read(&d.manifest, scenes[_i].manifest,
                                       strlen(scenes[_i].manifest), &e),
                     0);
    ck_assert(judge_beside(&j, &d, &report) == scenes[_i].joins);
    list(&report, told);
    ck_assert_str_eq(told, scenes[_i].told);
    aof_manifest_clear(&d.manifest);
    report_clear(&report);
}
END_TEST

START_TEST(writes_that_were_lost_are_damage_and_those_that_come_are_not)
{
    struct judge_options options = {.names.appenddirname = "aofs"};
    struct judge j = {.options = &options};
    struct dataset d = {.switching_on = true, .switching_lost = _i == 1};
    struct report report = {0};

    report_about(&report, "d");
    ck_assert(judge_beside(&j, &d, &report) == d.switching_lost);
    ck_assert_uint_eq(report.count, 1);
    ck_assert_str_eq(report.findings[0].path, "d");
    ck_assert_str_eq(report.findings[0].code,
                     _i == 1 ? "aof-switching-lost" : "aof-switching-on");
    report_clear(&report);
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("judge_beside");
    TCase *c = tcase_create("judge_beside");
    SRunner *r;
    int failed;

    tcase_add_loop_test(c, says_what_becomes_of_each, 0,
                        (int)(sizeof scenes / sizeof *scenes));
    tcase_add_loop_test(
        c, writes_that_were_lost_are_damage_and_those_that_come_are_not, 0, 2);
    suite_add_tcase(s, c);
    r = srunner_create(s);
    srunner_run_all(r, CK_NORMAL);
    failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
