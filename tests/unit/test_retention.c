#include "repo/retention.h"

#include <check.h>
#include <stdlib.h>

#include "base/memory.h"
#include "test_retention_scene.h"

#define NOW "2026-11-20T12:30:00Z"

static struct retention r;
static struct retention_rules rules;

static void
judge(void)
{
    retention_clear(&r);
    retention_apply(&r, &catalog, &rules, &mark, at(NOW));
}

/* "id reason, reason; id reason": those that are kept, or those that go. */
static char *
told(bool keep)
{
    char *all = memory_dup(""), *more;

    for (size_t i = 0; i < r.count; i++) {
        const struct retention_item *item = &r.items[i];

        if (item->keep != keep)
            continue;
        more = text_format("%s%s%s", all, *all != '\0' ? "; " : "",
                           item->snapshot->id);
        free(all);
        all = more;
        for (size_t n = 0; n < item->reason_count; n++) {
            more = text_format("%s%s%s", all, n > 0 ? ", " : " ",
                               item->reasons[n]);
            free(all);
            all = more;
        }
    }
    return all;
}

static void
expect(bool keep, const char *text)
{
    char *found;

    judge();
    found = told(keep);
    ck_assert_str_eq(found, text);
    free(found);
}

static void
expect_kept(const char *text)
{
    expect(true, text);
}

static void
expect_gone(const char *text)
{
    expect(false, text);
}

static void
tear_down(void)
{
    retention_clear(&r);
}

/* So many, an hour apart, the last one at 12:00. */
static void
add_hourly(int count)
{
    char time[TEXT_TIME_SIZE];

    for (int i = count - 1; i >= 0; i--) {
        text_write_time(time, at("2026-11-20T12:00:00Z") - 3600000LL * i);
        add(time, VERDICT_SOUND, 1000);
    }
}

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

START_TEST(the_last_good_one_stays_however_many_bad_ones_follow)
{
    add("2026-01-01T00:00:00Z", VERDICT_SOUND, 9);
    add("2026-11-20T10:00:00Z", VERDICT_TORN, 9);
    add("2026-11-20T11:00:00Z", VERDICT_UNKNOWN, 9);
    add("2026-11-20T12:00:00Z", VERDICT_TORN, 9);
    rules.last = 1;
    expect_kept("20260101T000000Z the last good snapshot, last 1; "
                "20261120T120000Z the newest snapshot, last 1 (torn)");
    rules.last = 0;
    rules.within_ms = 1;
    expect_kept("20260101T000000Z the last good snapshot, within 1ms; "
                "20261120T100000Z within 1ms (torn); "
                "20261120T110000Z within 1ms (unknown); "
                "20261120T120000Z the newest snapshot, within 1ms (torn)");
}
END_TEST

START_TEST(a_hold_beats_every_rule)
{
    add_hourly(3);
    items[0].entry.held = true;
    rules.last = 1;
    rules.max_bytes = 1;
    expect_kept("20261120T100000Z held; "
                "20261120T120000Z the last good snapshot, last 1");
}
END_TEST

START_TEST(keeps_the_chain_that_a_kept_one_needs)
{
    add_hourly(5);
    items[2].entry.parent = items[1].id;
    items[3].entry.parent = items[2].id;
    items[4].entry.parent = items[3].id;
    rules.last = 1;
    expect_kept("20261120T090000Z parent of 20261120T100000Z; "
                "20261120T100000Z parent of 20261120T110000Z; "
                "20261120T110000Z parent of 20261120T120000Z; "
                "20261120T120000Z the last good snapshot, last 1");
    rules.max_bytes = 1; /* takes no parent either */
    expect_gone("20261120T080000Z no rule keeps it");
}
END_TEST

START_TEST(without_its_parent_none_is_good)
{
    add_hourly(3);
    items[2].entry.parent = (char[]){"20200101T000000Z"};
    rules.last = 1;
    expect_kept("20261120T110000Z the last good snapshot, last 1; "
                "20261120T120000Z the newest snapshot, last 1 (its chain is "
                "broken)");
}
END_TEST

START_TEST(a_chain_that_bites_its_tail_is_none)
{
    add_hourly(2);
    items[0].entry.parent = items[1].id;
    items[1].entry.parent = items[0].id;
    rules.last = 1;
    expect_kept("20261120T110000Z parent of 20261120T120000Z; "
                "20261120T120000Z the newest snapshot, last 1 (its chain is "
                "broken)");
}
END_TEST

