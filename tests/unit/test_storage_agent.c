#include "repo/storage_agent.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "repo/storage.h"
#include "test_storage_repo.h"

static struct lock held = LOCK_NONE;
static struct error e;

static void
take(void)
{
    ck_assert_msg(storage_lock_agent(repo, "main", &held, &e) == 0, "%s",
                  e.text);
}

START_TEST(makes_the_folders_of_a_first_start)
{
    mode_t mode;

    take();
    ck_assert(is_there("main", &mode));
    ck_assert_uint_eq(mode, 0700);
    ck_assert(is_there("main/locks/agent", NULL));
    lock_release(&held);
}
END_TEST

START_TEST(names_the_agent_that_has_it)
{
    struct lock second = LOCK_NONE;
    char pid[32];

    take();
    ck_assert_int_eq(storage_lock_agent(repo, "main", &second, &e), -1);
    ck_assert_ptr_nonnull(strstr(e.text, "another agent keeps "));
    ck_assert_int_eq(e.kind, ERROR_LOCKED);
    snprintf(pid, sizeof pid, "process %ld ", (long)getpid());
    ck_assert_msg(strstr(e.text, pid) != NULL, "%s", e.text);
    ck_assert_int_eq(second.fd, -1);
    lock_release(&held);
    ck_assert_int_eq(storage_lock_agent(repo, "main", &second, &e), 0);
    lock_release(&second);
}
END_TEST

START_TEST(is_in_nobodys_way_when_the_first_snapshot_comes)
{
    take();
    put("main/agent/state.json", "{}");
    make("main", &alpha);
    ck_assert(is_there("main/instance.json", NULL));
    ck_assert(is_there("main/agent/state.json", NULL));
    lock_release(&held);
}
END_TEST

START_TEST(stays_when_a_failed_first_snapshot_is_taken_back)
{
    struct storage s;

    take();
    put("main/agent/state.json", "{}");
    ck_assert_int_eq(storage_open_writable(&s, repo, "main", &alpha, false, &e),
                     0);
    storage_unmake(&s);
    storage_close(&s);
    ck_assert(!is_there("main/instance.json", NULL));
    ck_assert(!is_there("main/snapshots", NULL));
    ck_assert(is_there("main/locks/agent", NULL));
    ck_assert(is_there("main/agent/state.json", NULL));
    make("main", &alpha);
    lock_release(&held);
}
END_TEST

START_TEST(makes_nothing_in_a_folder_of_another_kind)
{
    put("main/dump.rdb", "REDIS");
    ck_assert_int_eq(storage_lock_agent(repo, "main", &held, &e), -1);
    ck_assert_int_eq(e.kind, ERROR_REFUSED);
    check_text(e.text, "repository @: @/main is neither empty nor an instance "
                       "of a repository");
    ck_assert(!is_there("main/locks", NULL));
}
END_TEST

START_TEST(a_list_before_the_first_snapshot_says_what_to_do)
{
    struct storage s;

    take();
    ck_assert_int_eq(storage_open(&s, repo, "main", &e), -1);
    check_text(e.text,
               "no snapshot in @/main yet: take one with 'redkeep snapshot'");
    lock_release(&held);
}
END_TEST

static const char *const names[] = {"..", "a/b", "", ".hidden"};

START_TEST(refuses_a_name_that_leaves_the_repository)
{
    ck_assert_int_eq(storage_lock_agent(repo, names[_i], &held, &e), -1);
    ck_assert_int_eq(e.kind, ERROR_USAGE);
    ck_assert_int_eq(held.fd, -1);
}
END_TEST

START_TEST(opens_nothing_that_is_not_there_unless_told_to_make_it)
{
    int dir;

    ck_assert_int_eq(storage_agent_open(repo, "main", false, &e), -1);
    ck_assert_int_eq(e.kind, ERROR_ABSENT);
    ck_assert(!is_there("main", NULL));
    dir = storage_agent_open(repo, "main", true, &e);
    ck_assert_int_ge(dir, 0);
    close(dir);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("storage_agent");
    TCase *tc = tcase_create("all");
    SRunner *runner;
    int failed;

    tcase_add_checked_fixture(tc, set_up, tear_down);
    tcase_add_test(tc, makes_the_folders_of_a_first_start);
    tcase_add_test(tc, names_the_agent_that_has_it);
    tcase_add_test(tc, is_in_nobodys_way_when_the_first_snapshot_comes);
    tcase_add_test(tc, stays_when_a_failed_first_snapshot_is_taken_back);
    tcase_add_test(tc, makes_nothing_in_a_folder_of_another_kind);
    tcase_add_test(tc, a_list_before_the_first_snapshot_says_what_to_do);
    tcase_add_loop_test(tc, refuses_a_name_that_leaves_the_repository, 0,
                        sizeof names / sizeof *names);
    tcase_add_test(tc, opens_nothing_that_is_not_there_unless_told_to_make_it);
    suite_add_tcase(suite, tc);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? 0 : 1;
}
