#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "formats/judge.h"

#define SET "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1\r\nv\r\n"
#define HALF "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1\r\n"
#define MULTI "*1\r\n$5\r\nMULTI\r\n"
#define STAMP "#TS:1700000000\r\n"
#define END "\xff\0\0\0\0\0\0\0\0"
#define RDB "REDIS0010" END
#define KEY "REDIS0010\xfe\0\0\1k\1v" END
#define DB16 "REDIS0010\xfe\x10\0\1k\1v" END
#define MODULE "REDIS0009\xf7\x81\0\0\0\0\0\0\4\0\2\2\0" END
#define RDB12 "REDIS0012" END
#define VALKEY "VALKEY080" END
#define RDB99 "REDIS0099" END
#define BAD_CRC "REDIS0010\xff\1\2\3\4\5\6\7\x08"
#define B "file appendonly.aof.1.base.rdb seq 1 type b\n"
#define I1 "file appendonly.aof.1.incr.aof seq 1 type i\n"
#define I2 "file appendonly.aof.2.incr.aof seq 2 type i\n"

static char path[] = "/tmp/redkeep-judge-XXXXXX";
static int dir = -1;

static void
make_dir(void)
{
    strcpy(path + sizeof path - 7, "XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(path));
    dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    ck_assert_int_ge(dir, 0);
}

static void
remove_dir(void)
{
    struct error e = {0};

    close(dir);
    ck_assert_int_eq(file_remove_tree(AT_FDCWD, path, &e), 0);
}

/* Bytes of a file; none when bytes is NULL. */
struct bytes {
    const char *bytes;
    size_t size;
};
#define BYTES(t) {t, sizeof t - 1}

static void
put(const char *name, const struct bytes *b)
{
    int fd;

    if (b->bytes == NULL)
        return;
    if (strncmp(name, "appendonlydir/", 14) == 0)
        mkdirat(dir, "appendonlydir", 0755);
    fd = openat(dir, name, O_WRONLY | O_CREAT | O_TRUNC, 0644);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(write(fd, b->bytes, b->size), (ssize_t)b->size);
    close(fd);
}

/* A directory, the server that may start on it, and what comes of it. */
static const struct scene {
    const char *name;
    struct bytes dump, single, manifest, base, incr1, incr2;
    struct judge_options options; /* release 0: redis 7.0.15 */
    enum verdict verdict;
    enum judge_server server;
    const char *codes; /* of the findings, "" none */
} scenes[] = {
    {.name = "nothing at all", .server = JUDGE_EMPTY, .codes = ""},
    {.name = "a dump", .dump = BYTES(KEY), .codes = ""},
    {.name = "a dump of no key", .dump = BYTES(RDB), .codes = ""},
    {.name = "a dump of zero bytes", .dump = BYTES(""),
     .verdict = VERDICT_DAMAGED, .server = JUDGE_REFUSES,
     .codes = "rdb-truncated"},
    {.name = "a dump with a wrong checksum", .dump = BYTES(BAD_CRC),
     .verdict = VERDICT_DAMAGED, .server = JUDGE_REFUSES,
     .codes = "rdb-checksum"},
    {.name = "bytes behind a dump", .dump = BYTES(RDB "x"),
     .codes = "rdb-trailing"},
    {.name = "a dump under appendonly yes", .dump = BYTES(RDB),
     .options.names.appendonly = DATASET_APPENDONLY_YES,
     .verdict = VERDICT_DAMAGED, .server = JUDGE_EMPTY,
     .codes = "dump-ignored"},
    {.name = "a dump too new", .dump = BYTES(RDB12),
     .server = JUDGE_REFUSES, .codes = "rdb-too-new"},
    {.name = "the same on a newer server", .dump = BYTES(RDB12),
     .options.release = {.major = 7, .minor = 4}, .codes = ""},
    {.name = "a valkey dump", .dump = BYTES(VALKEY),
     .server = JUDGE_REFUSES, .codes = "rdb-too-new"},
    {.name = "the same on valkey", .dump = BYTES(VALKEY),
     .options.release = {.valkey = true, .major = 9}, .codes = ""},
    {.name = "a dump newer than all we know", .dump = BYTES(RDB99),
     .verdict = VERDICT_UNKNOWN, .server = JUDGE_REFUSES,
     .codes = "rdb-version rdb-too-new"},
    {.name = "more databases than the server has", .dump = BYTES(DB16),
     .server = JUDGE_REFUSES, .codes = "databases-needed"},
    {.name = "as many", .dump = BYTES(DB16), .options.databases = 17,
     .codes = ""},
    {.name = "modules", .dump = BYTES(MODULE), .server = JUDGE_REFUSES,
     .codes = "rdb-module modules-needed"},

    {.name = "a set", .manifest = BYTES(B I1), .base = BYTES(RDB),
     .incr1 = BYTES(SET), .codes = ""},
    {.name = "a set of an empty base and no writes", .manifest = BYTES(B I1),
     .base = BYTES(RDB), .incr1 = BYTES(""), .codes = ""},
    {.name = "a set of zero bytes", .manifest = BYTES(I1 I2),
     .incr1 = BYTES(""), .incr2 = BYTES(""), .server = JUDGE_EMPTY,
     .codes = "aof-empty"},
    {.name = "a dump beside a set", .manifest = BYTES(B), .base = BYTES(RDB),
     .dump = BYTES(RDB), .codes = "dump-beside"},
    {.name = "a dump beside a set of zero bytes", .manifest = BYTES(I1),
     .incr1 = BYTES(""), .dump = BYTES(RDB), .verdict = VERDICT_DAMAGED,
     .server = JUDGE_EMPTY, .codes = "dump-ignored"},
    {.name = "a base.rdb of zero bytes", .manifest = BYTES(B I1),
     .base = BYTES(""), .incr1 = BYTES(SET), .verdict = VERDICT_DAMAGED,
     .codes = "aof-base-empty"},
    {.name = "orphans", .manifest = BYTES(B I1), .base = BYTES(RDB),
     .incr1 = BYTES(SET), .incr2 = BYTES(SET), .codes = "aof-beside"},
    {.name = "an incr that is an RDB", .manifest = BYTES(I1),
     .incr1 = BYTES(RDB SET), .codes = ""},
    {.name = "a file that is not there", .manifest = BYTES(B I1),
     .base = BYTES(RDB), .verdict = VERDICT_DAMAGED, .server = JUDGE_REFUSES,
     .codes = "file-missing"},
    {.name = "a base too new", .manifest = BYTES(B I1), .base = BYTES(RDB12),
     .incr1 = BYTES(SET), .server = JUDGE_REFUSES, .codes = "rdb-too-new"},
    {.name = "a base cut short", .manifest = BYTES(B),
     .base = BYTES("REDIS0010\xff\0\0"), .verdict = VERDICT_DAMAGED,
     .server = JUDGE_REFUSES, .codes = "rdb-truncated"},
    {.name = "bytes behind a base", .manifest = BYTES(B),
     .base = BYTES(RDB "x"), .verdict = VERDICT_DAMAGED,
     .server = JUDGE_REFUSES, .codes = "aof-format"},

    {.name = "a torn tail", .manifest = BYTES(B I1), .base = BYTES(RDB),
     .incr1 = BYTES(SET HALF), .verdict = VERDICT_TORN,
     .server = JUDGE_TRUNCATES, .codes = "aof-torn"},
    {.name = "a torn tail and aof-load-truncated no", .manifest = BYTES(I1),
     .incr1 = BYTES(SET HALF), .options.refuse_truncated = true,
     .verdict = VERDICT_TORN, .server = JUDGE_REFUSES, .codes = "aof-torn"},
    {.name = "an open MULTI", .manifest = BYTES(I1),
     .incr1 = BYTES(SET MULTI SET), .verdict = VERDICT_TORN,
     .server = JUDGE_TRUNCATES, .codes = "aof-multi-open"},
    {.name = "an open MULTI and aof-load-truncated no", .manifest = BYTES(I1),
     .incr1 = BYTES(SET MULTI SET), .options.refuse_truncated = true,
     .verdict = VERDICT_TORN, .server = JUDGE_REFUSES,
     .codes = "aof-multi-open"},
    {.name = "torn inside a MULTI", .manifest = BYTES(I1),
     .incr1 = BYTES(SET MULTI HALF), .verdict = VERDICT_TORN,
     .server = JUDGE_TRUNCATES, .codes = "aof-torn aof-multi-open"},
    {.name = "half an annotation", .manifest = BYTES(I1),
     .incr1 = BYTES(SET "#TS:17"), .verdict = VERDICT_TORN,
     .codes = "aof-annotation-torn"},
    {.name = "half an annotation and aof-load-truncated no",
     .manifest = BYTES(I1), .incr1 = BYTES(SET "#TS:17"),
     .options.refuse_truncated = true, .verdict = VERDICT_TORN,
     .codes = "aof-annotation-torn"},
    {.name = "torn in the middle", .manifest = BYTES(I1 I2),
     .incr1 = BYTES(SET HALF), .incr2 = BYTES(SET),
     .verdict = VERDICT_DAMAGED, .server = JUDGE_REFUSES,
     .codes = "aof-torn-middle"},
    {.name = "torn before an empty last file", .manifest = BYTES(I1 I2),
     .incr1 = BYTES(SET HALF), .incr2 = BYTES(""),
     .verdict = VERDICT_DAMAGED, .server = JUDGE_REFUSES,
     .codes = "aof-torn-middle"},
    {.name = "an open MULTI in the middle", .manifest = BYTES(I1 I2),
     .incr1 = BYTES(SET MULTI SET), .incr2 = BYTES(SET),
     .verdict = VERDICT_DAMAGED, .server = JUDGE_REFUSES,
     .codes = "aof-torn-middle"},
    {.name = "half an annotation in the middle", .manifest = BYTES(I1 I2),
     .incr1 = BYTES(SET "#TS"), .incr2 = BYTES(SET),
     .verdict = VERDICT_DAMAGED, .codes = "aof-torn-middle"},
    {.name = "garbage", .manifest = BYTES(I1), .incr1 = BYTES(SET "!" SET),
     .verdict = VERDICT_DAMAGED, .server = JUDGE_REFUSES,
     .codes = "aof-format"},
    {.name = "damage that servers do not see", .manifest = BYTES(I1),
     .incr1 = BYTES("*1\r\n$3\r\nGETxx" SET), .verdict = VERDICT_DAMAGED,
     .codes = "aof-crlf"},

    {.name = "a broken manifest", .manifest = BYTES("x\n"),
     .base = BYTES(RDB), .verdict = VERDICT_DAMAGED, .server = JUDGE_REFUSES,
     .codes = "aof-manifest"},
    {.name = "no manifest", .base = BYTES(RDB), .incr1 = BYTES(SET),
     .verdict = VERDICT_DAMAGED, .server = JUDGE_EMPTY,
     .codes = "manifest-missing"},
    {.name = "no manifest, and a dump", .base = BYTES(RDB),
     .dump = BYTES(RDB), .verdict = VERDICT_DAMAGED,
     .codes = "manifest-missing aof-beside"},
    {.name = "a manifest that names nothing", .manifest = BYTES("# x\n"),
     .server = JUDGE_EMPTY, .codes = "aof-empty"},
    {.name = "the same beside orphans", .manifest = BYTES("# x\n"),
     .incr1 = BYTES(SET), .verdict = VERDICT_DAMAGED, .server = JUDGE_EMPTY,
     .codes = "aof-ignored"},
    {.name = "a set under appendonly no", .manifest = BYTES(I1),
     .incr1 = BYTES(SET),
     .options.names.appendonly = DATASET_APPENDONLY_NO,
     .verdict = VERDICT_DAMAGED, .server = JUDGE_EMPTY,
     .codes = "aof-ignored"},
    {.name = "a set beside the dump under appendonly no",
     .manifest = BYTES(I1), .incr1 = BYTES(SET), .dump = BYTES(RDB),
     .options.names.appendonly = DATASET_APPENDONLY_NO,
     .codes = "aof-beside"},
    {.name = "a set and a server before 7.0", .manifest = BYTES(I1),
     .incr1 = BYTES(SET), .options.release = {.major = 6},
     .options.names.no_manifest = true, .verdict = VERDICT_DAMAGED,
     .server = JUDGE_EMPTY, .codes = "aof-ignored"},

    {.name = "a single AOF", .single = BYTES(RDB SET), .codes = ""},
    {.name = "a single AOF of zero bytes", .single = BYTES(""),
     .server = JUDGE_EMPTY, .codes = "aof-empty"},
    {.name = "a torn single AOF", .single = BYTES(SET HALF),
     .options.release = {.major = 6}, .options.names.no_manifest = true,
     .verdict = VERDICT_TORN, .server = JUDGE_TRUNCATES, .codes = "aof-torn"},
    {.name = "a single AOF that loses its RDB", .single = BYTES(RDB HALF),
     .verdict = VERDICT_TORN, .server = JUDGE_TRUNCATES,
     .codes = "aof-torn aof-torn-front"},
    {.name = "annotations and a server before 7.0",
     .single = BYTES(STAMP SET), .options.release = {.major = 6, .minor = 2},
     .options.names.no_manifest = true, .server = JUDGE_REFUSES,
     .codes = "aof-annotations"},
};

static void
put_scene(const struct scene *scene)
{
    put("dump.rdb", &scene->dump);
    put("appendonly.aof", &scene->single);
    put("appendonlydir/appendonly.aof.manifest", &scene->manifest);
    put("appendonlydir/appendonly.aof.1.base.rdb", &scene->base);
    put("appendonlydir/appendonly.aof.1.incr.aof", &scene->incr1);
    put("appendonlydir/appendonly.aof.2.incr.aof", &scene->incr2);
}

static void
judge_files(struct judge *j, const struct dataset *d, struct report *report)
{
    struct error e = {0};

    for (size_t i = 0; i < d->count; i++) {
        const struct dataset_file *f = &d->files[i];
        struct source s;

        if (f->fd < 0) {
            judge_add_missing(j, f->path, f->role, f->error.text, report);
            continue;
        }
        ck_assert_int_eq(source_of_file(&s, f->fd, f->id.size_bytes, &e), 0);
        ck_assert_int_eq(judge_add(j, f->path, f->role, &s, report, &e), 0);
        source_close(&s);
    }
}

/* The codes in order; that a checksum is switched off is not told. */
static void
list_codes(const struct report *report, char *out)
{
    char *start = out;

    *out = '\0';
    for (size_t i = 0; i < report->count; i++)
        if (strcmp(report->findings[i].code, "rdb-checksum-disabled") != 0)
            out += sprintf(out, "%s%s", out == start ? "" : " ",
                           report->findings[i].code);
}

static struct judge_options
complete_options(const struct judge_options *options)
{
    struct judge_options full = *options;

    if (full.release.major == 0)
        full.release = (struct release){.major = 7, .patch = 15};
    return full;
}

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

START_TEST(describes_each_file)
{
    static const struct scene scene = {.manifest = BYTES(B I1),
                                       .base = BYTES(KEY),
                                       .incr1 = BYTES(SET SET HALF)};
    struct judge_options options = complete_options(&scene.options);
    struct dataset d;
    struct judge j;
    struct error e = {0};
    uint64_t keys, expires, commands;

    put_scene(&scene);
    ck_assert_int_eq(dataset_open(&d, dir, &options.names, &e), 0);
    judge_begin(&j, &options);
    judge_files(&j, &d, NULL);
    ck_assert_uint_eq(j.count, 3);
    ck_assert_int_eq(j.files[0].role, DATASET_ROLE_MANIFEST);
    ck_assert(!j.files[0].is_aof);
    ck_assert_int_eq(j.files[1].version, 10);
    ck_assert_uint_eq(j.files[1].keys, 1);
    ck_assert_int_eq(j.files[1].checksum, RDB_CHECKSUM_DISABLED);
    ck_assert(j.files[1].is_aof);
    ck_assert_uint_eq(j.files[2].commands, 2);
    ck_assert_uint_eq(j.files[2].good_end, 54);
    ck_assert_uint_eq(j.files[2].size_bytes, sizeof SET SET HALF - 1);
    ck_assert_int_eq(j.files[2].verdict, VERDICT_TORN);
    judge_counts(&j, &keys, &expires, &commands);
    ck_assert_uint_eq(keys, 1);
    ck_assert_uint_eq(expires, 0);
    ck_assert_uint_eq(commands, 2);
    judge_clear(&j);
    dataset_close(&d);
}
END_TEST

/* Unfinished tails that a live server is still writing. */
static const struct bytes tails[] = {
    BYTES(SET HALF), BYTES(SET MULTI SET), BYTES(SET MULTI HALF),
    BYTES(SET "#TS"), BYTES(SET),
};

START_TEST(a_tail_that_is_cut_off_is_no_fault)
{
    struct scene scene = {.manifest = BYTES(B I1), .base = BYTES(RDB),
                          .incr1 = tails[_i]};
    struct judge_options options = complete_options(&scene.options);
    struct dataset d;
    struct judge j;
    struct report report = {0};
    struct error e = {0};
    char codes[1000];

    put_scene(&scene);
    ck_assert_int_eq(dataset_open(&d, dir, &options.names, &e), 0);
    judge_begin(&j, &options);
    judge_files(&j, &d, &report);
    judge_cut_last(&j, &report);
    judge_end(&j, &d, &report);
    ck_assert_int_eq(j.verdict, VERDICT_SOUND);
    ck_assert_int_eq(j.server, JUDGE_LOADS);
    ck_assert_uint_eq(j.files[2].size_bytes, 27);
    list_codes(&report, codes);
    ck_assert_str_eq(codes, "");
    judge_clear(&j);
    report_clear(&report);
    dataset_close(&d);
}
END_TEST

START_TEST(damage_cannot_be_cut_off)
{
    struct judge_options options = {.release = release_newest()};
    struct judge j;
    struct report report = {0};
    struct source s;
    struct error e = {0};

    judge_begin(&j, &options);
    judge_cut_last(&j, &report); /* no file: nothing happens */
    source_of_memory(&s, SET "!!!", sizeof SET "!!!" - 1);
    ck_assert_int_eq(judge_add(&j, "a", DATASET_ROLE_INCR, &s, &report, &e),
                     0);
    judge_cut_last(&j, &report);
    ck_assert_int_eq(j.files[0].verdict, VERDICT_DAMAGED);
    ck_assert_uint_eq(j.files[0].size_bytes, sizeof SET "!!!" - 1);
    ck_assert_uint_eq(report.count, 1);
    judge_clear(&j);
    report_clear(&report);
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

struct stream {
    const char *bytes;
    size_t left;
    bool fails;
};

static int
pull_stream(void *context, void *bytes, size_t size, size_t *got,
            struct error *e)
{
    struct stream *stream = context;

    *got = stream->left < size ? stream->left : size;
    memcpy(bytes, stream->bytes, *got);
    stream->bytes += *got;
    stream->left -= *got;
    if (*got == 0 && stream->fails)
        return error_set(e, ERROR_FAILED, "the archive ends");
    return 0;
}

START_TEST(the_size_of_a_stream_is_found_at_its_end)
{
    struct judge_options options = {.release = release_newest()};
    struct stream stream = {.bytes = SET "!!!" SET,
                            .left = sizeof SET "!!!" SET - 1};
    struct judge j;
    struct source s;
    struct error e = {0};

    judge_begin(&j, &options);
    source_of_pull(&s, pull_stream, &stream, UINT64_MAX);
    ck_assert_int_eq(judge_add(&j, "a", DATASET_ROLE_INCR, &s, NULL, &e), 0);
    ck_assert_uint_eq(j.files[0].size_bytes, sizeof SET "!!!" SET - 1);
    ck_assert_uint_eq(j.files[0].good_end, 27);
    source_close(&s);
    judge_clear(&j);
}
END_TEST

START_TEST(a_file_that_fails_to_read_is_not_judged)
{
    static const enum dataset_role roles[] = {
        DATASET_ROLE_MANIFEST, DATASET_ROLE_DUMP, DATASET_ROLE_INCR};
    struct judge_options options = {.release = release_newest()};
    struct stream stream = {.bytes = "", .fails = true};
    struct judge j;
    struct source s;
    struct error e = {0};

    judge_begin(&j, &options);
    source_of_pull(&s, pull_stream, &stream, 100);
    ck_assert_int_eq(judge_add(&j, "a", roles[_i], &s, NULL, &e), -1);
    ck_assert_str_eq(e.text, "the archive ends");
    ck_assert_uint_eq(j.count, 0);
    source_close(&s);
    judge_clear(&j);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("judge");
    TCase *tc = tcase_create("judge");
    SRunner *runner = srunner_create(suite);
    int failed;

    suite_add_tcase(suite, tc);
    tcase_add_checked_fixture(tc, make_dir, remove_dir);
    tcase_add_loop_test(tc, judges_a_directory, 0,
                        sizeof scenes / sizeof *scenes);
    tcase_add_test(tc, describes_each_file);
    tcase_add_loop_test(tc, a_tail_that_is_cut_off_is_no_fault, 0,
                        sizeof tails / sizeof *tails);
    tcase_add_test(tc, damage_cannot_be_cut_off);
    tcase_add_test(tc, a_file_that_we_may_not_read_is_not_called_damaged);
    tcase_add_test(tc, the_size_of_a_stream_is_found_at_its_end);
    tcase_add_loop_test(tc, a_file_that_fails_to_read_is_not_judged, 0, 3);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
