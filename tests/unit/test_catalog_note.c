/* What is noted beside an entry: verifications and holds. */
#include "test_catalog_folder.h"

static int
note(int64_t at_ms, bool ok)
{
    const struct catalog_look look = {.at_ms = at_ms, .ok = ok};
    struct error e = {0};

    return catalog_note_verified(dir, "20261120T113000Z", &look, &e);
}

START_TEST(knows_what_was_verified_and_what_is_held)
{
    struct catalog c;

    put_snapshot("20261120T113000Z", 1, VERDICT_SOUND);
    put_snapshot("20261120T123000Z", 2, VERDICT_SOUND);
    put_snapshot("20261120T133000Z", 3, VERDICT_SOUND);
    put("20261120T123000Z.hold", "");
    put("20261120T133000Z.verified", "last tuesday");
    ck_assert_int_eq(note(1795174200123, true), 0);
    ck_assert_int_eq(note(1795174200456, true), 0);
    c = loaded();
    ck_assert_int_eq(c.items[0].entry.verified_ms, 1795174200456);
    ck_assert(!c.items[0].entry.held);
    ck_assert_int_eq(c.items[1].entry.verified_ms, -1);
    ck_assert(c.items[1].entry.held);
    ck_assert_int_eq(c.items[2].entry.verified_ms, -1);
    ck_assert(!c.items[0].entry.failed && !c.items[2].entry.failed);
    catalog_clear(&c);
}
END_TEST

START_TEST(the_last_verification_counts)
{
    struct catalog c;

    put_snapshot("20261120T113000Z", 1, VERDICT_SOUND);
    for (int i = 0; i < 3; i++) {
        bool ok = i != 1;

        ck_assert_int_eq(note(1795174200000 + i, ok), 0);
        c = loaded();
        ck_assert_int_eq(c.items[0].entry.verified_ms,
                         1795174200000 + (ok ? i : 0));
        ck_assert_int_eq(c.items[0].entry.failed, !ok);
        catalog_clear(&c);
    }
    put("20261120T113000Z.verified", "failed yesterday\n");
    c = loaded();
    ck_assert(!c.items[0].entry.failed);
    catalog_clear(&c);
    ck_assert_int_eq(note(1795174200000, false), 0);
    c = loaded();
    ck_assert(c.items[0].entry.failed);
    ck_assert_int_eq(c.items[0].entry.verified_ms, -1);
    catalog_clear(&c);
}
END_TEST

START_TEST(tells_what_was_wrong_and_how_it_was_found)
{
    const struct catalog_look bad = {.at_ms = 1795174200000,
                                     .deep = true,
                                     .wrong = "snapshot-sha256: a\nok\033[1m"};
    const struct catalog_look good = {
        .at_ms = 1795174200001, .ok = true, .deep = true};
    struct error e = {0};
    struct catalog c;

    put_snapshot("20261120T113000Z", 1, VERDICT_SOUND);
    ck_assert_int_eq(note(1795174200000, true), 0);
    ck_assert_int_eq(catalog_note_verified(dir, "20261120T113000Z", &bad, &e),
                     0);
    c = loaded();
    ck_assert(c.items[0].entry.look.deep && !c.items[0].entry.look.ok);
    ck_assert_str_eq(c.items[0].entry.look.wrong,
                     "snapshot-sha256: a\\x0aok\\x1b[1m");
    ck_assert(!catalog_is_good(&c.items[0]));
    catalog_clear(&c);
    ck_assert_int_eq(note(1795174200000, true), 0);
    c = loaded();
    ck_assert_msg(!catalog_is_good(&c.items[0]), "by one that was not deep");
    catalog_clear(&c);
    ck_assert_int_eq(catalog_note_verified(dir, "20261120T113000Z", &good, &e),
                     0);
    c = loaded();
    ck_assert(c.items[0].entry.look.deep && c.items[0].entry.look.ok);
    ck_assert_str_eq(c.items[0].entry.look.wrong, "");
    ck_assert(catalog_is_good(&c.items[0]));
    catalog_clear(&c);
}
END_TEST

START_TEST(notes_nothing_of_what_is_gone)
{
    const struct catalog_look look = {.at_ms = 1, .ok = true};
    struct file_identity identity;
    struct error e = {0};

    ck_assert_int_eq(catalog_note_verified(dir, "20261120T113000Z", &look, &e),
                     -1);
    ck_assert_int_eq(e.kind, ERROR_ABSENT);
    ck_assert_int_eq(
        file_identify_at(dir, "20261120T113000Z.verified", &identity, &e), -1);
}
END_TEST

START_TEST(holds_and_lets_go)
{
    struct error e = {0};
    struct catalog c;

    put_snapshot("20261120T113000Z", 1, VERDICT_SOUND);
    put("20261120T123000Z.json", "a broken one can be held as well");
    for (int i = 0; i < 2; i++) {
        ck_assert_int_eq(catalog_note_hold(dir, "20261120T113000Z", true, &e),
                         0);
        ck_assert_int_eq(catalog_note_hold(dir, "20261120T123000Z", true, &e),
                         0);
        c = loaded();
        ck_assert(c.items[0].entry.held && c.items[1].entry.held);
        catalog_clear(&c);
    }
    for (int i = 0; i < 2; i++) {
        ck_assert_int_eq(catalog_note_hold(dir, "20261120T113000Z", false, &e),
                         0);
        c = loaded();
        ck_assert(!c.items[0].entry.held && c.items[1].entry.held);
        catalog_clear(&c);
    }
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("catalog_note");
    TCase *cases = tcase_create("catalog_note");
    SRunner *runner;
    int failed;

    tcase_add_checked_fixture(cases, set_up, tear_down);
    tcase_add_test(cases, knows_what_was_verified_and_what_is_held);
    tcase_add_test(cases, tells_what_was_wrong_and_how_it_was_found);
    tcase_add_test(cases, notes_nothing_of_what_is_gone);
    tcase_add_test(cases, the_last_verification_counts);
    tcase_add_test(cases, holds_and_lets_go);
    suite_add_tcase(suite, cases);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
