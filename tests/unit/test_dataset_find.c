#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "formats/dataset.h"
#include "test_dataset_dir.h"

#define BASE_LINE "file appendonly.aof.1.base.rdb seq 1 type b\n"
#define INCR_LINE "file appendonly.aof.1.incr.aof seq 1 type i\n"
#define MANIFEST "appendonlydir/appendonly.aof.manifest"
#define BASE "appendonlydir/appendonly.aof.1.base.rdb"
#define INCR "appendonlydir/appendonly.aof.1.incr.aof"

/* "kind: role role? role!" (missing, unreadable), and the flags that are set. */
static void
describe(const struct dataset *d, char *out)
{
    out += sprintf(out, "%s:", dataset_kind_name(d->kind));
    for (size_t i = 0; i < d->count; i++)
        out += sprintf(out, " %s%s", dataset_role_name(d->files[i].role),
                       d->files[i].missing  ? "?"
                       : d->files[i].fd < 0 ? "!"
                                            : "");
    if (d->manifest_error.kind != ERROR_NONE)
        out += sprintf(out, " broken");
    if (d->unused_manifest.kind != ERROR_NONE)
        out += sprintf(out, " unused-broken");
    if (d->has_history)
        out += sprintf(out, " history");
    if (d->other_dump)
        out += sprintf(out, " other-dump");
    if (d->other_aof)
        out += sprintf(out, " other-aof");
    if (d->manifest_missing)
        out += sprintf(out, " no-manifest");
    if (d->switching_on)
        sprintf(out, " switching");
}

enum { DUMP = 1, SINGLE = 2, SET = 4, OLD = 8 };

/* By what lies there and what the server is told: what the data is. */
static const struct {
    int files;
    const char *manifest; /* NULL: none */
    const char *yes, *no, *automatic;
} kinds[] = {
    {0, NULL, "none:", "none:", "none:"},
    {DUMP, NULL, "rdb: dump", "rdb: dump", "rdb: dump"},
    {SINGLE, NULL, "aof-single: single", "aof-single: single",
     "aof-single: single"},
    {DUMP | SINGLE, NULL, "aof-single: single other-dump",
     "rdb: dump other-aof", "aof-single: single other-dump"},
    {SET, BASE_LINE INCR_LINE, "aof: manifest base incr",
     "aof: manifest base incr", "aof: manifest base incr"},
    {SET | DUMP, BASE_LINE INCR_LINE, "aof: manifest base incr other-dump",
     "rdb: dump other-aof", "aof: manifest base incr other-dump"},
    {SET | SINGLE, BASE_LINE INCR_LINE, "aof: manifest base incr other-aof",
     "aof: manifest base incr other-aof", "aof: manifest base incr other-aof"},
    {SET, BASE_LINE, "aof: manifest base other-aof",
     "aof: manifest base other-aof", "aof: manifest base other-aof"},
    {SET, INCR_LINE BASE_LINE, "aof: manifest base incr",
     "aof: manifest base incr", "aof: manifest base incr"},
    {SET, BASE_LINE "file appendonly.aof.1.incr.aof seq 1 type h\n",
     "aof: manifest base history", "aof: manifest base history",
     "aof: manifest base history"},
    {SET, BASE_LINE INCR_LINE "file gone seq 2 type i\n",
     "aof: manifest base incr incr?", "aof: manifest base incr incr?",
     "aof: manifest base incr incr?"},
    /* The manifest is lost, broken, or names nothing. */
    {SET, NULL, "aof: orphan orphan other-aof no-manifest",
     "aof: orphan orphan other-aof no-manifest",
     "aof: orphan orphan other-aof no-manifest"},
    {SET | DUMP, NULL,
     "aof: dump orphan orphan other-dump other-aof "
     "no-manifest",
     "rdb: dump other-aof", "rdb: dump orphan orphan other-aof no-manifest"},
    {SET, "", "aof: manifest orphan orphan broken other-aof",
     "aof: manifest orphan orphan broken other-aof",
     "aof: manifest orphan orphan broken other-aof"},
    {SET | SINGLE, "", "aof: manifest orphan orphan broken other-aof",
     "aof: manifest orphan orphan broken other-aof",
     "aof: manifest orphan orphan broken other-aof"},
    {SET | DUMP, "",
     "aof: manifest dump orphan orphan broken other-dump other-aof",
     "rdb: dump unused-broken other-aof",
     "aof: manifest dump orphan orphan broken other-dump other-aof"},
    {0, "# nothing\n", "aof: manifest", "aof: manifest", "aof: manifest"},
    {DUMP, "# nothing\n", "aof: manifest dump other-dump", "rdb: dump",
     "aof: manifest dump other-dump"},
    /* A server moves the old single file into its new folder. */
    {SINGLE, "# nothing\n", "aof-single: single", "aof-single: single",
     "aof-single: single"},
    {SINGLE, "file appendonly.aof seq 1 type b\n", "aof-single: single",
     "aof-single: single", "aof-single: single"},
    {SINGLE | OLD, "file appendonly.aof seq 1 type b\n",
     "aof: manifest base other-aof", "aof: manifest base other-aof",
     "aof: manifest base other-aof"},
    {SINGLE | OLD, NULL, "aof-single: single other-aof",
     "aof-single: single other-aof", "aof-single: single other-aof"},
    {SINGLE, "file appendonly.aof seq 1 type b\n" INCR_LINE,
     "aof: manifest base? incr? other-aof",
     "aof: manifest base? incr? other-aof",
     "aof: manifest base? incr? other-aof"},
};

