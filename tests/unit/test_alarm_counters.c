#include "test_alarm_case.h"

enum { EVERY_MS = 60000 };

static void
have_sets(enum tally_state first, enum tally_state second)
{
    counters[0] = (struct tally_view){.name = "apps",
                                      .state = first,
                                      .since_ms = scene.now_ms,
                                      .every_ms = EVERY_MS};
    counters[1] = counters[0];
    counters[1].name = "chats";
    counters[1].state = second;
    scene.counter_sets = 2;
}

static void
fall_behind(void)
{
    have_sets(TALLY_CONSISTENT, TALLY_BEHIND);
    counters[1].checked = 10;
    counters[1].inconsistent = 3;
}

static void
be_consistent(void)
{
    have_sets(TALLY_CONSISTENT, TALLY_CONSISTENT);
}

static void
be_unclear(void)
{
    have_sets(TALLY_CONSISTENT, TALLY_UNCLEAR);
    snprintf(counters[1].problem, sizeof counters[1].problem,
             "source: exit status 7");
    pass(120);
}

static const struct alarm_case on_and_off[] = {
    {"counters", fall_behind, be_consistent,
     "of 10 counters of chats that were looked at, 3 are behind the database",
     3, NAN},
    {"counters", be_unclear, be_consistent,
     "the counters of chats cannot be looked at: source: exit status 7", NAN,
     NAN},
};

START_TEST(is_raised_and_cleared_once)
{
    expect_raised_and_cleared(&on_and_off[_i]);
}
END_TEST

START_TEST(is_off_without_sets)
{
    fall_behind();
    pass(1);
    expect_only("counters");
    scene.counter_sets = 0;
    pass(1);
    expect_only(NULL);
}
END_TEST

START_TEST(gives_a_failed_look_time)
{
    have_sets(TALLY_CONSISTENT, TALLY_UNCLEAR);
    pass(100);
    expect_only(NULL);
    pass(20);
    expect_only("counters");
}
END_TEST

START_TEST(leaves_a_server_that_is_away_to_its_own_alarm)
{
    have_sets(TALLY_UNCLEAR, TALLY_UNCLEAR);
    counters[0].no_server = counters[1].no_server = true;
    pass(1000);
    expect_only(NULL);
}
END_TEST

START_TEST(is_not_cleared_by_what_is_not_known)
{
    fall_behind();
    pass(1);
    have_sets(TALLY_CONSISTENT, TALLY_UNCLEAR);
    pass(10);
    expect_only("counters");
    be_consistent();
    pass(1);
    expect_only(NULL);
}
END_TEST

/* That one did not raise it, unless it was before we came. */
START_TEST(does_not_wait_for_a_set_that_was_never_looked_at)
{
    fall_behind();
    pass(1);
    have_sets(TALLY_CONSISTENT, TALLY_UNKNOWN);
    scene.started_ms = scene.now_ms + 1;
    pass(10);
    expect_only("counters");
    scene.started_ms = BEGAN_MS;
    pass(1);
    expect_only(NULL);
}
END_TEST

START_TEST(lets_a_rebuild_end_first)
{
    fall_behind();
    counters[1].mending = true;
    pass(10);
    expect_only(NULL);
    counters[1].mending = false;
    pass(1);
    expect_only("counters");
    counters[1].mending = true;
    pass(1);
    expect_only("counters");
}
END_TEST

static TCase *
make_cases(void)
{
    TCase *cases = tcase_create("all");

    tcase_add_checked_fixture(cases, begin, end);
    tcase_add_loop_test(cases, is_raised_and_cleared_once, 0, 2);
    tcase_add_test(cases, is_off_without_sets);
    tcase_add_test(cases, gives_a_failed_look_time);
    tcase_add_test(cases, leaves_a_server_that_is_away_to_its_own_alarm);
    tcase_add_test(cases, is_not_cleared_by_what_is_not_known);
    tcase_add_test(cases, does_not_wait_for_a_set_that_was_never_looked_at);
    tcase_add_test(cases, lets_a_rebuild_end_first);
    return cases;
}

int
main(void)
{
    Suite *suite = suite_create("alarm_counters");
    SRunner *runner = srunner_create(suite);
    int failed;

    suite_add_tcase(suite, make_cases());
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
