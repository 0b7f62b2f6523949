#include "daemon/alarm_window.h"

#include <check.h>

static struct alarm_window w;
static bool whole;

START_TEST(counts_what_came_within_the_span)
{
    for (int i = 0; i <= 100; i++)
        alarm_window_count(&w, 1000 + i * 1000, 10000, 7 + i);
    ck_assert_double_eq_tol(alarm_window_rise(&w, 101000, 10000, &whole), 10,
                            0.01);
    ck_assert(whole);
}
END_TEST

START_TEST(says_when_it_has_not_looked_for_so_long)
{
    ck_assert_double_eq(alarm_window_rise(&w, 1000, 10000, &whole), 0);
    ck_assert(!whole);
    alarm_window_count(&w, 1000, 10000, 500);
    alarm_window_count(&w, 6000, 10000, 503);
    ck_assert_double_eq(alarm_window_rise(&w, 6000, 10000, &whole), 3);
    ck_assert(!whole);
    ck_assert_double_eq(alarm_window_rise(&w, 11000, 10000, &whole), 3);
    ck_assert(whole);
}
END_TEST

START_TEST(takes_a_smaller_number_for_a_new_beginning)
{
    alarm_window_count(&w, 1000, 10000, 500);
    alarm_window_count(&w, 2000, 10000, 4);
    ck_assert_double_eq(alarm_window_rise(&w, 2000, 10000, &whole), 4);
}
END_TEST

START_TEST(has_room_for_any_span)
{
    for (int64_t s = 0; s < 4000; s++)
        alarm_window_count(&w, s * 1000, 3600 * 1000, (double)s);
    ck_assert_double_eq_tol(alarm_window_rise(&w, 3999000, 3600 * 1000, &whole),
                            3600, 80);
    ck_assert(whole);
    ck_assert_uint_le(w.count, ALARM_WINDOW_SLOTS);
    for (int64_t ms = 4000000; ms < 4002000; ms += 1)
        alarm_window_count(&w, ms, 10, (double)ms);
    ck_assert_double_eq_tol(alarm_window_rise(&w, 4001999, 10, &whole), 10, 1);
}
END_TEST

START_TEST(forgets_what_was_when_the_clock_goes_back)
{
    alarm_window_count(&w, 100000, 10000, 1);
    alarm_window_count(&w, 200000, 10000, 2);
    alarm_window_count(&w, 50000, 10000, 5);
    ck_assert_double_eq(alarm_window_rise(&w, 50000, 10000, &whole), 0);
    ck_assert(!whole);
    ck_assert_uint_eq(w.count, 1);
}
END_TEST

START_TEST(knows_the_largest)
{
    ck_assert_double_eq(alarm_window_peak(&w, 0, 1000), 0);
    for (int i = 0; i < 200; i++)
        alarm_window_put(&w, i * 100, 1000, i == 195 ? 9 : i % 5);
    ck_assert_double_eq(alarm_window_peak(&w, 19900, 1000), 9);
    for (int i = 200; i < 220; i++)
        alarm_window_put(&w, i * 100, 1000, 2);
    ck_assert_double_eq(alarm_window_peak(&w, 21900, 1000), 2);
    /* However short it was. */
    alarm_window_put(&w, 22000, 1000, 1);
    alarm_window_put(&w, 22001, 1000, 8);
    alarm_window_put(&w, 22002, 1000, 1);
    ck_assert_double_eq(alarm_window_peak(&w, 22002, 1000), 8);
}
END_TEST

static void
begin(void)
{
    w = (struct alarm_window){0};
}

int
main(void)
{
    Suite *s = suite_create("alarm_window");
    TCase *t = tcase_create("alarm_window");
    SRunner *runner = srunner_create(s);
    int failed;

    tcase_add_checked_fixture(t, begin, NULL);
    tcase_add_test(t, counts_what_came_within_the_span);
    tcase_add_test(t, says_when_it_has_not_looked_for_so_long);
    tcase_add_test(t, takes_a_smaller_number_for_a_new_beginning);
    tcase_add_test(t, has_room_for_any_span);
    tcase_add_test(t, forgets_what_was_when_the_clock_goes_back);
    tcase_add_test(t, knows_the_largest);
    suite_add_tcase(s, t);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed > 0;
}
