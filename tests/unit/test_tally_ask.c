#include "test_tally_scene.h"

static struct tally_sample
sample(void)
{
    return tally_sample(tally, 0);
}

static unsigned stops;

static void
note_stop(void *context)
{
    ck_assert_ptr_eq(context, &stops);
    stops++;
}

static bool
is_stopped(void)
{
    return stops > 0;
}

static bool
is_running(void)
{
    return runs() > 0;
}

static bool
is_mending(void)
{
    return view()->mending;
}

static bool
is_told(void)
{
    return !view()->mending;
}

static void
ask(void)
{
    answered = 0;
    tally_ask(tally, note_answer, &answered);
}

START_TEST(answers_with_a_new_sample)
{
    begin_with(SET "startup = no\n");
    be_there("one");
    ask();
    ck_assert_uint_eq(answered, 0);
    turn_until(is_answered);
    expect_runs(SAMPLES);
    ck_assert(sample().taken);
    ck_assert(sample().consistent);
    ck_assert_uint_eq(json_array_size(sample().items), 1);
    ck_assert_uint_eq(json_array_size(sample().warnings), 0);
}
END_TEST

static bool
are_all_answered(void)
{
    return answered == 50;
}

START_TEST(has_one_child_for_all_who_ask_together)
{
    begin_with(SET "startup = no\n");
    be_there("one");
    for (int i = 0; i < 50; i++)
        tally_ask(tally, note_answer, &answered);
    turn_until(are_all_answered);
    ask();
    turn_until(is_answered);
    expect_runs(SAMPLES);
}
END_TEST

START_TEST(shares_a_sample_for_a_second)
{
    begin_with(SET "startup = no\n");
    be_there("one");
    ask();
    turn_until(is_answered);
    turn_for(1100);
    let("check", 1, BEHIND);
    ask();
    turn_until(is_answered);
    expect_runs(SAMPLES SAMPLES);
    ck_assert(!sample().consistent);
    ck_assert_uint_eq(json_array_size(sample().warnings), 1);
}
END_TEST

START_TEST(runs_nothing_while_the_server_is_away)
{
    begin_with(SET);
    be_away("Connection refused");
    ask();
    turn_until(is_answered);
    expect_runs("");
    ck_assert(sample().taken);
    ck_assert(!sample().consistent);
    ck_assert_uint_eq(json_array_size(sample().items), 0);
    ck_assert_str_eq(json_string_value(json_array_get(sample().warnings, 0)),
                     "Redis is not available: Connection refused");
    ck_assert(view()->no_server);
}
END_TEST

/* What came of the child, and what is said then. */
static const struct {
    int status;
    const char *report, *warning;
} bad[] = {
    {3, FAILED, "a: source: exit status 7"},
    {3, "{\"error\": \"no such set\"}", "a: no such set"},
    {0, "garbage", "a: exit status 0: its report cannot be read: "},
    {0, "{}", "a: its report cannot be read"},
    {7, "", "a: exit status 7: it reported nothing"},
    {1,
     "{\"sets\": [{\"name\": \"b\", \"checked\": 1,"
     " \"inconsistent\": 1}]}",
     "a: its report cannot be read"},
    {0, "{\"sets\": {\"name\": \"a\"}, \"warnings\": [1, {}, []]}",
     "a: its report cannot be read"},
    {3, "{\"warnings\": [\"Redis is not available: gone\"]}",
     "Redis is not available: gone"},
};
enum { BAD = sizeof bad / sizeof *bad };

START_TEST(says_what_came_of_a_bad_child)
{
    const char *warning;

    begin_with(SET "startup = no\n");
    be_there("one");
    let("check", bad[_i].status, bad[_i].report);
    ask();
    turn_until(is_answered);
    ck_assert(sample().taken);
    ck_assert(!sample().consistent);
    warning = json_string_value(json_array_get(sample().warnings, 0));
    ck_assert_ptr_nonnull(warning);
    ck_assert_msg(strncmp(warning, bad[_i].warning, strlen(bad[_i].warning)) ==
                      0,
                  "%s", warning);
    ck_assert(is_unclear());
    ck_assert(view()->no_server == (strncmp(warning, "Redis", 5) == 0));
}
END_TEST

START_TEST(ends_what_runs_and_forgets_who_asked)
{
    begin_with(SET "startup = no\n");
    be_there("one");
    put("wait", "");
    ask();
    turn_until(is_running);
    tally_forget(tally, &answered);
    tally_stop(tally, note_stop, &stops);
    turn_until(is_stopped);
    ck_assert(is_childless());
    ck_assert_uint_eq(answered, 0);
}
END_TEST

