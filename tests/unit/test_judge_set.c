#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "formats/judge_set.h"
#include "test_judge_scene.h"

#define T 1700000000
#define LINE(name, seq, type) "file " name " seq " #seq " type " #type "\n"

/* A base and two incrs as they were judged, with the times of their files. */
static const struct {
    const char *name, *manifest;
    struct judge_file base, incrs[2];
    int64_t changed_s; /* of the incrs */
    const char *codes;
    bool bad;
} scenes[] = {
    {.name = "a set of one server",
     .manifest = LINE("b", 1, b) LINE("i", 1, i) LINE("k", 2, i),
     .base = {.aof = {.has_rdb = true}, .rdb = {.created = T}},
     .incrs = {{.aof = {.first_time = T}}, {.aof = {.first_time = T + 9}}},
     .changed_s = T + 9,
     .codes = ""},
    {.name = "a gap",
     .manifest = LINE("b", 7, b) LINE("i", 1, i) LINE("k", 3, i),
     .codes = "aof-gap"},
    {.name = "twice as incr",
     .manifest = LINE("b", 7, b) LINE("i", 1, i) LINE("i", 2, i),
     .codes = "aof-twice",
     .bad = true},
    {.name = "twice as base and incr",
     .manifest = LINE("b", 7, b) LINE("b", 1, i) LINE("i", 2, i),
     .codes = "aof-twice",
     .bad = true},
    {.name = "twice as history",
     .manifest = LINE("h", 7, h) LINE("h", 7, h) LINE("i", 2, i),
     .codes = ""},
    {.name = "a base as history, and none in its place",
     .manifest = LINE("a.1.base.rdb", 1, h) LINE("i", 2, i),
     .codes = "aof-base-replaced",
     .bad = true},
    {.name = "a base as history of another",
     .manifest = LINE("b", 7, b) LINE("a.1.base.rdb", 1, h) LINE("i", 2, i),
     .codes = ""},
    {.name = "as history too",
     .manifest = LINE("i", 2, i) LINE("b", 7, b) LINE("i", 2, h),
     .codes = "aof-history-used",
     .bad = true},
    {.name = "history of the name that a server will make",
     .manifest = LINE("b", 7, b) LINE("appendonly.aof.1.incr.aof", 1, h),
     .codes = "aof-history-used",
     .bad = true},
    {.name = "the same where there is an incr",
     .manifest = LINE("b", 7, b) LINE("appendonly.aof.1.incr.aof", 1, h)
         LINE("i", 2, i),
     .codes = ""},
    {.name = "offsets that go on",
     .manifest = "file i seq 1 type i startoffset 5\n"
                 "file k seq 2 type i startoffset 5 endoffset 9\n"
                 "file l seq 3 type i startoffset 9\n",
     .codes = ""},
    {.name = "offsets that go back",
     .manifest = "file i seq 1 type i startoffset 6\n"
                 "file k seq 2 type i startoffset 5\n",
     .codes = "aof-offsets"},
    {.name = "offsets with a hole",
     .manifest = "file i seq 1 type i startoffset 1 endoffset 6\n"
                 "file k seq 2 type i startoffset 9\n",
     .codes = "aof-offsets"},
    {.name = "annotations before the base",
     .manifest = LINE("b", 7, b) LINE("i", 1, i) LINE("k", 2, i),
     .base = {.aof = {.has_rdb = true}, .rdb = {.created = T}},
     .incrs = {{.aof = {.first_time = T - 61}}, {.aof = {.first_time = T}}},
     .changed_s = T + 9,
     .codes = "aof-before-base"},
    {.name = "a clock put right",
     .manifest = LINE("b", 7, b) LINE("i", 1, i) LINE("k", 2, i),
     .base = {.aof = {.first_time = T}},
     .incrs = {{.aof = {.first_time = T - 60}}, {.aof = {.first_time = T}}},
     .changed_s = T - 60,
     .codes = ""},
    {.name = "files older than the base",
     .manifest = LINE("b", 7, b) LINE("i", 1, i) LINE("k", 2, i),
     .base = {.aof = {.first_time = T}},
     .changed_s = T - 3600,
     .codes = "aof-before-base aof-before-base"},
    {.name = "times that are none",
     .manifest = LINE("b", 7, b) LINE("i", 1, i) LINE("k", 2, i),
     .base = {.aof = {.has_rdb = true}, .rdb = {.created = INT64_MIN}},
     .incrs = {{.aof = {.first_time = INT64_MAX}}},
     .changed_s = 1,
     .codes = ""},
    {.name = "a base.rdb that holds commands",
     .manifest = LINE("b", 7, b),
     .base = {.path = (char[]){"a.1.base.rdb"}},
     .codes = "aof-name"},
    {.name = "a base.aof that holds an RDB",
     .manifest = LINE("b", 7, b),
     .base = {.path = (char[]){"a.1.base.aof"}, .aof = {.has_rdb = true}},
     .codes = "aof-name"},
    {.name = "an old file that holds either",
     .manifest = LINE("b", 7, b),
     .base = {.path = (char[]){"a"}, .aof = {.has_rdb = true}},
     .codes = ""},
    {.name = "base and incr exchanged",
     .manifest = LINE("b", 7, b),
     .base = {.path = (char[]){"a.1.base.rdb"}},
     .incrs = {{.aof = {.has_rdb = true}}},
     .codes = "aof-exchanged",
     .bad = true},
    {.name = "an empty file before the last",
     .manifest = LINE("b", 7, b),
     .incrs = {{.size_bytes = 0, .good_end = 1}},
     .codes = "aof-incr-empty"},
};

/* What a scene leaves open is a file of its role with something in it. */
static struct judge_file
complete(struct judge_file f, enum dataset_role role)
{
    f.role = role;
    f.path = f.path == NULL ? (char *)"d/x" : f.path;
    f.size_bytes = f.good_end == 0; /* a scene's mark of an empty one */
    f.aof.first_time = f.aof.first_time == 0 ? -1 : f.aof.first_time;
    return f;
}

START_TEST(judges_what_belongs_together)
{
    struct judge_file judged[3] = {
        complete(scenes[_i].base, DATASET_ROLE_BASE),
        complete(scenes[_i].incrs[0], DATASET_ROLE_INCR),
        complete(scenes[_i].incrs[1], DATASET_ROLE_INCR),
    };
    struct dataset_file files[3] = {0};
    struct judge_options options = {0};
    struct judge j = {.options = &options, .files = judged, .count = 3};
    struct dataset d = {.kind = DATASET_AOF, .files = files, .count = 3};
    struct report report = {0};
    struct error e = {0};
    char codes[500];

    for (int i = 0; i < 3; i++)
        files[i].id.mtime_ns = scenes[_i].changed_s * 1000000000;
    ck_assert_int_eq(aof_manifest_read(&d.manifest, scenes[_i].manifest,
                                       strlen(scenes[_i].manifest), &e),
                     0);
    ck_assert_msg(judge_set(&j, &d, &report) == scenes[_i].bad, "%s",
                  scenes[_i].name);
    list_codes(&report, codes);
    ck_assert_msg(strcmp(codes, scenes[_i].codes) == 0, "%s: %s",
                  scenes[_i].name, codes);
    aof_manifest_clear(&d.manifest);
    report_clear(&report);
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("judge_set");
    TCase *c = tcase_create("judge_set");
    SRunner *r;
    int failed;

    tcase_add_loop_test(c, judges_what_belongs_together, 0,
                        (int)(sizeof scenes / sizeof *scenes));
    suite_add_tcase(s, c);
    r = srunner_create(s);
    srunner_run_all(r, CK_NORMAL);
    failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
