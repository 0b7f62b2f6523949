#include <check.h>
#include <stdlib.h>

#include "formats/judge_odd.h"
#include "test_judge_scene.h"

static const struct {
    uint64_t options, selected;
    bool odd;
} databases[] = {
    {16, 16, false}, {16, 17, true}, {0, 1000, false}, {64, 17, false}};

START_TEST(a_database_the_server_does_not_have_is_odd)
{
    struct judge_options o = {.databases = databases[_i].options};
    struct judge_file f = {.aof = {.databases = databases[_i].selected}};
    struct report report = {0};

    ck_assert(judge_odd_select(&o, &f, &report) == databases[_i].odd);
    ck_assert_uint_eq(report.count, databases[_i].odd);
    report_clear(&report);
}
END_TEST

static const struct {
    struct rdb_result rdb;
    bool odd;
} rdbs[] = {
    {{.verdict = VERDICT_SOUND, .version = 10}, false},
    {{.verdict = VERDICT_UNKNOWN, .version = 10}, true},
    {{.verdict = VERDICT_UNKNOWN, .version = 99}, false},
    {{.verdict = VERDICT_UNKNOWN, .version = 80}, false},
    {{.verdict = VERDICT_UNKNOWN, .version = 80, .valkey_magic = true}, true},
    {{.verdict = VERDICT_UNKNOWN, .container = true}, false},
};

START_TEST(a_type_of_another_version_is_odd)
{
    ck_assert(judge_odd_rdb(&rdbs[_i].rdb) == rdbs[_i].odd);
}
END_TEST

/* Servers read the manifest of an AOF that is switched off. */
static const struct scene manifests[] = {
    {.name = "a manifest that cannot be read, beside a dump",
     .dump = BYTES(KEY),
     .manifest = BYTES("x\n"),
     .options.names.appendonly = DATASET_APPENDONLY_NO,
     .verdict = VERDICT_DAMAGED,
     .server = JUDGE_REFUSES,
     .codes = "aof-manifest aof-beside"},
    {.name = "the same for a server that knows no manifest",
     .dump = BYTES("REDIS0009\xfe\0\0\1k\1v" END),
     .manifest = BYTES("x\n"),
     .options.names = {.appendonly = DATASET_APPENDONLY_NO,
                       .no_manifest = true},
     .options.release = {.major = 6},
     .codes = "aof-beside"},
    {.name = "a manifest that cannot be read under appendonly no",
     .manifest = BYTES("x\n"),
     .options.names.appendonly = DATASET_APPENDONLY_NO,
     .verdict = VERDICT_DAMAGED,
     .server = JUDGE_REFUSES,
     .codes = "aof-manifest aof-ignored"},
};

START_TEST(a_manifest_that_is_not_used_is_read_all_the_same)
{
    assert_scene(&manifests[_i]);
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("judge_odd");
    TCase *c = tcase_create("judge_odd");
    SRunner *r;
    int failed;

    tcase_add_loop_test(c, a_database_the_server_does_not_have_is_odd, 0,
                        (int)(sizeof databases / sizeof *databases));
    tcase_add_loop_test(c, a_type_of_another_version_is_odd, 0,
                        (int)(sizeof rdbs / sizeof *rdbs));
    tcase_add_checked_fixture(c, make_dir, remove_dir);
    tcase_add_loop_test(c, a_manifest_that_is_not_used_is_read_all_the_same, 0,
                        (int)(sizeof manifests / sizeof *manifests));
    suite_add_tcase(s, c);
    r = srunner_create(s);
    srunner_run_all(r, CK_NORMAL);
    failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
