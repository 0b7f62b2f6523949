#include "jobs/stage.h"

#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"

static char folder[64], kept[80];
static int dir;
static const struct journal begun = {.job = (char *)"restore"};

static void
make_folder(void)
{
    struct error e = {0};

    kept[0] = '\0';
    snprintf(folder, sizeof folder, "/tmp/test-stage-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    dir = file_open_directory(AT_FDCWD, folder, &e);
    ck_assert_int_ge(dir, 0);
}

static void
remove_folder(void)
{
    struct error e = {0};

    close(dir);
    ck_assert_int_eq(file_remove_tree(AT_FDCWD, folder, &e), 0);
}

static void
put(int at, const char *name, const char *text)
{
    struct error e = {0};

    ck_assert_int_eq(file_replace(at, name, text, strlen(text), 0600, &e), 0);
}

static bool
is_there(const char *name)
{
    return faccessat(dir, name, F_OK, 0) == 0;
}

static void
rescued(void *context, const char *kept_name)
{
    (void)context;
    snprintf(kept, sizeof kept, "%s", kept_name);
}

static int
stage_begin(struct stage *s, const char *name, struct error *e)
{
    const struct stage_options options = {
        .target = dir, .path = folder, .name = name, .rescued = rescued};

    return stage_open(s, &options, &begun, e);
}

static int
put_in(struct stage *s, struct error *e)
{
    const struct place_options options = {.target = dir, .path = folder};
    struct place_names names = {.count = 0};

    place_add(&names, &(struct dataset_names){.dbfilename = NULL});
    return stage_put_in(s, &names, &options, e);
}

static enum journal_state
state(void)
{
    struct error e = {0};
    struct journal j;
    enum journal_state found;

    ck_assert_int_eq(journal_load(&j, dir, &e), 0);
    found = j.state;
    journal_clear(&j);
    return found;
}

static void
make(const char *name)
{
    struct error e = {0};

    ck_assert_int_eq(file_make_directory(dir, name, 0700, NULL, &e), 0);
}

START_TEST(what_was_built_takes_its_place)
{
    struct stage s = STAGE_NONE;
    struct error e = {0};

    put(dir, "dump.rdb", "old");
    ck_assert_int_eq(stage_begin(&s, "repair-1", &e), 0);
    put(s.dir, "dump.rdb", "new");
    ck_assert_int_eq(stage_sync(&s, &e), 0);
    ck_assert_int_eq(put_in(&s, &e), 0);
    ck_assert(s.journal.leaves.count == 1 && is_there(s.kept_name));
    stage_close(&s);
    ck_assert(is_there("dump.rdb") && !is_there(PLACE_WORK "/repair-1"));
    ck_assert_int_eq(state(), JOURNAL_PLACED);
    ck_assert_str_eq(kept, "");
}
END_TEST

START_TEST(what_is_given_up_leaves_no_trace)
{
    struct stage s = STAGE_NONE;
    struct error e = {0};

    ck_assert_int_eq(stage_begin(&s, "restore-1", &e), 0);
    put(s.dir, "dump.rdb", "new");
    stage_close(&s);
    ck_assert(!is_there(PLACE_WORK) && !is_there("dump.rdb"));
}
END_TEST

START_TEST(leftovers_that_may_hold_data_are_kept)
{
    struct error e = {0};

    make(PLACE_WORK);
    make(PLACE_WORK "/restore-1");
    make(PLACE_WORK "/repair-2");
    make(PLACE_WORK "/swap-3");
    make(PLACE_WORK "/other");
    put(dir, PLACE_WORK "/swap-3/dump.rdb", "old");
    ck_assert_int_eq(stage_clean(dir, rescued, NULL, &e), 0);
    ck_assert(strncmp(kept, PLACE_KEPT_PREFIX, strlen(PLACE_KEPT_PREFIX)) == 0);
    ck_assert(is_there(kept));
    ck_assert(!is_there(PLACE_WORK "/restore-1"));
    ck_assert(!is_there(PLACE_WORK "/repair-2"));
    ck_assert(!is_there(PLACE_WORK "/swap-3"));
    ck_assert(is_there(PLACE_WORK "/other"));
}
END_TEST

START_TEST(nothing_to_clean_makes_nothing)
{
    struct error e = {0};

    ck_assert_int_eq(stage_clean(dir, rescued, NULL, &e), 0);
    ck_assert(!is_there(PLACE_WORK));
}
END_TEST

START_TEST(what_is_given_up_leaves_the_journal_as_it_was)
{
    struct stage s = STAGE_NONE;
    struct error e = {0};

    ck_assert_int_eq(stage_begin(&s, "restore-1", &e), 0);
    put(s.dir, "dump.rdb", "new");
    ck_assert_int_eq(put_in(&s, &e), 0);
    stage_close(&s);
    ck_assert_int_eq(stage_begin(&s, "restore-2", &e), 0);
    ck_assert_int_eq(state(), JOURNAL_BUILDING);
    stage_close(&s);
    ck_assert_int_eq(state(), JOURNAL_PLACED);
}
END_TEST

static void
save(enum journal_state unfinished)
{
    struct journal j = {.job = (char *)"restore", .state = unfinished};
    struct error e = {0};

    make(PLACE_WORK);
    ck_assert_int_eq(journal_save(&j, dir, &e), 0);
}

START_TEST(nothing_is_begun_over_what_is_not_finished)
{
    struct stage s = STAGE_NONE;
    struct error e = {0};

    save(_i == 0 ? JOURNAL_BUILDING : JOURNAL_PLACING);
    make(PLACE_WORK "/restore-1");
    ck_assert_int_eq(stage_begin(&s, "restore-2", &e), -1);
    ck_assert_int_eq(e.kind, ERROR_REFUSED);
    stage_close(&s);
    ck_assert(is_there(PLACE_WORK "/restore-1"));
    memset(&e, 0, sizeof e);
    ck_assert_int_eq(stage_check(dir, folder, &e), _i == 0 ? 0 : -1);
}
END_TEST

START_TEST(two_at_once_do_not_meet)
{
    struct stage a = STAGE_NONE, b = STAGE_NONE;
    struct error e = {0};

    ck_assert_int_eq(stage_begin(&a, "repair-1", &e), 0);
    put(a.dir, "dump.rdb", "new");
    ck_assert_int_eq(stage_begin(&b, "restore-2", &e), -1);
    ck_assert_int_eq(e.kind, ERROR_LOCKED);
    stage_close(&b);
    ck_assert(is_there(PLACE_WORK "/repair-1/dump.rdb"));
    stage_close(&a);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("stage");
    TCase *c = tcase_create("stage");
    SRunner *runner;
    int failed;

    tcase_add_checked_fixture(c, make_folder, remove_folder);
    tcase_add_test(c, what_was_built_takes_its_place);
    tcase_add_test(c, what_is_given_up_leaves_no_trace);
    tcase_add_test(c, leftovers_that_may_hold_data_are_kept);
    tcase_add_test(c, nothing_to_clean_makes_nothing);
    tcase_add_test(c, what_is_given_up_leaves_the_journal_as_it_was);
    tcase_add_loop_test(c, nothing_is_begun_over_what_is_not_finished, 0, 2);
    tcase_add_test(c, two_at_once_do_not_meet);
    suite_add_tcase(suite, c);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? 0 : 1;
}
