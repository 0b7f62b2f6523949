/*
 * test_alarm_case.h - what turns an alarm on and off, and what it says then.
 */
#ifndef UNIT_TEST_ALARM_CASE_H
#define UNIT_TEST_ALARM_CASE_H

#include "test_alarm_scene.h"

struct alarm_case {
    const char *name;
    void (*on)(void), (*off)(void);
    const char *text;
    double value, threshold;
};

static SCENE_UNUSED void
wait_five_minutes(void)
{
    pass(320);
}

static void
expect_number(double found, double expected)
{
    if (isnan(expected))
        ck_assert(isnan(found));
    else
        ck_assert_double_eq_tol(found, expected, 1.01);
}

static void
expect_raised_and_cleared(const struct alarm_case *c)
{
    const struct alarm *alarm = find(c->name);

    expect_only(NULL);
    c->on();
    pass(1);
    expect_only(c->name);
    ck_assert_str_eq(alarm->text, c->text);
    expect_number(alarm->value, c->value);
    expect_number(alarm->threshold, c->threshold);
    ck_assert_int_ge(alarm->since_ms, BEGAN_MS);
    pass(5);
    c->off();
    pass(2);
    expect_only(NULL);
    ck_assert_int_eq(told("alarm_raised"), 1);
    ck_assert_int_eq(told("alarm_cleared"), 1);
}

#endif
