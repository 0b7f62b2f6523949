#include "base/file.h"

#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "folder.h"

START_TEST(opens_regular_files_alone)
{
    int fd;

    put("plain", "x");
    ck_assert_int_eq(symlinkat("plain", dir, "link"), 0);
    ck_assert_int_eq(mkfifoat(dir, "fifo", 0600), 0);
    ck_assert_int_eq(mkdirat(dir, "folder", 0700), 0);
    fd = file_open(dir, "plain", &e);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(fcntl(fd, F_GETFD), FD_CLOEXEC);
    close(fd);
    ck_assert_int_eq(file_open(dir, "link", &e), -1);
    ck_assert_str_eq(e.text, "link is a symbolic link, not a file");
    ck_assert_int_eq(file_open(dir, "fifo", &e), -1);
    ck_assert_str_eq(e.text, "fifo is not a regular file");
    ck_assert_int_eq(file_open(dir, "folder", &e), -1);
    ck_assert_str_eq(e.text, "folder is not a regular file");
    ck_assert_int_eq(e.kind, ERROR_FAILED);
    ck_assert_int_eq(file_open(dir, "none", &e), -1);
    ck_assert_int_eq(e.kind, ERROR_ABSENT);
    ck_assert_str_eq(e.text, "open none: No such file or directory");
}
END_TEST

START_TEST(tells_a_file_from_its_successor_of_the_same_name)
{
    struct file_identity a, b, c;
    int fd;

    put("x", "one");
    fd = file_open(dir, "x", &e);
    ck_assert_int_eq(file_identify(fd, &a, &e), 0);
    ck_assert_int_eq(file_identify_at(dir, "x", &b, &e), 0);
    ck_assert(file_same(&a, &b));
    ck_assert_uint_eq(a.size_bytes, 3);
    ck_assert_uint_eq(a.links, 1);
    ck_assert_uint_eq(a.mode & 07777, 0640);
    ck_assert_uint_eq(a.uid, getuid());
    ck_assert_int_gt(a.mtime_ns, INT64_C(1600000000000000000));
    put("x", "two");
    ck_assert_int_eq(file_identify_at(dir, "x", &c, &e), 0);
    ck_assert(!file_same(&a, &c));
    ck_assert_int_eq(symlinkat("x", dir, "link"), 0);
    ck_assert_int_eq(file_identify_at(dir, "link", &c, &e), 0);
    ck_assert(S_ISLNK(c.mode));
    close(fd);
}
END_TEST

START_TEST(reads_at_an_offset_and_less_only_at_the_end)
{
    char bytes[8];
    size_t got;
    int fd;

    put("x", "0123456789");
    fd = file_open(dir, "x", &e);
    ck_assert_int_eq(file_read_at(fd, bytes, 8, 1, &got, &e), 0);
    ck_assert_uint_eq(got, 8);
    ck_assert_mem_eq(bytes, "12345678", 8);
    ck_assert_int_eq(file_read_at(fd, bytes, 8, 8, &got, &e), 0);
    ck_assert_uint_eq(got, 2);
    ck_assert_int_eq(file_read_at(fd, bytes, 8, 99, &got, &e), 0);
    ck_assert_uint_eq(got, 0);
    ck_assert_int_eq(file_read_at(fd, bytes, 8, UINT64_MAX, &got, &e), -1);
    close(fd);
}
END_TEST

START_TEST(loads_up_to_a_limit)
{
    char *bytes;
    size_t size;

    put("x", "12345");
    put("empty", "");
    expect("empty", "");
    ck_assert_int_eq(file_load(dir, "x", 5, &bytes, &size, &e), 0);
    ck_assert_uint_eq(size, 5);
    free(bytes);
    ck_assert_int_eq(file_load(dir, "x", 4, &bytes, &size, &e), -1);
    ck_assert_str_eq(e.text, "read x: larger than the limit of 4 bytes");
    ck_assert_int_eq(
        file_load(AT_FDCWD, "/proc/self/status", 1 << 20, &bytes, &size, &e),
        0);
    ck_assert_uint_gt(size, 100);
    free(bytes);
    ck_assert_int_eq(file_load(dir, "none", 4, &bytes, &size, &e), -1);
    ck_assert_int_eq(e.kind, ERROR_ABSENT);
}
END_TEST