static void
put_all(int files, const char *manifest)
{
    if (files & DUMP)
        put("dump.rdb", "dump");
    if (files & SINGLE)
        put("appendonly.aof", "single");
    if (files & OLD)
        put("appendonlydir/appendonly.aof", "old");
    if (files & SET) {
        put(BASE, "base");
        put(INCR, "incr");
    }
    if (manifest != NULL)
        put(MANIFEST, manifest);
}

static void
assert_kind(const struct dataset_names *names, const char *expected)
{
    struct dataset d;
    struct error e = {0};
    char found[1000];

    ck_assert_msg(dataset_open(&d, dir, names, &e) == 0, "%s", e.text);
    describe(&d, found);
    ck_assert_str_eq(found, expected);
    dataset_close(&d);
}

START_TEST(finds_the_data_of_a_directory)
{
    struct dataset_names names = {.appendonly = DATASET_APPENDONLY_YES};

    put_all(kinds[_i].files, kinds[_i].manifest);
    assert_kind(&names, kinds[_i].yes);
    names.appendonly = DATASET_APPENDONLY_NO;
    assert_kind(&names, kinds[_i].no);
    names.appendonly = DATASET_APPENDONLY_AUTO;
    assert_kind(&names, kinds[_i].automatic);
}
END_TEST

/* For a server before 7.0, which knows no folder. */
static const struct {
    int files;
    const char *yes, *automatic;
} olds[] = {
    {DUMP, "rdb: dump", "rdb: dump"},
    {SINGLE, "aof-single: single", "aof-single: single"},
    {SINGLE | SET, "aof-single: single other-aof",
     "aof-single: single other-aof"},
    {SET, "aof: manifest base incr", "aof: manifest base incr"},
    {SET | DUMP, "aof: manifest base incr other-dump", "rdb: dump other-aof"},
};

START_TEST(a_server_before_manifests_reads_the_single_file)
{
    struct dataset_names names = {.appendonly = DATASET_APPENDONLY_YES,
                                  .no_manifest = true};

    put_all(olds[_i].files, olds[_i].files & SET ? BASE_LINE INCR_LINE : NULL);
    assert_kind(&names, olds[_i].yes);
    names.appendonly = DATASET_APPENDONLY_AUTO;
    assert_kind(&names, olds[_i].automatic);
}
END_TEST

START_TEST(takes_files_by_the_names_of_the_settings)
{
    struct dataset_names names = {.dbfilename = "my dump",
                                  .appendfilename = "my\nlog",
                                  .appenddirname = "my dir"};

    put("my dump", "dump");
    mkdirat(dir, "my dir", 0755);
    put("my dir/my\nlog.manifest",
        "file \"my\\nlog.1.incr.aof\" seq 1 type i\n");
    put("my dir/my\nlog.1.incr.aof", "");
    put("my dir/my\nlog.2.incr.aof", "");
    put("my dir/other.1.incr.aof", "");
    put("appendonly.aof", "of another server");
    assert_kind(&names, "aof: manifest incr other-dump other-aof");
}
END_TEST

