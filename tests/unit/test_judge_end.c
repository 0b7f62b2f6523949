#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "formats/judge.h"
#include "test_judge_scene.h"

static const struct scene scenes[] = {
    {.name = "nothing at all", .server = JUDGE_EMPTY, .codes = ""},
    {.name = "a dump", .dump = BYTES(KEY), .codes = ""},
    {.name = "a dump of no key", .dump = BYTES(RDB), .codes = ""},
    {.name = "a dump of zero bytes",
     .dump = BYTES(""),
     .verdict = VERDICT_DAMAGED,
     .server = JUDGE_REFUSES,
     .codes = "rdb-truncated"},
    {.name = "a dump with a wrong checksum",
     .dump = BYTES(BAD_CRC),
     .verdict = VERDICT_DAMAGED,
     .server = JUDGE_REFUSES,
     .codes = "rdb-checksum"},
    {.name = "bytes behind a dump",
     .dump = BYTES(RDB "x"),
     .codes = "rdb-trailing"},
    {.name = "a dump under appendonly yes",
     .dump = BYTES(RDB),
     .options.names.appendonly = DATASET_APPENDONLY_YES,
     .verdict = VERDICT_DAMAGED,
     .server = JUDGE_EMPTY,
     .codes = "dump-ignored"},
    {.name = "a dump too new",
     .dump = BYTES(RDB12),
     .server = JUDGE_REFUSES,
     .codes = "rdb-too-new"},
    {.name = "the same on a newer server",
     .dump = BYTES(RDB12),
     .options.release = {.major = 7, .minor = 4},
     .codes = ""},
    {.name = "a valkey dump",
     .dump = BYTES(VALKEY),
     .server = JUDGE_REFUSES,
     .codes = "rdb-too-new"},
    {.name = "the same on valkey",
     .dump = BYTES(VALKEY),
     .options.release = {.valkey = true, .major = 9},
     .codes = ""},
    {.name = "a dump newer than all we know",
     .dump = BYTES(RDB99),
     .verdict = VERDICT_UNKNOWN,
     .server = JUDGE_REFUSES,
     .codes = "rdb-version rdb-too-new"},
    {.name = "more databases than the server has",
     .dump = BYTES(DB16),
     .server = JUDGE_REFUSES,
     .codes = "databases-needed"},
    {.name = "as many",
     .dump = BYTES(DB16),
     .options.databases = 17,
     .codes = ""},
    {.name = "modules",
     .dump = BYTES(MODULE),
     .server = JUDGE_REFUSES,
     .codes = "rdb-module modules-needed"},

    {.name = "a set",
     .manifest = BYTES(B I1),
     .base = BYTES(RDB),
     .incr1 = BYTES(SET),
     .codes = ""},
    {.name = "a set of an empty base and no writes",
     .manifest = BYTES(B I1),
     .base = BYTES(RDB),
     .incr1 = BYTES(""),
     .codes = ""},
    {.name = "a set of zero bytes",
     .manifest = BYTES(I1 I2),
     .incr1 = BYTES(""),
     .incr2 = BYTES(""),
     .server = JUDGE_EMPTY,
     .codes = "aof-incr-empty aof-empty"},
    {.name = "a dump beside a set",
     .manifest = BYTES(B),
     .base = BYTES(RDB),
     .dump = BYTES(RDB),
     .codes = "dump-beside"},
    {.name = "a dump beside a set of zero bytes",
     .manifest = BYTES(I1),
     .incr1 = BYTES(""),
     .dump = BYTES(RDB),
     .verdict = VERDICT_DAMAGED,
     .server = JUDGE_EMPTY,
     .codes = "dump-ignored"},
    {.name = "a base.rdb of zero bytes",
     .manifest = BYTES(B I1),
     .base = BYTES(""),
     .incr1 = BYTES(SET),
     .verdict = VERDICT_DAMAGED,
     .codes = "aof-base-empty"},
    {.name = "orphans",
     .manifest = BYTES(B I1),
     .base = BYTES(RDB),
     .incr1 = BYTES(SET),
     .incr2 = BYTES(SET),
     .codes = "aof-beside"},
    {.name = "an orphan that joins the set",
     .manifest = BYTES(B),
     .base = BYTES(RDB),
     .incr1 = BYTES(SET),
     .verdict = VERDICT_DAMAGED,
     .codes = "aof-beside-joins"},
    {.name = "a file named twice",
     .manifest = BYTES("file appendonly.aof.1.incr.aof seq 1 type i\n"
                       "file appendonly.aof.1.incr.aof seq 2 type i\n"),
     .incr1 = BYTES(SET),
     .verdict = VERDICT_DAMAGED,
     .codes = "aof-twice"},
    {.name = "history beside a set",
     .manifest = BYTES("file appendonly.aof.1.incr.aof seq 1 type h\n" I2),
     .incr1 = BYTES(SET),
     .incr2 = BYTES(SET),
     .codes = "aof-history"},
    {.name = "an incr that is an RDB",
     .manifest = BYTES(I1),
     .incr1 = BYTES(RDB SET),
     .codes = ""},
    {.name = "a file that is not there",
     .manifest = BYTES(B I1),
     .base = BYTES(RDB),
     .verdict = VERDICT_DAMAGED,
     .server = JUDGE_REFUSES,
     .codes = "file-missing"},
    {.name = "a base too new",
     .manifest = BYTES(B I1),
     .base = BYTES(RDB12),
     .incr1 = BYTES(SET),
     .server = JUDGE_REFUSES,
     .codes = "rdb-too-new"},
    {.name = "a base cut short",
     .manifest = BYTES(B),
     .base = BYTES("REDIS0010\xff\0\0"),
     .verdict = VERDICT_DAMAGED,
     .server = JUDGE_REFUSES,
     .codes = "rdb-truncated"},
    {.name = "bytes behind a base",
     .manifest = BYTES(B),
     .base = BYTES(RDB "x"),
     .verdict = VERDICT_DAMAGED,
     .server = JUDGE_REFUSES,
     .codes = "aof-format"},

    {.name = "a torn tail",
     .manifest = BYTES(B I1),
     .base = BYTES(RDB),
     .incr1 = BYTES(SET HALF),
     .verdict = VERDICT_TORN,
     .server = JUDGE_TRUNCATES,
     .codes = "aof-torn"},
    {.name = "a torn tail and aof-load-truncated no",
     .manifest = BYTES(I1),
     .incr1 = BYTES(SET HALF),
     .options.refuse_truncated = true,
     .verdict = VERDICT_TORN,
     .server = JUDGE_REFUSES,
     .codes = "aof-torn"},
    {.name = "an open MULTI",
     .manifest = BYTES(I1),
     .incr1 = BYTES(SET MULTI SET),
     .verdict = VERDICT_TORN,
     .server = JUDGE_TRUNCATES,
     .codes = "aof-multi-open"},
    {.name = "an open MULTI and aof-load-truncated no",
     .manifest = BYTES(I1),
     .incr1 = BYTES(SET MULTI SET),
     .options.refuse_truncated = true,
     .verdict = VERDICT_TORN,
     .server = JUDGE_REFUSES,
     .codes = "aof-multi-open"},
    {.name = "torn inside a MULTI",
     .manifest = BYTES(I1),
     .incr1 = BYTES(SET MULTI HALF),
     .verdict = VERDICT_TORN,
     .server = JUDGE_TRUNCATES,
     .codes = "aof-torn aof-multi-open"},
    {.name = "half an annotation",
     .manifest = BYTES(I1),
     .incr1 = BYTES(SET "#TS:17"),
     .verdict = VERDICT_TORN,
     .codes = "aof-annotation-torn"},
    {.name = "half an annotation and aof-load-truncated no",
     .manifest = BYTES(I1),
     .incr1 = BYTES(SET "#TS:17"),
     .options.refuse_truncated = true,
     .verdict = VERDICT_TORN,
     .codes = "aof-annotation-torn"},
    {.name = "torn in the middle",
     .manifest = BYTES(I1 I2),
     .incr1 = BYTES(SET HALF),
     .incr2 = BYTES(SET),
     .verdict = VERDICT_DAMAGED,
     .server = JUDGE_REFUSES,
     .codes = "aof-torn-middle"},
    {.name = "torn before an empty last file",
     .manifest = BYTES(I1 I2),
     .incr1 = BYTES(SET HALF),
     .incr2 = BYTES(""),
     .verdict = VERDICT_DAMAGED,
     .server = JUDGE_REFUSES,
     .codes = "aof-torn-middle"},
    {.name = "an open MULTI in the middle",
     .manifest = BYTES(I1 I2),
     .incr1 = BYTES(SET MULTI SET),
     .incr2 = BYTES(SET),
     .verdict = VERDICT_DAMAGED,
     .server = JUDGE_REFUSES,
     .codes = "aof-torn-middle"},
    {.name = "half an annotation in the middle",
     .manifest = BYTES(I1 I2),
     .incr1 = BYTES(SET "#TS"),
     .incr2 = BYTES(SET),
     .verdict = VERDICT_DAMAGED,
     .codes = "aof-torn-middle"},
    {.name = "garbage",
     .manifest = BYTES(I1),
     .incr1 = BYTES(SET "!" SET),
     .verdict = VERDICT_DAMAGED,
     .server = JUDGE_REFUSES,
     .codes = "aof-format"},
    {.name = "a command that no server has",
     .manifest = BYTES(I1),
     .incr1 = BYTES(SET "*1\r\n$3\r\nbla\r\n" SET),
     .verdict = VERDICT_DAMAGED,
     .server = JUDGE_REFUSES,
     .codes = "aof-command-unknown"},
    {.name = "a command that this server does not have",
     .manifest = BYTES(I1),
     .incr1 = BYTES(SET "*2\r\n$6\r\nDIGEST\r\n$1\r\nk\r\n"),
     .server = JUDGE_REFUSES,
     .codes = "aof-command-version"},
    {.name = "the same on a newer server",
     .manifest = BYTES(I1),
     .incr1 = BYTES(SET "*2\r\n$6\r\nDIGEST\r\n$1\r\nk\r\n"),
     .options.release = {.major = 8, .minor = 4},
     .codes = ""},
    {.name = "a command of a module",
     .manifest = BYTES(I1),
     .incr1 = BYTES(SET "*2\r\n$8\r\nJSON.DEL\r\n$1\r\nk\r\n"),
     .server = JUDGE_REFUSES,
     .codes = "modules-needed"},
    {.name = "more databases than the server is known to have",
     .manifest = BYTES(I1),
     .incr1 = BYTES("*2\r\n$6\r\nSELECT\r\n$2\r\n16\r\n" SET),
     .options.databases = 16,
     .verdict = VERDICT_DAMAGED,
     .codes = "databases-needed"},
    {.name = "an RDB behind commands",
     .manifest = BYTES(I1 I2),
     .incr1 = BYTES(SET),
     .incr2 = BYTES(KEY),
     .verdict = VERDICT_DAMAGED,
     .codes = "aof-rdb-behind"},
    {.name = "damage that servers do not see",
     .manifest = BYTES(I1),
     .incr1 = BYTES("*1\r\n$4\r\nTIMExx" SET),
     .verdict = VERDICT_DAMAGED,
     .codes = "aof-crlf"},

    {.name = "a broken manifest",
     .manifest = BYTES("x\n"),
     .base = BYTES(RDB),
     .verdict = VERDICT_DAMAGED,
     .server = JUDGE_REFUSES,
     .codes = "aof-manifest"},
    {.name = "no manifest",
     .base = BYTES(RDB),
     .incr1 = BYTES(SET),
     .verdict = VERDICT_DAMAGED,
     .server = JUDGE_EMPTY,
     .codes = "manifest-missing"},
    {.name = "no manifest, and a dump",
     .base = BYTES(RDB),
     .dump = BYTES(RDB),
     .verdict = VERDICT_DAMAGED,
     .codes = "manifest-missing"},
    {.name = "a manifest that names nothing",
     .manifest = BYTES("# x\n"),
     .server = JUDGE_EMPTY,
     .codes = "aof-empty"},
    {.name = "the same beside orphans",
     .manifest = BYTES("# x\n"),
     .incr1 = BYTES(SET),
     .verdict = VERDICT_DAMAGED,
     .server = JUDGE_EMPTY,
     .codes = "aof-ignored"},
    {.name = "a set under appendonly no",
     .manifest = BYTES(I1),
     .incr1 = BYTES(SET),
     .options.names.appendonly = DATASET_APPENDONLY_NO,
     .verdict = VERDICT_DAMAGED,
     .server = JUDGE_EMPTY,
     .codes = "aof-ignored"},
    {.name = "a set beside the dump under appendonly no",
     .manifest = BYTES(I1),
     .incr1 = BYTES(SET),
     .dump = BYTES(RDB),
     .options.names.appendonly = DATASET_APPENDONLY_NO,
     .codes = "aof-beside"},
    {.name = "a set and a server before 7.0",
     .manifest = BYTES(I1),
     .incr1 = BYTES(SET),
     .options.release = {.major = 6},
     .options.names.no_manifest = true,
     .verdict = VERDICT_DAMAGED,
     .server = JUDGE_EMPTY,
     .codes = "aof-ignored"},

    {.name = "a single AOF", .single = BYTES(RDB SET), .codes = ""},
    {.name = "a single AOF of zero bytes",
     .single = BYTES(""),
     .server = JUDGE_EMPTY,
     .codes = "aof-empty"},
    {.name = "a torn single AOF",
     .single = BYTES(SET HALF),
     .options.release = {.major = 6},
     .options.names.no_manifest = true,
     .verdict = VERDICT_TORN,
     .server = JUDGE_TRUNCATES,
     .codes = "aof-torn"},
    {.name = "a single AOF that loses its RDB",
     .single = BYTES(RDB HALF),
     .verdict = VERDICT_TORN,
     .server = JUDGE_TRUNCATES,
     .codes = "aof-torn aof-torn-front"},
    {.name = "annotations and a server before 7.0",
     .single = BYTES(STAMP SET),
     .options.release = {.major = 6, .minor = 2},
     .options.names.no_manifest = true,
     .server = JUDGE_REFUSES,
     .codes = "aof-annotations"},
};

