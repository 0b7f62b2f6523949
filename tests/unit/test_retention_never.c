/* What no rule and no limit takes. */
#include "repo/retention.h"

#include <check.h>
#include <stdlib.h>

#include "test_retention_judged.h"

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

START_TEST(what_failed_its_verification_is_not_good)
{
    add_hourly(3);
    items[2].entry.failed = true;
    retention_mark_accept(&mark, items[2].id, 3);
    rules.last = 1;
    expect_kept("20261120T110000Z the last good snapshot, last 1; "
                "20261120T120000Z the newest snapshot, last 1 (not what was "
                "stored)");
}
END_TEST

START_TEST(the_last_one_that_protects_stays_behind_those_that_do_not)
{
    add_hourly(5);
    items[0].entry.bound = items[1].entry.bound = CATALOG_BOUND;
    items[2].entry.bound = CATALOG_BOUND;
    items[2].entry.failed = true;
    items[3].entry.bound = items[4].entry.bound = CATALOG_UNBOUND;
    rules.last = 1;
    rules.max_bytes = 1;
    expect_kept("20261120T090000Z the last good one of a proven server; "
                "20261120T120000Z the last good snapshot, last 1");
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
    Suite *s = suite_create("retention_never");
    TCase *t = tcase_create("never");
    SRunner *runner = srunner_create(s);
    int failed;

    tcase_add_checked_fixture(t, NULL, tear_down);
    tcase_add_test(t, the_last_good_one_stays_however_many_bad_ones_follow);
    tcase_add_test(t, what_failed_its_verification_is_not_good);
    tcase_add_test(t,
                   the_last_one_that_protects_stays_behind_those_that_do_not);
    tcase_add_test(t, a_hold_beats_every_rule);
    tcase_add_test(t, keeps_the_chain_that_a_kept_one_needs);
    tcase_add_test(t, without_its_parent_none_is_good);
    tcase_add_test(t, a_chain_that_bites_its_tail_is_none);
    tcase_add_test(t, what_cannot_be_read_stays_and_fills_no_slot);
    tcase_add_test(t, max_size_takes_a_parent_after_its_children);
    tcase_add_test(t, a_freeze_keeps_all);
    tcase_add_loop_test(t, holds_what_it_promises_for_any_catalog, 0, 300);
    suite_add_tcase(s, t);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
