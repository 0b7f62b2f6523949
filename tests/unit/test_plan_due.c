#include "daemon/plan_due.h"

#include <check.h>
#include <stdlib.h>
#include <time.h>

#include "base/text.h"

enum { MINUTE = 60 * 1000, HOUR = 60 * MINUTE };

static struct plan_due d;
static struct error e;
static int64_t now;

static int64_t
moment(const char *text)
{
    int64_t ms;

    ck_assert_msg(text_time(text, &ms), "%s", text);
    return ms;
}

static void
plan(const char *text, uint64_t jitter_ms)
{
    setenv("TZ", "UTC", 1);
    tzset();
    now = moment("2026-11-20T11:30:00Z");
    d = (struct plan_due){.jitter_ms = jitter_ms};
    ck_assert_msg(schedule_read(&d.schedule, text, &e) == 0, "%s", e.text);
    plan_due_begin(&d, now, 0);
}

static void
expect(const char *due)
{
    char found[TEXT_TIME_SIZE];

    text_write_time(found, d.at_ms);
    ck_assert_str_eq(found, due);
}

START_TEST(does_not_drift)
{
    plan("every 10m", 0);
    for (int i = 1; i <= 20; i++) {
        ck_assert(!plan_due_take(&d, now + i * 10 * MINUTE - 1, 0));
        ck_assert(plan_due_take(&d, now + i * 10 * MINUTE + i * 1000, 0));
        ck_assert(!plan_due_take(&d, now + i * 10 * MINUTE + i * 1000, 0));
        ck_assert_int_eq(d.at_ms, now + (i + 1) * 10 * MINUTE);
    }
}
END_TEST

START_TEST(counts_those_that_were_missed_as_one)
{
    plan("every 10m", 0);
    ck_assert(plan_due_take(&d, now + 55 * MINUTE, 0));
    expect("2026-11-20T12:30:00Z");
    plan("*/10 * * * *", 0);
    ck_assert(plan_due_take(&d, now + 55 * MINUTE, 0));
    expect("2026-11-20T12:30:00Z");
}
END_TEST

START_TEST(is_never_due_when_off)
{
    plan("off", 1000);
    ck_assert_int_eq(d.at_ms, -1);
    ck_assert(!plan_due_take(&d, INT64_MAX, 0));
    ck_assert(!plan_due_resume(&d, now, now, now, 0));
    ck_assert_int_eq(d.at_ms, -1);
    plan_due_jump(&d, HOUR, now, 0);
    ck_assert_int_eq(d.at_ms, -1);
}
END_TEST

START_TEST(spreads_by_jitter_and_keeps_the_grid)
{
    plan("every 10m", 60 * 1000);
    plan_due_begin(&d, now, 61 * 1000);
    expect("2026-11-20T11:40:00.999Z");
    ck_assert(!plan_due_take(&d, now + 10 * MINUTE, 0));
    ck_assert(plan_due_take(&d, now + 11 * MINUTE, 30 * 1000));
    expect("2026-11-20T11:50:30Z");
}
END_TEST

START_TEST(spreads_by_less_than_the_time_to_the_next)
{
    for (uint32_t random = 0; random < 5000; random += 7) {
        plan("every 2s", HOUR);
        plan_due_begin(&d, now, random);
        ck_assert_int_ge(d.at_ms, now + 2000);
        ck_assert_int_lt(d.at_ms, now + 4000);
    }
}
END_TEST

START_TEST(goes_on_after_a_restart)
{
    plan("every 10m", 0);
    /* Not due yet. */
    ck_assert(!plan_due_resume(&d, now + MINUTE, now + MINUTE, now, 0));
    expect("2026-11-20T11:31:00Z");
    /* Waiting for its jitter. */
    ck_assert(!plan_due_resume(&d, now - MINUTE, now + MINUTE, now, 0));
    expect("2026-11-20T11:31:00Z");
    /* Missed, once or often: the grid stays. */
    ck_assert(plan_due_resume(&d, now - MINUTE, now - MINUTE, now, 0));
    expect("2026-11-20T11:39:00Z");
    ck_assert(plan_due_resume(&d, now - 61 * MINUTE, now - MINUTE, now, 0));
    expect("2026-11-20T11:39:00Z");
}
END_TEST

START_TEST(does_not_believe_a_state_of_another_clock)
{
    plan("every 10m", 0);
    ck_assert(!plan_due_resume(&d, now + HOUR, now + HOUR, now, 0));
    expect("2026-11-20T11:40:00Z");
    ck_assert(!plan_due_resume(&d, -1, -1, now, 0));
    expect("2026-11-20T11:40:00Z");
    ck_assert(!plan_due_resume(&d, now, now - 1, now, 0));
    expect("2026-11-20T11:40:00Z");
    plan("30 3 * * *", 0);
    ck_assert(!plan_due_resume(&d, now + 80 * HOUR, now + 80 * HOUR, now, 0));
    expect("2026-11-21T03:30:00Z");
}
END_TEST

START_TEST(keeps_intervals_when_the_clock_is_set)
{
    plan("every 10m", 0);
    plan_due_jump(&d, 5 * HOUR, now + 5 * HOUR, 0);
    ck_assert(!plan_due_take(&d, now + 5 * HOUR, 0));
    ck_assert(plan_due_take(&d, now + 5 * HOUR + 10 * MINUTE, 0));
    plan("every 10m", 0);
    plan_due_jump(&d, -300 * HOUR, now - 300 * HOUR, 0);
    ck_assert(plan_due_take(&d, now - 300 * HOUR + 10 * MINUTE, 0));
}
END_TEST

START_TEST(runs_a_time_of_day_once_when_the_clock_is_set)
{
    plan("30 3 * * *", 0);
    /* Put back behind a run that was made: not again. */
    ck_assert(plan_due_take(&d, moment("2026-11-21T03:30:00Z"), 0));
    plan_due_jump(&d, -HOUR, moment("2026-11-21T02:31:00Z"), 0);
    expect("2026-11-22T03:30:00Z");
    /* Put on over one: at once. */
    plan_due_jump(&d, 30 * HOUR, moment("2026-11-22T08:31:00Z"), 0);
    ck_assert(plan_due_take(&d, moment("2026-11-22T08:31:00Z"), 0));
    expect("2026-11-23T03:30:00Z");
    /* It had been wrong by a year. */
    plan_due_jump(&d, -8760 * (int64_t)HOUR, moment("2025-11-22T08:31:00Z"), 0);
    expect("2025-11-23T03:30:00Z");
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("plan_due");
    TCase *cases = tcase_create("plan_due");
    SRunner *runner;
    int failed;

    tcase_add_test(cases, does_not_drift);
    tcase_add_test(cases, counts_those_that_were_missed_as_one);
    tcase_add_test(cases, is_never_due_when_off);
    tcase_add_test(cases, spreads_by_jitter_and_keeps_the_grid);
    tcase_add_test(cases, spreads_by_less_than_the_time_to_the_next);
    tcase_add_test(cases, goes_on_after_a_restart);
    tcase_add_test(cases, does_not_believe_a_state_of_another_clock);
    tcase_add_test(cases, keeps_intervals_when_the_clock_is_set);
    tcase_add_test(cases, runs_a_time_of_day_once_when_the_clock_is_set);
    suite_add_tcase(suite, cases);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
