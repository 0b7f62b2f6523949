#include "base/file.h"

#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file_call.h"
#include "folder.h"

START_TEST(has_no_name_for_a_draft_until_it_is_published)
{
    struct file_draft draft;

    ck_assert_int_eq(file_draft_begin(&draft, dir, 0640, &e), 0);
    ck_assert_int_eq(file_write(draft.fd, "text", 4, &e), 0);
    if (draft.aside[0] == '\0')
        ck_assert_uint_eq(entries(), 0);
    ck_assert_int_eq(file_draft_publish(&draft, "x", &e), 0);
    ck_assert_int_eq(draft.fd, -1);
    expect("x", "text");
    ck_assert_uint_eq(entries(), 1);
}
END_TEST

START_TEST(publishes_a_draft_that_had_a_name)
{
    struct file_draft draft;

    ck_assert_int_eq(file_draft_begin_aside(&draft, dir, 0640, &e), 0);
    ck_assert_int_eq(strncmp(draft.aside, ".redkeep-new-", 13), 0);
    ck_assert_int_eq(file_write(draft.fd, "text", 4, &e), 0);
    ck_assert_uint_eq(entries(), 1);
    ck_assert_int_eq(file_draft_publish(&draft, "x", &e), 0);
    expect("x", "text");
    ck_assert_uint_eq(entries(), 1);
}
END_TEST

START_TEST(never_replaces_by_publishing)
{
    struct file_draft draft;

    put("x", "old");
    for (int aside = 0; aside < 2; aside++) {
        if (aside)
            file_draft_begin_aside(&draft, dir, 0640, &e);
        else
            file_draft_begin(&draft, dir, 0640, &e);
        ck_assert_int_eq(file_draft_publish(&draft, "x", &e), -1);
        ck_assert_int_eq(e.kind, ERROR_REFUSED);
        ck_assert_str_eq(e.text, "write x: there is already such a file");
        ck_assert_int_eq(draft.fd, -1);
        ck_assert_uint_eq(entries(), 1);
    }
    expect("x", "old");
}
END_TEST

START_TEST(leaves_no_trace_of_an_abandoned_draft)
{
    struct file_draft draft;

    ck_assert_int_eq(file_draft_begin(&draft, dir, 0640, &e), 0);
    file_draft_abandon(&draft);
    file_draft_abandon(&draft);
    ck_assert_int_eq(file_draft_begin_aside(&draft, dir, 0640, &e), 0);
    file_draft_abandon(&draft);
    ck_assert_uint_eq(entries(), 0);
}
END_TEST

START_TEST(sweeps_drafts_of_the_dead_alone)
{
    struct file_draft mine;
    char name[64];
    pid_t child = fork();

    if (child == 0)
        _exit(0);
    ck_assert_int_eq(waitpid(child, NULL, 0), child);
    snprintf(name, sizeof name, ".redkeep-new-%ld-0", (long)child);
    put(name, "rest");
    put(".redkeep-new-x-1", "not a draft");
    put("other", "text");
    ck_assert_int_eq(file_draft_begin_aside(&mine, dir, 0640, &e), 0);
    ck_assert_int_eq(file_sweep(dir, &e), 0);
    ck_assert_int_eq(faccessat(dir, name, F_OK, 0), -1);
    ck_assert_int_eq(faccessat(dir, mine.aside, F_OK, 0), 0);
    file_draft_abandon(&mine);
    ck_assert_uint_eq(entries(), 2);
}
END_TEST

START_TEST(leaves_a_locked_draft_of_a_process_it_cannot_see)
{
    char name[64];
    int fd;
    pid_t child = fork();

    if (child == 0)
        _exit(0);
    ck_assert_int_eq(waitpid(child, NULL, 0), child);
    snprintf(name, sizeof name, ".redkeep-new-%ld-0", (long)child);
    put(name, "rest");
    fd = file_open(dir, name, &e);
    ck_assert_int_eq(flock(fd, LOCK_EX), 0);
    ck_assert_int_eq(file_sweep(dir, &e), 0);
    ck_assert_uint_eq(entries(), 1);
    close(fd);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("file_draft");
    TCase *cases = tcase_create("file_draft");
    SRunner *runner;
    int failed;

    tcase_add_checked_fixture(cases, folder_begin, folder_end);
    tcase_add_test(cases, has_no_name_for_a_draft_until_it_is_published);
    tcase_add_test(cases, publishes_a_draft_that_had_a_name);
    tcase_add_test(cases, never_replaces_by_publishing);
    tcase_add_test(cases, leaves_no_trace_of_an_abandoned_draft);
    tcase_add_test(cases, sweeps_drafts_of_the_dead_alone);
    tcase_add_test(cases, leaves_a_locked_draft_of_a_process_it_cannot_see);
    suite_add_tcase(suite, cases);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