START_TEST(replaces_in_one_step_and_leaves_nothing_beside)
{
    struct stat st;

    put("x", "old");
    ck_assert_int_eq(file_replace(dir, "x", "new", 3, 0600, &e), 0);
    expect("x", "new");
    ck_assert_int_eq(fstatat(dir, "x", &st, 0), 0);
    ck_assert_uint_eq(st.st_mode & 07777, 0600);
    ck_assert_uint_eq(entries(), 1);
    ck_assert_int_eq(mkdirat(dir, "folder", 0700), 0);
    ck_assert_int_eq(file_replace(dir, "folder", "new", 3, 0600, &e), -1);
    ck_assert_uint_eq(entries(), 2);
    ck_assert_int_eq(file_replace(dir, "none/x", "new", 3, 0600, &e), -1);
    ck_assert_int_eq(e.kind, ERROR_ABSENT);
}
END_TEST

START_TEST(works_on_paths_with_folders_in_them)
{
    char name[96];
    bool made;

    snprintf(name, sizeof name, "%s/folder/", path);
    ck_assert_int_eq(file_make_directory(AT_FDCWD, name, 0700, &made, &e), 0);
    ck_assert(made);
    snprintf(name, sizeof name, "%s/folder/x", path);
    ck_assert_int_eq(file_replace(AT_FDCWD, name, "new", 3, 0600, &e), 0);
    expect("folder/x", "new");
    ck_assert_int_eq(file_remove(AT_FDCWD, name, &e), 0);
    ck_assert_int_eq(faccessat(dir, "folder/x", F_OK, 0), -1);
}
END_TEST

START_TEST(creates_only_what_was_not_there)
{
    int fd = file_create(dir, "x", 0600, &e);

    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(file_write(fd, "text", 4, &e), 0);
    close(fd);
    expect("x", "text");
    ck_assert_int_eq(file_create(dir, "x", 0600, &e), -1);
    ck_assert_str_eq(e.text, "create x: File exists");
}
END_TEST

START_TEST(makes_a_directory_once)
{
    bool made = false;

    ck_assert_int_eq(file_make_directory(dir, "d", 0750, &made, &e), 0);
    ck_assert(made);
    ck_assert_int_eq(file_make_directory(dir, "d", 0750, &made, &e), 0);
    ck_assert(!made);
    put("x", "");
    ck_assert_int_eq(file_make_directory(dir, "x", 0750, NULL, &e), -1);
    ck_assert_str_eq(e.text, "folder x: is there, but is not a folder");
    ck_assert_int_eq(file_make_directory(dir, "a/b", 0750, NULL, &e), -1);
    ck_assert_int_eq(e.kind, ERROR_ABSENT);
}
END_TEST

START_TEST(moves_without_replacing)
{
    put("a", "1");
    put("b", "2");
    ck_assert_int_eq(mkdirat(dir, "d", 0700), 0);
    ck_assert_int_eq(file_move(dir, "a", dir, "b", &e), -1);
    ck_assert_int_eq(e.kind, ERROR_REFUSED);
    ck_assert_str_eq(e.text, "move a: b is there already");
    ck_assert_int_eq(file_move(dir, "a", dir, "d/c", &e), 0);
    expect("d/c", "1");
    ck_assert_int_eq(faccessat(dir, "a", F_OK, 0), -1);
    ck_assert_int_eq(file_move(dir, "a", dir, "c", &e), -1);
    ck_assert_int_eq(e.kind, ERROR_ABSENT);
}
END_TEST

START_TEST(renames_over_what_is_there_or_not)
{
    put("a", "1");
    put("b", "2");
    ck_assert_int_eq(file_rename_new(dir, "a", dir, "b", &e), -1);
    ck_assert_int_eq(e.kind, ERROR_REFUSED);
    expect("b", "2");
    ck_assert_int_eq(file_rename(dir, "a", dir, "b", &e), 0);
    expect("b", "1");
    ck_assert_int_eq(file_rename_new(dir, "b", dir, "c", &e), 0);
    expect("c", "1");
}
END_TEST

START_TEST(removes_a_tree_without_following_links)
{
    put("kept", "1");
    ck_assert_int_eq(mkdirat(dir, "d", 0700), 0);
    ck_assert_int_eq(mkdirat(dir, "d/e", 0700), 0);
    ck_assert_int_eq(mkdirat(dir, "outside", 0700), 0);
    put("outside/kept", "2");
    put("d/x", "3");
    put("d/e/y", "4");
    ck_assert_int_eq(symlinkat("../outside", dir, "d/link"), 0);
    ck_assert_int_eq(symlinkat("kept", dir, "rootlink"), 0);
    ck_assert_int_eq(file_remove_tree(dir, "d", &e), 0);
    ck_assert_int_eq(file_remove_tree(dir, "rootlink", &e), 0);
    ck_assert_int_eq(file_remove_tree(dir, "none", &e), 0);
    ck_assert_int_eq(faccessat(dir, "d", F_OK, 0), -1);
    expect("kept", "1");
    expect("outside/kept", "2");
    ck_assert_uint_eq(entries(), 2);
}
END_TEST