START_TEST(judges_a_directory)
{
    const struct scene *scene = &scenes[_i];
    struct judge_options options = complete_options(&scene->options);
    struct dataset d;
    struct judge j;
    struct report report = {0};
    struct error e = {0};
    char codes[1000];

    put_scene(scene);
    ck_assert_int_eq(dataset_open(&d, dir, &options.names, &e), 0);
    judge_begin(&j, &options);
    judge_files(&j, &d, &report);
    judge_end(&j, &d, &report);
    list_codes(&report, codes);
    ck_assert_msg(strcmp(codes, scene->codes) == 0, "%s: %s, expected %s",
                  scene->name, codes, scene->codes);
    ck_assert_msg(j.verdict == scene->verdict, "%s: %s", scene->name,
                  verdict_name(j.verdict));
    ck_assert_msg(j.server == scene->server, "%s: %s", scene->name,
                  judge_server_name(j.server));
    judge_clear(&j);
    report_clear(&report);
    dataset_close(&d);
}
END_TEST

START_TEST(a_file_that_we_may_not_read_is_not_called_damaged)
{
    static const struct scene scene = {.manifest = BYTES(B),
                                       .base = BYTES(RDB)};
    struct judge_options options = complete_options(&scene.options);
    struct dataset d;
    struct judge j;
    struct report report = {0};
    struct error e = {0};

    put_scene(&scene);
    ck_assert_int_eq(
        unlinkat(dir, "appendonlydir/appendonly.aof.1.base.rdb", 0), 0);
    ck_assert_int_eq(symlinkat("/etc/hostname", dir,
                               "appendonlydir/appendonly.aof.1.base.rdb"),
                     0);
    ck_assert_int_eq(dataset_open(&d, dir, &options.names, &e), 0);
    judge_begin(&j, &options);
    judge_files(&j, &d, &report);
    judge_end(&j, &d, &report);
    ck_assert_int_eq(j.verdict, VERDICT_UNKNOWN);
    ck_assert_int_eq(j.server, JUDGE_REFUSES);
    ck_assert_str_eq(report.findings[0].text,
                     "appendonly.aof.1.base.rdb is a symbolic link, not a "
                     "file");
    judge_clear(&j);
    report_clear(&report);
    dataset_close(&d);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("judge_end");
    TCase *tc = tcase_create("judge_end");
    SRunner *runner = srunner_create(suite);
    int failed;

    suite_add_tcase(suite, tc);
    tcase_add_checked_fixture(tc, make_dir, remove_dir);
    tcase_add_loop_test(tc, judges_a_directory, 0,
                        sizeof scenes / sizeof *scenes);
    tcase_add_test(tc, a_file_that_we_may_not_read_is_not_called_damaged);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
