#include "test_tally_scene.h"

START_TEST(does_nothing_without_sets)
{
    begin_with("");
    be_there("one");
    turn_for(50);
    expect_runs("");
    ck_assert(isnan(tally_status(tally)));
    tally_ask(tally, note_answer, &answered);
    turn_until(is_answered);
}
END_TEST

START_TEST(looks_when_the_server_is_there)
{
    begin_with(SET);
    turn_for(30);
    expect_runs("");
    ck_assert(isnan(tally_status(tally)));
    be_there("one");
    turn_until(is_consistent);
    turn_for(50);
    expect_runs(LOOKS);
    ck_assert_int_eq(view()->checked, 5);
    ck_assert_int_eq(view()->inconsistent, 0);
    ck_assert_int_eq(view()->rebuild_ms, -1);
    ck_assert_double_eq(tally_status(tally), 1);
    ck_assert_uint_eq(changes, 1);
}
END_TEST

START_TEST(looks_again_only_at_another_run_id)
{
    begin_with(SET "startup = no\n");
    be_there("");
    be_there("one");
    turn_for(50);
    be_away("gone");
    be_there("one");
    turn_for(50);
    expect_runs("");
    be_there("two");
    turn_until(is_consistent);
    expect_runs(LOOKS);
}
END_TEST

START_TEST(waits_for_the_delay)
{
    uint64_t begin_ms = clock_steady_ms();

    begin_with("[counters a]\nsource = x\nstartup_delay = 300ms\n");
    be_there("one");
    turn_until(is_consistent);
    ck_assert_uint_ge(clock_steady_ms() - begin_ms, 300);
}
END_TEST

static bool
is_rebuilt(void)
{
    return view()->rebuild_ms >= 0;
}

START_TEST(rebuilds_what_is_behind_at_a_start)
{
    begin_with(SET "startup_sample = 0\n");
    let("check", 1, BEHIND);
    be_there("one");
    turn_until(is_rebuilt);
    ck_assert(is_consistent());
    turn_for(50);
    expect_runs(ALL REBUILDS);
}
END_TEST

START_TEST(leaves_it_where_that_is_to_be_done_by_hand)
{
    begin_with(SET "rebuild = manual\n");
    let("check", 1, BEHIND);
    be_there("one");
    turn_until(is_behind);
    turn_for(50);
    expect_runs(LOOKS);
    ck_assert_int_eq(view()->inconsistent, 2);
    ck_assert_double_eq(tally_status(tally), 0);
}
END_TEST

/* And what was behind is looked at whole: another sample may miss it. */
START_TEST(only_tells_what_a_sample_finds)
{
    begin_with(SET "check_every = 1s\nstartup = no\n");
    let("check", 1, BEHIND);
    be_there("one");
    turn_until(is_behind);
    let("check", 0, CONSISTENT);
    turn_until(is_consistent);
    expect_runs(SAMPLES ALL);
}
END_TEST

START_TEST(a_sample_that_is_asked_for_clears_nothing)
{
    begin_with(SET "rebuild = manual\n");
    let("check", 1, BEHIND);
    be_there("one");
    turn_until(is_behind);
    let("check", 0, CONSISTENT);
    tally_ask(tally, note_answer, &answered);
    turn_until(is_answered);
    ck_assert(tally_sample(tally, 0).consistent);
    ck_assert(is_behind());
    be_there("two");
    turn_until(is_consistent);
    expect_runs(LOOKS SAMPLES ALL);
}
END_TEST

/* The database may come up later than the server. */
START_TEST(looks_again_until_it_finds_out)
{
    uint64_t begin_ms;

    begin_with(SET);
    let("check", 3, FAILED);
    be_there("one");
    turn_until(is_unclear);
    ck_assert_str_eq(view()->problem, "source: exit status 7");
    ck_assert_int_eq(view()->checked, -1);
    ck_assert_double_eq(tally_status(tally), 0);
    begin_ms = clock_steady_ms();
    let("check", 1, BEHIND);
    turn_until(is_rebuilt);
    ck_assert_uint_ge(clock_steady_ms() - begin_ms, 900);
    expect_runs(LOOKS LOOKS REBUILDS);
}
END_TEST

START_TEST(tries_a_rebuild_again_that_failed)
{
    begin_with(SET);
    let("check", 1, BEHIND);
    let("rebuild", 3,
        "{\"sets\": [{\"name\": \"a\", \"error\": \"READONLY"
        " You can't write\"}], \"warnings\": []}");
    be_there("one");
    turn_until(has_run_twice);
    turn_until(is_rebuilt);
    ck_assert(is_behind());
    ck_assert(!view()->mending);
    ck_assert_int_eq(view()->inconsistent, 2);
    ck_assert_ptr_nonnull(strstr(view()->problem, "READONLY"));
    ck_assert_uint_eq(reconnects, 1);
    let("rebuild", 0, CONSISTENT);
    turn_until(is_consistent);
    expect_runs(LOOKS REBUILDS ALL REBUILDS);
    ck_assert_uint_eq(reconnects, 1);
}
END_TEST

START_TEST(does_not_repeat_a_rebuild_that_left_some)
{
    begin_with(SET);
    let("check", 1, BEHIND);
    let("rebuild", 1, BEHIND);
    be_there("one");
    turn_until(is_rebuilt);
    turn_for(1500);
    expect_runs(LOOKS REBUILDS);
    ck_assert(is_behind());
    ck_assert_str_eq(view()->problem, "a 7: behind");
}
END_TEST

static TCase *
make_cases(void)
{
    TCase *cases = tcase_create("all");

    tcase_add_checked_fixture(cases, begin, end);
    tcase_add_test(cases, does_nothing_without_sets);
    tcase_add_test(cases, looks_when_the_server_is_there);
    tcase_add_test(cases, looks_again_only_at_another_run_id);
    tcase_add_test(cases, waits_for_the_delay);
    tcase_add_test(cases, rebuilds_what_is_behind_at_a_start);
    tcase_add_test(cases, leaves_it_where_that_is_to_be_done_by_hand);
    tcase_add_test(cases, only_tells_what_a_sample_finds);
    tcase_add_test(cases, a_sample_that_is_asked_for_clears_nothing);
    tcase_add_test(cases, looks_again_until_it_finds_out);
    tcase_add_test(cases, tries_a_rebuild_again_that_failed);
    tcase_add_test(cases, does_not_repeat_a_rebuild_that_left_some);
    return cases;
}

int
main(void)
{
    Suite *suite = suite_create("tally");
    SRunner *runner = srunner_create(suite);
    int failed;

    suite_add_tcase(suite, make_cases());
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