START_TEST(what_cannot_be_read_stays_and_fills_no_slot)
{
    add_hourly(2);
    add_broken("20261119T000000Z", ERROR_DAMAGED);
    rules.last = 1;
    rules.max_bytes = 1;
    expect_kept("20261120T120000Z the last good snapshot, last 1; "
                "20261119T000000Z cannot be read: 20261119T000000Z.json: it "
                "is bad");
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

START_TEST(max_size_takes_a_parent_after_its_children)
{
    add_hourly(4);
    items[1].entry.parent = items[0].id;
    items[2].entry.parent = items[0].id;
    rules.last = 4;
    rules.max_bytes = 300;
    expect_gone("20261120T100000Z over max_size");
    rules.max_bytes = 200;
    expect_gone("20261120T100000Z over max_size; "
                "20261120T110000Z over max_size");
    rules.max_bytes = 199;
    expect_gone("20261120T090000Z over max_size; "
                "20261120T100000Z over max_size; "
                "20261120T110000Z over max_size");
}
END_TEST

START_TEST(a_freeze_keeps_all)
{
    add_hourly(3);
    items[2].entry.verdict = VERDICT_DAMAGED;
    rules.last = 1;
    rules.max_bytes = 1;
    expect_gone("");
    expect_kept("20261120T100000Z protected by the freeze; "
                "20261120T110000Z the last good snapshot, last 1; "
                "20261120T120000Z the newest snapshot, last 1 (damaged)");
}
END_TEST

static uint64_t
random_below(uint64_t *state, uint64_t limit)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return (*state >> 33) % limit;
}

static void
fill_at_random(uint64_t *state)
{
    size_t count = 1 + random_below(state, 60);
    int64_t now = at("2026-01-01T00:00:00Z");
    char time[TEXT_TIME_SIZE];

    catalog.count = 0;
    for (size_t i = 0; i < count; i++) {
        struct catalog_entry *n;

        now += (int64_t)random_below(state, 200) * 600000 - 1000;
        text_write_time(time, now);
        n = add(time, random_below(state, 4) ? VERDICT_SOUND : VERDICT_TORN, 9);
        n->held = random_below(state, 20) == 0;
        if (i > 0 && random_below(state, 2))
            n->parent = items[i - 1 - random_below(state, i)].id;
    }
}

static const struct retention_item *
find(const char *id)
{
    for (size_t i = 0; i < r.count; i++)
        if (strcmp(r.items[i].snapshot->id, id) == 0)
            return &r.items[i];
    return NULL;
}

/* All that the promises say of any catalog and any rules. */
START_TEST(holds_what_it_promises_for_any_catalog)
{
    uint64_t state = (uint64_t)_i + 1, good = 0, kept = 0, bytes = 0;
    const struct retention_item *last_good = NULL;

    fill_at_random(&state);
    rules = (struct retention_rules){
        .last = random_below(&state, 5),
        .hourly = random_below(&state, 5),
        .daily = random_below(&state, 5),
        .weekly = random_below(&state, 3),
        .monthly = random_below(&state, 3),
        .within_ms = random_below(&state, 3) * 86400000,
        .max_bytes = random_below(&state, 2) * random_below(&state, 3000),
    };
    judge();
    for (size_t i = 0; i < r.count; i++) {
        const struct retention_item *item = &r.items[i];
        const struct catalog_entry *n = &item->snapshot->entry;

        ck_assert_uint_gt(item->reason_count, 0);
        bytes += item->keep ? n->bytes_stored : 0;
        ck_assert(item->keep || !n->held);
        if (item->keep && n->parent != NULL)
            ck_assert(find(n->parent)->keep);
        if (n->verdict == VERDICT_SOUND) {
            last_good = item;
            good++;
            kept += item->keep;
        }
    }
    ck_assert(r.items[r.count - 1].keep);
    ck_assert(last_good == NULL || last_good->keep);
    ck_assert_uint_eq(bytes, r.kept_bytes);
    if (rules.max_bytes == 0)
        ck_assert_uint_ge(kept, good < rules.last ? good : rules.last);
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
    tcase_add_test(t, the_last_good_one_stays_however_many_bad_ones_follow);
    tcase_add_test(t, a_hold_beats_every_rule);
    tcase_add_test(t, keeps_the_chain_that_a_kept_one_needs);
    tcase_add_test(t, without_its_parent_none_is_good);
    tcase_add_test(t, a_chain_that_bites_its_tail_is_none);
    tcase_add_test(t, what_cannot_be_read_stays_and_fills_no_slot);
    tcase_add_test(t, max_size_takes_the_oldest_that_it_may);
    tcase_add_test(t, max_size_takes_a_parent_after_its_children);
    tcase_add_test(t, a_freeze_keeps_all);
    tcase_add_loop_test(t, holds_what_it_promises_for_any_catalog, 0, 300);
    suite_add_tcase(s, t);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
