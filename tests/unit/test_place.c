#include "jobs/place.h"

#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"

static char folder[64];
static int dir, staged;
static const struct place_names names = {
    .names = {"appendonlydir", "dump.rdb"},
    .count = 2,
};

static void
make_folder(void)
{
    struct error e = {0};

    snprintf(folder, sizeof folder, "/tmp/test-place-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    dir = file_open_directory(AT_FDCWD, folder, &e);
    ck_assert_int_eq(file_make_directory(dir, PLACE_WORK, 0700, NULL, &e), 0);
    staged = file_open_directory(dir, PLACE_WORK, &e);
    ck_assert_int_ge(staged, 0);
}

static void
remove_folder(void)
{
    struct error e = {0};

    close(staged);
    close(dir);
    ck_assert_int_eq(file_remove_tree(AT_FDCWD, folder, &e), 0);
}

static void
put(int at, const char *name, const char *text)
{
    struct error e = {0};

    ck_assert_int_eq(file_replace(at, name, text, strlen(text), 0600, &e), 0);
}

static void
assert_holds(int at, const char *name, const char *text)
{
    struct error e = {0};
    char *bytes;
    size_t size;

    ck_assert_msg(file_load(at, name, 100, &bytes, &size, &e) == 0, "%s: %s",
                  name, e.text);
    ck_assert_str_eq(bytes, text);
    free(bytes);
}

START_TEST(puts_a_new_set_into_an_empty_folder)
{
    struct error e = {0};
    struct place_outcome outcome = {.kept = true};

    put(staged, "dump.rdb", "new");
    ck_assert_int_eq(place_swap(dir, staged, &names, "kept", &outcome, &e), 0);
    ck_assert(!outcome.kept);
    assert_holds(dir, "dump.rdb", "new");
    ck_assert_int_ne(faccessat(dir, "kept", F_OK, 0), 0);
}
END_TEST

START_TEST(keeps_what_was_there_and_what_the_new_set_lacks)
{
    struct error e = {0};
    struct place_outcome outcome = {.kept = false};

    put(dir, "dump.rdb", "old");
    ck_assert_int_eq(file_make_directory(dir, "appendonlydir", 0700, NULL, &e),
                     0);
    put(dir, "appendonlydir/manifest", "old aof");
    put(dir, "notes.txt", "the user's");
    put(staged, "dump.rdb", "new");
    ck_assert_int_eq(place_swap(dir, staged, &names, "kept", &outcome, &e), 0);
    ck_assert(outcome.kept);
    assert_holds(dir, "dump.rdb", "new");
    assert_holds(dir, "kept/dump.rdb", "old");
    assert_holds(dir, "kept/appendonlydir/manifest", "old aof");
    assert_holds(dir, "notes.txt", "the user's");
    ck_assert_int_ne(faccessat(dir, "appendonlydir", F_OK, 0), 0);
}
END_TEST

START_TEST(puts_back_what_it_began)
{
    struct error e = {0};
    struct place_outcome outcome;

    put(dir, "dump.rdb", "old");
    put(dir, "appendonlydir", "old aof");
    put(dir, "kept", "no folder: nothing can be kept there");
    put(staged, "dump.rdb", "new");
    ck_assert_int_eq(place_swap(dir, staged, &names, "kept", &outcome, &e), -1);
    ck_assert(outcome.undone && !outcome.kept);
    assert_holds(dir, "dump.rdb", "old");
    assert_holds(dir, "appendonlydir", "old aof");
    assert_holds(staged, "dump.rdb", "new");
}
END_TEST

START_TEST(takes_out_again_what_it_put_in)
{
    struct error e = {0};
    struct place_outcome outcome;

    put(dir, "appendonlydir", "old aof");
    put(dir, "kept", "no folder");
    put(staged, "dump.rdb", "new");
    ck_assert_int_eq(place_swap(dir, staged, &names, "kept", &outcome, &e), -1);
    ck_assert(outcome.undone);
    ck_assert_int_ne(faccessat(dir, "dump.rdb", F_OK, 0), 0);
    assert_holds(staged, "dump.rdb", "new");
}
END_TEST

START_TEST(puts_in_nothing_but_a_dataset)
{
    struct error e = {0};
    struct place_outcome outcome;

    put(dir, "photos", "the user's");
    put(staged, "photos", "new");
    ck_assert_int_eq(place_swap(dir, staged, &names, "kept", &outcome, &e), -1);
    ck_assert(outcome.undone);
    ck_assert_str_eq(e.text, "'photos' is no name of a dataset");
    assert_holds(dir, "photos", "the user's");
}
END_TEST

START_TEST(refuses_a_folder_that_holds_other_things)
{
    struct error e = {0};

    ck_assert_int_eq(place_check_foreign(dir, &names, "/data", &e), 0);
    put(dir, "dump.rdb", "old");
    ck_assert_int_eq(place_check_foreign(dir, &names, "/data", &e), 0);
    put(dir, "notes.txt", "the user's");
    ck_assert_int_eq(place_check_foreign(dir, &names, "/data", &e), -1);
    ck_assert_int_eq(e.kind, ERROR_REFUSED);
    ck_assert_str_eq(e.text,
                     "/data holds no dataset but other things (notes.txt): is"
                     " it the right folder? add --yes if it is");
}
END_TEST

START_TEST(finds_a_dataset_by_any_of_its_names)
{
    struct error e = {0};
    bool any = true;

    ck_assert_int_eq(place_has_any(dir, &names, &any, &e), 0);
    ck_assert(!any);
    put(dir, "dump.rdb", "old");
    ck_assert_int_eq(place_has_any(dir, &names, &any, &e), 0);
    ck_assert(any);
}
END_TEST

START_TEST(counts_a_name_once)
{
    struct place_names n = {.count = 0};

    place_add(&n, "dump.rdb");
    place_add(&n, NULL);
    place_add(&n, "dump.rdb");
    place_add(&n, "other.rdb");
    ck_assert_int_eq(n.count, 2);
    ck_assert_str_eq(n.names[1], "other.rdb");
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("place");
    TCase *tests = tcase_create("place");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_add_checked_fixture(tests, make_folder, remove_folder);
    tcase_add_test(tests, puts_a_new_set_into_an_empty_folder);
    tcase_add_test(tests, keeps_what_was_there_and_what_the_new_set_lacks);
    tcase_add_test(tests, puts_back_what_it_began);
    tcase_add_test(tests, takes_out_again_what_it_put_in);
    tcase_add_test(tests, puts_in_nothing_but_a_dataset);
    tcase_add_test(tests, refuses_a_folder_that_holds_other_things);
    tcase_add_test(tests, finds_a_dataset_by_any_of_its_names);
    tcase_add_test(tests, counts_a_name_once);
    suite_add_tcase(suite, tests);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