START_TEST(answers_all_at_the_end)
{
    begin_with(SET "startup = no\n");
    be_there("one");
    put("wait", "");
    ask();
    turn_until(is_running);
    tally_stop(tally, note_stop, &stops);
    ck_assert_uint_eq(answered, 1);
    ck_assert(!sample().taken);
    ask();
    ck_assert_uint_eq(answered, 1);
    ck_assert(!sample().taken);
    turn_until(is_stopped);
    ck_assert_uint_eq(stops, 1);
}
END_TEST

#define TWO SET "startup = no\n[counters b]\nsource = true\nstartup = no\n"

START_TEST(waits_for_each_set)
{
    begin_with(TWO);
    be_there("one");
    ask();
    turn_until(is_answered);
    expect_runs(SAMPLES "counters --quiet --sample=10 -- check b\n");
    ck_assert(sample().consistent);
    ck_assert(!tally_sample(tally, 1).consistent);
    ck_assert_double_eq(tally_status(tally), 0);
}
END_TEST

START_TEST(knows_after_a_reload_what_it_knew)
{
    size_t count;

    begin_with(SET);
    be_there("one");
    turn_until(is_consistent);
    read_terms(&other, "[counters new]\nsource = x\nstartup = no\n" SET);
    tally_reload(tally, &other);
    config_clear(&terms.config);
    config_init(&terms.config);
    turn_for(50);
    expect_runs(LOOKS);
    ck_assert_int_eq(tally_view(tally, &count)[1].state, TALLY_CONSISTENT);
    ck_assert_uint_eq(count, 2);
    ck_assert_str_eq(view()->name, "new");
    ck_assert_int_eq(view()->state, TALLY_UNKNOWN);
}
END_TEST

/* What is to be mended is looked at again: it may be by hand now. */
START_TEST(rebuilds_nothing_that_a_reload_leaves_to_people)
{
    begin_with(SET);
    let("check", 1, BEHIND);
    put("wait-rebuild", "");
    be_there("one");
    turn_until(is_mending);
    turn_until(has_run_twice);
    read_terms(&other, SET "rebuild = manual\n");
    tally_reload(tally, &other);
    config_clear(&terms.config);
    config_init(&terms.config);
    turn_until(is_told);
    turn_for(50);
    expect_runs(LOOKS REBUILDS ALL);
    ck_assert(is_behind());
}
END_TEST

START_TEST(does_again_what_a_reload_ended)
{
    begin_with(SET);
    put("wait", "");
    be_there("one");
    turn_until(is_running);
    read_terms(&other, SET "startup_sample = 6\n");
    tally_reload(tally, &other);
    config_clear(&terms.config);
    config_init(&terms.config);
    ck_assert_int_eq(unlinkat(dir, "wait", 0), 0);
    turn_until(is_consistent);
    expect_runs(LOOKS "counters --quiet --sample=6 -- check a\n");
}
END_TEST

/* What one answer shows is of one time. */
START_TEST(shares_a_round_whole)
{
    begin_with(SET "startup = no\n[counters slow]\nsource = true\n"
                   "startup = no\n");
    be_there("one");
    ask();
    turn_until(is_answered);
    turn_for(400); /* the sample of the first is older than a second */
    ask();
    turn_until(is_answered);
    ck_assert_uint_eq(runs(), 2);
    turn_for(700);
    ask();
    turn_until(is_answered);
    ck_assert_uint_eq(runs(), 4);
}
END_TEST

static TCase *
make_cases(void)
{
    TCase *cases = tcase_create("all");

    tcase_add_checked_fixture(cases, begin, end);
    tcase_add_test(cases, answers_with_a_new_sample);
    tcase_add_test(cases, has_one_child_for_all_who_ask_together);
    tcase_add_test(cases, shares_a_sample_for_a_second);
    tcase_add_test(cases, runs_nothing_while_the_server_is_away);
    tcase_add_loop_test(cases, says_what_came_of_a_bad_child, 0, BAD);
    tcase_add_test(cases, ends_what_runs_and_forgets_who_asked);
    tcase_add_test(cases, answers_all_at_the_end);
    tcase_add_test(cases, waits_for_each_set);
    tcase_add_test(cases, shares_a_round_whole);
    tcase_add_test(cases, knows_after_a_reload_what_it_knew);
    tcase_add_test(cases, rebuilds_nothing_that_a_reload_leaves_to_people);
    tcase_add_test(cases, does_again_what_a_reload_ended);
    return cases;
}

int
main(void)
{
    Suite *suite = suite_create("tally_ask");
    SRunner *runner = srunner_create(suite);
    int failed;

    suite_add_tcase(suite, make_cases());
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
