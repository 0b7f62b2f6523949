#include "jobs/place.h"

#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"

static char folder[64];
static int dir, staged;
static struct place_names names;

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
    names.count = 0;
    place_add(&names, &(struct dataset_names){.dbfilename = NULL});
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

static void
make(const char *name)
{
    struct error e = {0};

    ck_assert_int_eq(file_make_directory(dir, name, 0700, NULL, &e), 0);
}

START_TEST(finds_what_is_of_the_names)
{
    static const char *const found[] = {
        "appendonlydir/appendonly.aof",
        "appendonlydir/appendonly.aof.1.base.rdb",
        "appendonlydir/appendonly.aof.manifest",
        "appendonlydir/temp-appendonly.aof.incr",
        "dump.rdb",
    };
    static const char *const others[] = {
        "appendonlydir/appendonly.aofs", "appendonlydir/other.aof.manifest",
        "appendonlydir/notes", "temp-12.rdb", "other.rdb"};
    struct journal_set set = {0};
    struct error e = {0};

    make("appendonlydir");
    make("appendonlydir/appendonly.aof.d");
    for (size_t i = 0; i < 5; i++) {
        put(dir, found[i], "");
        put(dir, others[i], "");
    }
    ck_assert_int_eq(place_find(&set, dir, &names, NULL, &e), 0);
    ck_assert_uint_eq(set.count, 5);
    for (size_t i = 0; i < 5; i++) {
        ck_assert_str_eq(set.files[i].path, found[i]);
        ck_assert_int_eq(set.files[i].entry, i == 2 || i == 4);
    }
    journal_set_clear(&set);
}
END_TEST

START_TEST(finds_what_is_in_the_way)
{
    struct journal_file odd = {.path = (char *)"appendonlydir/notes"};
    const struct journal_set comes = {.files = &odd, .count = 1};
    struct journal_set set = {0};
    struct error e = {0};

    make("appendonlydir");
    put(dir, "appendonlydir/notes", "");
    ck_assert_int_eq(place_find(&set, dir, &names, &comes, &e), 0);
    ck_assert_uint_eq(set.count, 1);
    ck_assert_str_eq(set.files[0].path, "appendonlydir/notes");
    journal_set_clear(&set);
}
END_TEST

START_TEST(refuses_a_link_for_the_folder)
{
    struct journal_set set = {0};
    struct error e = {0};

    make("elsewhere");
    ck_assert_int_eq(symlinkat("elsewhere", dir, "appendonlydir"), 0);
    ck_assert_int_eq(place_find(&set, dir, &names, NULL, &e), -1);
    ck_assert_int_eq(e.kind, ERROR_REFUSED);
    journal_set_clear(&set);
}
END_TEST

START_TEST(puts_in_nothing_but_a_dataset)
{
    struct journal_set set = {0};
    struct error e = {0};

    put(staged, "photos", "new");
    ck_assert_int_eq(place_find_built(&set, staged, &names, &e), -1);
    ck_assert_int_eq(e.kind, ERROR_DAMAGED);
    ck_assert_str_eq(e.text, "'photos' is no name of a dataset");
    journal_set_clear(&set);
}
END_TEST

/* A run over a dump, after something was done to the folder. */
static int
run(struct journal *j, struct error *e)
{
    const struct place_options options = {.target = dir, .path = "/data"};

    return place_run(j, &options, e);
}

static void
plan(struct journal *j)
{
    struct error e = {0};

    *j = (struct journal){.job = memory_dup("restore"), .began_ms = 1};
    ck_assert_int_eq(
        file_make_directory(dir, PLACE_WORK "/restore-1", 0700, NULL, &e), 0);
    put(staged, "restore-1/dump.rdb", "new");
    put(dir, "dump.rdb", "old");
    close(staged);
    staged = file_open_directory(dir, PLACE_WORK "/restore-1", &e);
    ck_assert_int_eq(place_find_built(&j->comes, staged, &names, &e), 0);
    ck_assert_int_eq(place_find(&j->leaves, dir, &names, &j->comes, &e), 0);
    j->comes.folder = memory_dup(PLACE_WORK "/restore-1");
    j->leaves.folder = memory_dup(PLACE_KEPT_PREFIX "1");
}

START_TEST(moves_nothing_of_somebody_elses)
{
    struct error e = {0};
    struct journal j;

    plan(&j);
    put(dir, "dump.rdb", "of a server");
    ck_assert_int_eq(run(&j, &e), -1);
    ck_assert_int_eq(e.kind, ERROR_REFUSED);
    ck_assert_ptr_nonnull(strstr(e.text, "/data/dump.rdb is a file that was"));
    ck_assert_int_eq(j.state, JOURNAL_NONE);
    assert_holds(dir, "dump.rdb", "of a server");
    assert_holds(staged, "dump.rdb", "new");
    journal_clear(&j);
}
END_TEST

