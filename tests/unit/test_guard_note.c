#include "jobs/guard_note.h"

#include "folder.h"

enum { TIME_MS = 1000 };
static char text[120];

START_TEST(says_when_and_why)
{
    guard_note_put(path, "it crashed", TIME_MS);
    ck_assert(guard_note_find(path, text, sizeof text));
    ck_assert_str_eq(text, "guard could not judge the data before the start at"
                           " 1970-01-01T00:00:01Z: it crashed");
    guard_note_remove(path);
    ck_assert(!guard_note_find(path, text, sizeof text));
    ck_assert_str_eq(text, "");
}
END_TEST

START_TEST(is_none_where_nothing_failed)
{
    guard_note_remove(path);
    ck_assert(!guard_note_find(path, text, sizeof text));
    ck_assert(!guard_note_find("/nowhere", text, sizeof text));
    guard_note_put("/nowhere", "it crashed", TIME_MS);
    ck_assert_int_ne(access(".redkeep", F_OK), 0);
}
END_TEST

static const char *const odd[] = {"", "{", "[]", "{}",
                                  "{\"time\":1,\"text\":2}"};

START_TEST(stands_what_others_write_there)
{
    int inner;

    guard_note_put(path, "it crashed", TIME_MS);
    inner = file_open_inner(dir, ".redkeep", &e);
    ck_assert_int_ge(inner, 0);
    ck_assert_int_eq(file_replace(inner, "guard-failed.json", odd[_i],
                                  strlen(odd[_i]), 0600, &e),
                     0);
    close(inner);
    ck_assert(guard_note_find(path, text, sizeof text));
    ck_assert_ptr_nonnull(strstr(text, "its note cannot be read"));
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("guard_note");
    TCase *cases = tcase_create("guard_note");
    SRunner *runner;
    int failed;

    tcase_add_checked_fixture(cases, folder_begin, folder_end);
    tcase_add_test(cases, says_when_and_why);
    tcase_add_test(cases, is_none_where_nothing_failed);
    tcase_add_loop_test(cases, stands_what_others_write_there, 0,
                        (int)(sizeof odd / sizeof *odd));
    suite_add_tcase(suite, cases);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
