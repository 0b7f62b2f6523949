#include "base/file.h"

#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char folder[64];
static int dir;

static void
make_folder(void)
{
    struct error e = {0};

    snprintf(folder, sizeof folder, "/tmp/test-file-copy-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    dir = file_open_directory(AT_FDCWD, folder, &e);
    ck_assert_int_eq(file_replace(dir, "from", "0123456789", 10, 0600, &e), 0);
}

static void
remove_folder(void)
{
    struct error e = {0};

    close(dir);
    ck_assert_int_eq(file_remove_tree(AT_FDCWD, folder, &e), 0);
}

static int
tell(void *context, uint64_t done, struct error *e)
{
    uint64_t *told = context;

    *told = done;
    return done < 100 ? 0 : error_set(e, ERROR_STOPPED, "enough");
}

/* Copies from `from` to a new file. */
static int
copy(const char *to_name, uint64_t size, uint64_t *told, struct error *e)
{
    int from = file_open(dir, "from", e),
        to = file_create(dir, to_name, 0600, e);
    int rc;

    ck_assert_int_ge(from, 0);
    ck_assert_int_ge(to, 0);
    rc = file_copy(from, to, size, tell, told, e);
    close(from);
    close(to);
    return rc;
}

START_TEST(copies_so_many_bytes)
{
    struct error e = {0};
    uint64_t told = 0;
    char *bytes;
    size_t size;

    ck_assert_int_eq(copy("to", 7, &told, &e), 0);
    ck_assert_uint_eq(told, 7);
    ck_assert_int_eq(file_load(dir, "to", 100, &bytes, &size, &e), 0);
    ck_assert_str_eq(bytes, "0123456");
    free(bytes);
}
END_TEST

START_TEST(says_when_the_file_is_shorter)
{
    struct error e = {0};
    uint64_t told = 0;

    ck_assert_int_eq(copy("to", 11, &told, &e), -1);
    ck_assert_int_eq(e.kind, ERROR_CHANGED);
}
END_TEST

START_TEST(ends_when_it_is_told_to)
{
    static const char block[4096];
    struct error e = {0};
    uint64_t told = 0;

    ck_assert_int_eq(file_replace(dir, "from", block, sizeof block, 0600, &e),
                     0);
    ck_assert_int_eq(copy("to", sizeof block, &told, &e), -1);
    ck_assert_int_eq(e.kind, ERROR_STOPPED);
}
END_TEST

START_TEST(a_link_is_the_same_file)
{
    struct file_identity a, b;
    struct error e = {0};

    ck_assert_int_eq(file_link(dir, "from", dir, "to", &e), 0);
    ck_assert_int_eq(file_identify_at(dir, "from", &a, &e), 0);
    ck_assert_int_eq(file_identify_at(dir, "to", &b, &e), 0);
    ck_assert(file_same(&a, &b));
    ck_assert_uint_eq(b.links, 2);
}
END_TEST

START_TEST(a_link_replaces_nothing)
{
    struct error e = {0};

    ck_assert_int_eq(file_replace(dir, "to", "x", 1, 0600, &e), 0);
    ck_assert_int_eq(file_link(dir, "from", dir, "to", &e), -1);
    ck_assert_int_eq(e.kind, ERROR_FAILED);
}
END_TEST

START_TEST(says_where_no_link_can_be)
{
    struct error e = {0};

    ck_assert_int_eq(file_link(AT_FDCWD, "/proc/self/status", dir, "to", &e),
                     -1);
    ck_assert_int_eq(e.kind, ERROR_DENIED);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("file_copy");
    TCase *c = tcase_create("file_copy");
    SRunner *runner;
    int failed;

    tcase_add_checked_fixture(c, make_folder, remove_folder);
    tcase_add_test(c, copies_so_many_bytes);
    tcase_add_test(c, says_when_the_file_is_shorter);
    tcase_add_test(c, ends_when_it_is_told_to);
    tcase_add_test(c, a_link_is_the_same_file);
    tcase_add_test(c, a_link_replaces_nothing);
    tcase_add_test(c, says_where_no_link_can_be);
    suite_add_tcase(suite, c);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? 0 : 1;
}