START_TEST(a_dump_that_is_a_link_is_listed_as_unreadable)
{
    struct dataset_names names = {0};

    ck_assert_int_eq(symlinkat("/etc/hostname", dir, "dump.rdb"), 0);
    assert_kind(&names, "rdb: dump!");
}
END_TEST

START_TEST(a_name_too_long_for_a_file_is_listed)
{
    struct dataset_names names = {0};
    char line[400];

    sprintf(line, "file %0300d seq 1 type i\n", 7);
    put(MANIFEST, line);
    assert_kind(&names, "aof: manifest incr!");
}
END_TEST

START_TEST(a_manifest_beyond_any_size_is_broken)
{
    struct dataset_names names = {0};
    int fd;

    put(MANIFEST, BASE_LINE);
    fd = openat(dir, MANIFEST, O_WRONLY | O_CLOEXEC);
    ck_assert_int_eq(ftruncate(fd, AOF_MANIFEST_SIZE_MAX + 1), 0);
    close(fd);
    assert_kind(&names, "aof: manifest broken");
}
END_TEST

START_TEST(sees_that_the_aof_is_being_switched_on)
{
    struct dataset_names names = {0};

    put_all(SET, BASE_LINE INCR_LINE);
    put("appendonlydir/temp-appendonly.aof.incr", "");
    assert_kind(&names, "aof: manifest base incr switching");
}
END_TEST

/* The file of collected writes: how large, whether somebody writes it. */
static const struct {
    const char *text;
    bool written, lost;
} switches[] = {{"", false, false}, {"x", true, false}, {"x", false, true}};

START_TEST(sees_that_writes_were_lost_while_it_was_switched_on)
{
    struct dataset_names names = {0};
    struct dataset d;
    struct error e = {0};
    int fd = -1;

    put("appendonlydir/temp-appendonly.aof.incr", switches[_i].text);
    if (switches[_i].written)
        fd = openat(dir, "appendonlydir/temp-appendonly.aof.incr",
                    O_WRONLY | O_CLOEXEC);
    ck_assert_int_eq(dataset_open(&d, dir, &names, &e), 0);
    ck_assert(d.switching_on);
    ck_assert(d.switching_lost == switches[_i].lost);
    dataset_close(&d);
    if (fd >= 0)
        close(fd);
}
END_TEST

START_TEST(temporary_files_are_no_data)
{
    struct dataset_names names = {0};

    put("temp-123.rdb", "");
    put("temp-rewriteaof-bg-1.aof", "");
    put("appendonlydir/temp-appendonly.aof.manifest", "");
    put("appendonlydir/appendonly.aof.x.incr.aof", "");
    put("appendonlydir/appendonly.aof.1.incr.aof.bak", "");
    assert_kind(&names, "none:");
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("dataset_find");
    TCase *tc = tcase_create("dataset_find");
    SRunner *runner = srunner_create(suite);
    int failed;

    suite_add_tcase(suite, tc);
    tcase_add_checked_fixture(tc, make_dir, remove_dir);
    tcase_add_loop_test(tc, finds_the_data_of_a_directory, 0,
                        sizeof kinds / sizeof *kinds);
    tcase_add_loop_test(tc, a_server_before_manifests_reads_the_single_file, 0,
                        sizeof olds / sizeof *olds);
    tcase_add_test(tc, takes_files_by_the_names_of_the_settings);
    tcase_add_test(tc, a_dump_that_is_a_link_is_listed_as_unreadable);
    tcase_add_test(tc, a_name_too_long_for_a_file_is_listed);
    tcase_add_test(tc, a_manifest_beyond_any_size_is_broken);
    tcase_add_test(tc, sees_that_the_aof_is_being_switched_on);
    tcase_add_loop_test(tc, sees_that_writes_were_lost_while_it_was_switched_on,
                        0, sizeof switches / sizeof *switches);
    tcase_add_test(tc, temporary_files_are_no_data);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