/* Whoever cuts a job off may put something into its folders. */
START_TEST(removes_nothing_of_somebody_elses_from_what_is_kept)
{
    const struct place_options options = {.target = dir, .path = "/data"};
    struct error e = {0};
    struct journal j;

    plan(&j);
    j.state = JOURNAL_PLACING;
    make(PLACE_KEPT_PREFIX "1");
    put(dir, PLACE_KEPT_PREFIX "1/dump.rdb", "the user's");
    ck_assert_int_eq(place_resume(&j, false, &options, &e), -1);
    ck_assert_ptr_nonnull(strstr(e.text, "1/dump.rdb is in the way"));
    ck_assert_int_eq(j.state, JOURNAL_PLACING);
    assert_holds(dir, PLACE_KEPT_PREFIX "1/dump.rdb", "the user's");
    assert_holds(dir, "dump.rdb", "old");
    ck_assert_int_eq(file_remove(dir, PLACE_KEPT_PREFIX "1/dump.rdb", &e), 0);
    ck_assert_int_eq(place_resume(&j, false, &options, &e), 0);
    assert_holds(dir, PLACE_KEPT_PREFIX "1/dump.rdb", "old");
    assert_holds(dir, "dump.rdb", "new");
    journal_clear(&j);
}
END_TEST

static int
refuse(void *context, struct error *e)
{
    (void)context;
    return error_set(e, ERROR_REFUSED, "a server uses it");
}

START_TEST(nothing_has_happened_when_a_server_is_found)
{
    const struct place_options options = {
        .target = dir, .path = "/data", .check_unused = refuse};
    struct error e = {0};
    struct journal j;

    plan(&j);
    ck_assert_int_eq(place_run(&j, &options, &e), -1);
    ck_assert_str_eq(e.text, "a server uses it");
    ck_assert_int_eq(j.state, JOURNAL_NONE);
    assert_holds(dir, "dump.rdb", "old");
    assert_holds(staged, "dump.rdb", "new");
    ck_assert_int_ne(faccessat(dir, PLACE_KEPT_PREFIX "1", F_OK, 0), 0);
    journal_clear(&j);
}
END_TEST

/* Died before it could say that it was done; then a server took the set, and
 * rewrote its AOF. */
START_TEST(goes_on_when_a_server_has_rewritten_its_aof)
{
    const struct place_options options = {.target = dir, .path = "/data"};
    struct error e = {0};
    struct journal j;
    int aof;

    plan(&j);
    ck_assert_int_eq(
        file_make_directory(staged, "appendonlydir", 0700, NULL, &e), 0);
    aof = file_open_directory(staged, "appendonlydir", &e);
    put(aof, "appendonly.aof.manifest", "of base.1");
    put(aof, "appendonly.aof.1.base.rdb", "new");
    close(aof);
    free(j.comes.folder);
    free(j.comes.files[0].path);
    j.comes.count = 0;
    ck_assert_int_eq(place_find_built(&j.comes, staged, &names, &e), 0);
    j.comes.folder = memory_dup(PLACE_WORK "/restore-1");
    j.name_count = 1;
    j.names[0] = (struct journal_names){memory_dup("dump.rdb"),
                                        memory_dup("appendonly.aof"),
                                        memory_dup("appendonlydir")};
    ck_assert_int_eq(run(&j, &e), 0);
    j.state = JOURNAL_PLACING;
    ck_assert_int_eq(journal_save(&j, dir, &e), 0);
    aof = file_open_directory(dir, "appendonlydir", &e);
    put(aof, "appendonly.aof.2.base.rdb", "newer");
    put(aof, "appendonly.aof.manifest", "of base.2");
    ck_assert_int_eq(file_remove(aof, "appendonly.aof.1.base.rdb", &e), 0);
    ck_assert_msg(place_resume(&j, true, &options, &e) == 0, "%s", e.text);
    ck_assert_int_eq(j.state, JOURNAL_PLACED);
    assert_holds(aof, "appendonly.aof.2.base.rdb", "newer");
    assert_holds(aof, "appendonly.aof.manifest", "of base.2");
    close(aof);
    journal_clear(&j);
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

    place_add(&n, &(struct dataset_names){.dbfilename = NULL});
    place_add(&n, &(struct dataset_names){.dbfilename = "dump.rdb"});
    place_add(&n, &(struct dataset_names){.dbfilename = "other.rdb"});
    ck_assert_uint_eq(n.count, 2);
    ck_assert_str_eq(place_top(&n, 0), "appendonlydir");
    ck_assert_str_eq(place_top(&n, 2), "dump.rdb");
    ck_assert_str_eq(place_top(&n, 3), "other.rdb");
    ck_assert_ptr_null(place_top(&n, 4));
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
    tcase_add_test(tests, finds_what_is_of_the_names);
    tcase_add_test(tests, finds_what_is_in_the_way);
    tcase_add_test(tests, refuses_a_link_for_the_folder);
    tcase_add_test(tests, puts_in_nothing_but_a_dataset);
    tcase_add_test(tests, moves_nothing_of_somebody_elses);
    tcase_add_test(tests, removes_nothing_of_somebody_elses_from_what_is_kept);
    tcase_add_test(tests, nothing_has_happened_when_a_server_is_found);
    tcase_add_test(tests, goes_on_when_a_server_has_rewritten_its_aof);
    tcase_add_test(tests, refuses_a_folder_that_holds_other_things);
    tcase_add_test(tests, finds_a_dataset_by_any_of_its_names);
    tcase_add_test(tests, counts_a_name_once);
    suite_add_tcase(suite, tests);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