START_TEST(removes_what_is_there_and_minds_nothing_else)
{
    put("x", "1");
    ck_assert_int_eq(file_remove(dir, "x", &e), 0);
    ck_assert_int_eq(file_remove(dir, "x", &e), 0);
    ck_assert_int_eq(file_remove(dir, "none/x", &e), 0);
    ck_assert_uint_eq(entries(), 0);
}
END_TEST

START_TEST(sorts_the_names_of_a_folder)
{
    char **names;
    size_t count;

    put("b", "");
    put("a", "");
    put(".c", "");
    for (int again = 0; again < 2; again++) {
        ck_assert_int_eq(file_names(dir, &names, &count, &e), 0);
        ck_assert_uint_eq(count, 3);
        ck_assert_str_eq(names[0], ".c");
        ck_assert_str_eq(names[1], "a");
        ck_assert_str_eq(names[2], "b");
        file_free_names(names, count);
    }
}
END_TEST

START_TEST(gives_what_root_creates_to_the_owner_of_the_folder)
{
    struct file_draft draft;
    struct stat st;

    if (geteuid() != 0 || fchown(dir, 4321, 8765) != 0)
        return;
    put("replaced", "1");
    close(file_create(dir, "created", 0600, &e));
    ck_assert_int_eq(file_make_directory(dir, "folder", 0700, NULL, &e), 0);
    ck_assert_int_eq(file_draft_begin(&draft, dir, 0600, &e), 0);
    ck_assert_int_eq(file_draft_publish(&draft, "draft", &e), 0);
    for (int i = 0; i < 4; i++) {
        static const char *const names[] = {"replaced", "created", "folder",
                                            "draft"};

        ck_assert_int_eq(fstatat(dir, names[i], &st, 0), 0);
        ck_assert_uint_eq(st.st_uid, 4321);
        ck_assert_uint_eq(st.st_gid, 8765);
    }
}
END_TEST

START_TEST(sets_mode_and_owner_and_knows_free_space)
{
    struct stat st;
    uint64_t bytes = 0;
    int fd = file_create(dir, "x", 0600, &e);

    ck_assert_int_eq(file_set_mode(fd, 0444, &e), 0);
    ck_assert_int_eq(file_give(fd, getuid(), getgid(), &e), 0);
    ck_assert_int_eq(fstat(fd, &st), 0);
    ck_assert_uint_eq(st.st_mode & 07777, 0444);
    ck_assert_int_eq(file_free_bytes(fd, &bytes, &e), 0);
    ck_assert_uint_gt(bytes, 0);
    ck_assert_int_eq(file_sync(fd, &e), 0);
    ck_assert_int_eq(file_sync_directory(dir, &e), 0);
    file_forget_pages(fd, 0, 100);
    close(fd);
}
END_TEST

START_TEST(says_that_the_disk_is_full)
{
    int fd = open("/dev/full", O_WRONLY | O_CLOEXEC);

    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(file_write(fd, "x", 1, &e), -1);
    ck_assert_int_eq(e.kind, ERROR_FAILED);
    ck_assert_ptr_nonnull(strstr(e.text, "No space left on device"));
    close(fd);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("file");
    TCase *cases = tcase_create("file");
    SRunner *runner;
    int failed;

    tcase_add_checked_fixture(cases, folder_begin, folder_end);
    tcase_add_test(cases, opens_regular_files_alone);
    tcase_add_test(cases, tells_a_file_from_its_successor_of_the_same_name);
    tcase_add_test(cases, reads_at_an_offset_and_less_only_at_the_end);
    tcase_add_test(cases, loads_up_to_a_limit);
    tcase_add_test(cases, replaces_in_one_step_and_leaves_nothing_beside);
    tcase_add_test(cases, works_on_paths_with_folders_in_them);
    tcase_add_test(cases, creates_only_what_was_not_there);
    tcase_add_test(cases, makes_a_directory_once);
    tcase_add_test(cases, moves_without_replacing);
    tcase_add_test(cases, renames_over_what_is_there_or_not);
    tcase_add_test(cases, removes_a_tree_without_following_links);
    tcase_add_test(cases, removes_what_is_there_and_minds_nothing_else);
    tcase_add_test(cases, sorts_the_names_of_a_folder);
    tcase_add_test(cases, gives_what_root_creates_to_the_owner_of_the_folder);
    tcase_add_test(cases, sets_mode_and_owner_and_knows_free_space);
    tcase_add_test(cases, says_that_the_disk_is_full);
    suite_add_tcase(suite, cases);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
