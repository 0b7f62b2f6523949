#include "repo/retention.h"

#include <check.h>
#include <stdlib.h>

#include "test_retention_judged.h"

START_TEST(an_empty_catalog_is_fine)
{
    rules.last = 3;
    expect_kept("");
    expect_gone("");
}
END_TEST

START_TEST(keeps_the_last_ones)
{
    add_hourly(4);
    rules.last = 2;
    expect_kept("20261120T110000Z last 2; "
                "20261120T120000Z the last good snapshot, last 2");
    expect_gone("20261120T090000Z no rule keeps it; "
                "20261120T100000Z no rule keeps it");
    ck_assert_uint_eq(r.removed, 2);
    ck_assert_uint_eq(r.kept_bytes, 200);
    ck_assert_uint_eq(r.removed_bytes, 200);
}
END_TEST

START_TEST(keeps_all_where_no_rule_is_set)
{
    add_hourly(2);
    expect_kept("20261120T110000Z no rule is set; "
                "20261120T120000Z the last good snapshot, no rule is set");
}
END_TEST

START_TEST(keeps_the_newest_of_each_slot)
{
    add("2024-12-30T00:00:00Z", VERDICT_SOUND, 9); /* week 1 of 2025 */
    add("2025-01-02T00:00:00Z", VERDICT_SOUND, 9);
    add("2025-12-31T23:59:59Z", VERDICT_SOUND, 9);
    add("2026-11-20T11:59:59Z", VERDICT_SOUND, 9);
    add("2026-11-20T12:00:00Z", VERDICT_SOUND, 9);
    rules.hourly = rules.daily = rules.weekly = 2;
    rules.monthly = 3;
    rules.yearly = 2;
    expect_kept(
        "20250102T000000Z monthly 2025-01; "
        "20251231T235959Z daily 2025-12-31, weekly 2026-W01, monthly 2025-12, "
        "yearly 2025; "
        "20261120T115959Z hourly 2026-11-20 11:00; "
        "20261120T120000Z the last good snapshot, hourly 2026-11-20 12:00, "
        "daily 2026-11-20, weekly 2026-W47, monthly 2026-11, yearly 2026");
    expect_gone("20241230T000000Z no rule keeps it");
    rules.yearly = 3;
    expect_gone("");
}
END_TEST

START_TEST(a_slot_that_comes_again_is_the_same_one)
{
    add("2026-11-20T10:00:00Z", VERDICT_SOUND, 9);
    add("2026-11-20T11:00:00Z", VERDICT_SOUND, 9);
    add("2026-11-20T10:30:00Z", VERDICT_SOUND, 9); /* the clock went back */
    add("2026-11-20T11:30:00Z", VERDICT_SOUND, 9);
    rules.hourly = 2;
    expect_kept("20261120T103000Z hourly 2026-11-20 10:00; "
                "20261120T113000Z the last good snapshot, hourly 2026-11-20 "
                "11:00");
}
END_TEST

START_TEST(within_counts_from_the_newest_good_one)
{
    add("2026-11-01T00:00:00Z", VERDICT_SOUND, 9);
    add("2026-11-03T00:00:00Z", VERDICT_SOUND, 9);
    add("2026-11-09T00:00:00Z", VERDICT_SOUND, 9);
    rules.within_ms = 7 * UINT64_C(86400000);
    expect_kept("20261103T000000Z within 7d; "
                "20261109T000000Z the last good snapshot, within 7d");
}
END_TEST

START_TEST(a_clock_that_was_ahead_ends_no_window)
{
    add("2026-11-20T12:00:00Z", VERDICT_SOUND, 9);
    add("2036-01-01T00:00:00Z", VERDICT_SOUND, 9);
    rules.within_ms = 90 * UINT64_C(60000);
    expect_kept("20261120T120000Z within 90m; "
                "20360101T000000Z the last good snapshot, within 90m");
}
END_TEST

START_TEST(a_clock_that_starts_in_1970_ends_nothing)
{
    add_hourly(3);
    add("1970-01-01T00:00:10Z", VERDICT_SOUND, 1000);
    rules.within_ms = 1000;
    expect_gone("");
    rules.within_ms = 0;
    rules.hourly = 3;
    expect_gone("20261120T100000Z no rule keeps it");
}
END_TEST

START_TEST(what_is_not_good_takes_no_good_ones_place)
{
    add("2026-11-20T09:00:00Z", VERDICT_SOUND, 9);
    add("2026-11-20T10:00:00Z", VERDICT_SOUND, 9);
    add("2026-11-20T11:00:00Z", VERDICT_TORN, 9);
    add("2026-11-20T11:10:00Z", VERDICT_DAMAGED, 9);
    add("2026-11-20T12:00:00Z", VERDICT_SOUND, 9);
    rules.last = 2;
    expect_kept("20261120T100000Z last 2; "
                "20261120T111000Z last 2 (damaged); "
                "20261120T120000Z the last good snapshot, last 2");
    rules.last = 0;
    rules.hourly = 2;
    expect_kept("20261120T100000Z hourly 2026-11-20 10:00; "
                "20261120T111000Z hourly 2026-11-20 11:00 (damaged); "
                "20261120T120000Z the last good snapshot, hourly 2026-11-20 "
                "12:00");
}
END_TEST

START_TEST(max_size_takes_the_oldest_that_it_may)
{
    add_hourly(5);
    items[1].entry.held = true;
    rules.last = 4;
    rules.max_bytes = 300;
    expect_gone("20261120T080000Z no rule keeps it; "
                "20261120T100000Z over max_size");
    ck_assert_uint_eq(r.kept_bytes, 300);
    rules.last = 0;
    expect_gone("20261120T080000Z over max_size; "
                "20261120T100000Z over max_size");
    rules.max_bytes = 1;
    expect_kept("20261120T090000Z held, no rule is set; "
                "20261120T120000Z the last good snapshot, no rule is set");
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("retention");
    TCase *t = tcase_create("rules");
    SRunner *runner = srunner_create(s);
    int failed;

    tcase_add_checked_fixture(t, NULL, tear_down);
    tcase_add_test(t, an_empty_catalog_is_fine);
    tcase_add_test(t, keeps_the_last_ones);
    tcase_add_test(t, keeps_all_where_no_rule_is_set);
    tcase_add_test(t, keeps_the_newest_of_each_slot);
    tcase_add_test(t, a_slot_that_comes_again_is_the_same_one);
    tcase_add_test(t, within_counts_from_the_newest_good_one);
    tcase_add_test(t, a_clock_that_was_ahead_ends_no_window);
    tcase_add_test(t, a_clock_that_starts_in_1970_ends_nothing);
    tcase_add_test(t, what_is_not_good_takes_no_good_ones_place);
    tcase_add_test(t, max_size_takes_the_oldest_that_it_may);
    suite_add_tcase(s, t);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
