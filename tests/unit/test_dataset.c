#include <check.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "formats/dataset.h"
#include "test_dataset_dir.h"

#define BASE_LINE "file appendonly.aof.1.base.rdb seq 1 type b\n"
#define INCR_LINE "file appendonly.aof.1.incr.aof seq 1 type i\n"
#define MANIFEST "appendonlydir/appendonly.aof.manifest"
#define BASE "appendonlydir/appendonly.aof.1.base.rdb"
#define INCR "appendonlydir/appendonly.aof.1.incr.aof"

static void
put_set(const char *manifest)
{
    put(BASE, "base");
    put(INCR, "incr");
    put(MANIFEST, manifest);
}

static const struct {
    struct dataset_names names;
    const char *error;
} paths[] = {
    {{.dbfilename = "../dump.rdb"}, "dbfilename '../dump.rdb' is no file name"},
    {{.appendfilename = "a/b"}, "appendfilename 'a/b' is no file name"},
    {{.appenddirname = ".."}, "appenddirname '..' is no file name"},
    {{.dbfilename = ""}, "dbfilename '' is no file name"},
};

START_TEST(names_that_leave_the_directory_are_refused)
{
    struct dataset d;
    struct error e = {0};

    ck_assert_int_eq(dataset_open(&d, dir, &paths[_i].names, &e), -1);
    ck_assert_str_eq(e.text, paths[_i].error);
    ck_assert_uint_eq(d.count, 0);
}
END_TEST

START_TEST(knows_files_by_path_seq_and_size)
{
    struct dataset_names names = {0};
    struct dataset d;
    struct error e = {0};

    put_set(BASE_LINE "file appendonly.aof.1.incr.aof seq 42 type i\n");
    ck_assert_int_eq(dataset_open(&d, dir, &names, &e), 0);
    ck_assert_str_eq(d.files[0].path, MANIFEST);
    ck_assert_str_eq(d.files[1].path, BASE);
    ck_assert_str_eq(d.files[2].path, INCR);
    ck_assert_int_eq(d.files[2].seq, 42);
    ck_assert_uint_eq(d.files[2].id.size_bytes, 4);
    ck_assert_uint_eq(d.manifest.count, 2);
    dataset_close(&d);
}
END_TEST

START_TEST(what_is_opened_stays_readable_when_it_is_unlinked)
{
    struct dataset_names names = {0};
    struct dataset d;
    struct error e = {0};
    char bytes[8];
    size_t got;

    put_set(BASE_LINE INCR_LINE);
    ck_assert_int_eq(dataset_open(&d, dir, &names, &e), 0);
    ck_assert_int_eq(unlinkat(dir, BASE, 0), 0);
    ck_assert_int_eq(
        file_read_at(d.files[1].fd, bytes, sizeof bytes, 0, &got, &e), 0);
    ck_assert_uint_eq(got, 4);
    dataset_close(&d);
}
END_TEST

START_TEST(links_and_folders_are_listed_but_not_read)
{
    struct dataset_names names = {0};
    struct dataset d;
    struct error e = {0};

    put_set(BASE_LINE "file appendonly.aof.1.incr.aof seq 1 type i\n"
                      "file . seq 2 type i\nfile .. seq 3 type i\n"
                      "file \"\" seq 4 type i\n");
    ck_assert_int_eq(unlinkat(dir, BASE, 0), 0);
    ck_assert_int_eq(symlinkat("/etc/hostname", dir, BASE), 0);
    ck_assert_int_eq(dataset_open(&d, dir, &names, &e), 0);
    ck_assert_uint_eq(d.count, 6);
    ck_assert_int_ge(d.files[2].fd, 0);
    for (size_t i = 1; i < 6; i++)
        ck_assert(!d.files[i].missing && (i == 2 || d.files[i].fd == -1));
    ck_assert_str_eq(d.files[1].error.text,
                     "appendonly.aof.1.base.rdb is a symbolic link, not a "
                     "file");
    ck_assert_str_eq(d.files[3].error.text, "'.' is no file name");
    dataset_close(&d);
}
END_TEST

/* A server that rewrites all the time, in another process. */
static void
rewrite(int seq)
{
    char base[64], text[128];

    sprintf(base, "appendonlydir/appendonly.aof.%d.base.rdb", seq);
    sprintf(text, "file appendonly.aof.%d.base.rdb seq %d type b\n", seq, seq);
    put(base, "base");
    put("appendonlydir/temp", text);
    if (renameat(dir, "appendonlydir/temp", dir, MANIFEST) != 0)
        _exit(1);
    sprintf(base, "appendonlydir/appendonly.aof.%d.base.rdb", seq - 1);
    unlinkat(dir, base, 0);
}

START_TEST(a_set_is_never_of_two_moments)
{
    struct dataset_names names = {0};
    struct error e = {0};
    pid_t child;
    int whole = 0;

    rewrite(1);
    child = fork();
    if (child == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        for (int seq = 2;; seq++)
            rewrite(seq);
    }
    for (int i = 0; i < 200; i++) {
        struct dataset d;

        if (dataset_open(&d, dir, &names, &e) != 0) {
            ck_assert_int_eq(e.kind, ERROR_CHANGED);
            continue;
        }
        whole++;
        ck_assert_uint_eq(d.count, 2);
        ck_assert_int_ge(d.files[1].fd, 0);
        ck_assert_int_eq(d.files[1].seq, d.manifest.parts[0].seq);
        dataset_close(&d);
    }
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    ck_assert_int_gt(whole, 0);
}
END_TEST

START_TEST(kinds_and_roles_have_names_both_ways)
{
    enum dataset_kind kind;
    enum dataset_role role;

    for (int i = DATASET_NONE; i <= DATASET_AOF_SINGLE; i++) {
        ck_assert(
            dataset_find_kind(dataset_kind_name((enum dataset_kind)i), &kind));
        ck_assert_int_eq((int)kind, i);
    }
    for (int i = DATASET_ROLE_DUMP; i <= DATASET_ROLE_ORPHAN; i++) {
        ck_assert(
            dataset_find_role(dataset_role_name((enum dataset_role)i), &role));
        ck_assert_int_eq((int)role, i);
    }
    ck_assert(!dataset_find_kind("other", &kind));
    ck_assert(!dataset_find_role("", &role));
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("dataset");
    TCase *tc = tcase_create("dataset");
    SRunner *runner = srunner_create(suite);
    int failed;

    suite_add_tcase(suite, tc);
    tcase_add_checked_fixture(tc, make_dir, remove_dir);
    tcase_add_loop_test(tc, names_that_leave_the_directory_are_refused, 0,
                        sizeof paths / sizeof *paths);
    tcase_add_test(tc, knows_files_by_path_seq_and_size);
    tcase_add_test(tc, what_is_opened_stays_readable_when_it_is_unlinked);
    tcase_add_test(tc, links_and_folders_are_listed_but_not_read);
    tcase_add_test(tc, a_set_is_never_of_two_moments);
    tcase_add_test(tc, kinds_and_roles_have_names_both_ways);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
