#include "repo/catalog_drill.h"

#include "folder.h"

#define ID "20261120T113000Z"
#define LATER "20261120T113000Z-2"

static struct catalog_drill d;

static void
note(const char *id, int64_t at_ms, bool ok)
{
    struct catalog_drill n = {
        .at_ms = at_ms, .ok = ok, .keys = 7, .load_ms = 1400};

    char entry[CATALOG_ID_SIZE + 8];

    snprintf(n.id, sizeof n.id, "%s", id);
    snprintf(entry, sizeof entry, "%s.json", id);
    put(entry, "");
    ck_assert_msg(catalog_drill_note(dir, &n, &e) == 0, "%s", e.text);
}

START_TEST(what_is_noted_is_read_again)
{
    note(ID, 1795347000000, true);
    expect(ID ".drilled", "2026-11-22T11:30:00Z ok 7 1400\n");
    ck_assert(catalog_drill_load(dir, ID, &d));
    ck_assert_str_eq(d.id, ID);
    ck_assert_int_eq(d.at_ms, 1795347000000);
    ck_assert(d.ok);
    ck_assert_int_eq(d.keys, 7);
    ck_assert_int_eq(d.load_ms, 1400);
}
END_TEST

START_TEST(what_is_not_known_stays_so)
{
    struct catalog_drill n = {.id = ID, .at_ms = 0, .keys = -1, .load_ms = -1};

    put(ID ".json", "");
    ck_assert_int_eq(catalog_drill_note(dir, &n, &e), 0);
    expect(ID ".drilled", "1970-01-01T00:00:00Z failed - -\n");
    ck_assert(catalog_drill_load(dir, ID, &d));
    ck_assert(!d.ok);
    ck_assert_int_eq(d.keys, -1);
    ck_assert_int_eq(d.load_ms, -1);
}
END_TEST

START_TEST(the_last_one_is_the_one_that_ended_last)
{
    ck_assert(!catalog_drill_find_last(dir, &d));
    note(LATER, 1000, true);
    note(ID, 2000, false);
    put("notes.drilled", "2027-01-01T00:00:00Z ok 1 1\n");
    put(ID ".drilled.new", "2027-01-01T00:00:00Z ok 1 1\n");
    ck_assert(catalog_drill_find_last(dir, &d));
    ck_assert_str_eq(d.id, ID);
    ck_assert(!d.ok);
}
END_TEST

START_TEST(one_that_is_gone_gets_no_note)
{
    struct catalog_drill n = {.id = ID, .ok = true};

    ck_assert_int_eq(catalog_drill_note(dir, &n, &e), -1);
    ck_assert_int_eq(e.kind, ERROR_ABSENT);
    ck_assert_uint_eq(entries(), 0);
}
END_TEST

static const char *const odd[] = {
    "",
    "ok",
    "2026-11-22T11:30:00Z",
    "2026-11-22T11:30:00Z ok",
    "2026-11-22T11:30:00Z ok 7",
    "2026-11-22T11:30:00Z maybe 7 7",
    "2026-11-22T11:30:00Z ok -7 7",
    "2026-11-22T11:30:00Z ok 7 99999999999999999999",
    "yesterday ok 7 7",
};

START_TEST(an_odd_note_is_none)
{
    put(ID ".drilled", odd[_i]);
    ck_assert(!catalog_drill_load(dir, ID, &d));
    ck_assert(!catalog_drill_find_last(dir, &d));
}
END_TEST

START_TEST(a_name_that_is_no_id_is_not_opened)
{
    put("a.drilled", "2026-11-22T11:30:00Z ok 7 7\n");
    ck_assert(!catalog_drill_load(dir, "a", &d));
    ck_assert(!catalog_drill_load(dir, "../a", &d));
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("catalog_drill");
    TCase *cases = tcase_create("catalog_drill");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_add_checked_fixture(cases, folder_begin, folder_end);
    tcase_add_test(cases, what_is_noted_is_read_again);
    tcase_add_test(cases, what_is_not_known_stays_so);
    tcase_add_test(cases, one_that_is_gone_gets_no_note);
    tcase_add_test(cases, the_last_one_is_the_one_that_ended_last);
    tcase_add_loop_test(cases, an_odd_note_is_none, 0,
                        sizeof odd / sizeof *odd);
    tcase_add_test(cases, a_name_that_is_no_id_is_not_opened);
    suite_add_tcase(suite, cases);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
