#include "daemon/plan.h"

#include "test_plan_scene.h"

/* What the state file holds, and what comes back of it. */
static json_t *
restart(void)
{
    json_t *saved = plan_write(plan);
    char *text = json_dumps(saved, 0);

    json_decref(saved);
    plan_free(plan);
    plan = NULL;
    saved = json_loads(text, 0, NULL);
    free(text);
    return saved;
}

START_TEST(remembers_its_past_and_its_next)
{
    struct plan_view before;

    set("schedule-verify", "every 1h");
    write_program("echo '{\"checked\": [{\"id\": \"x\", \"ok\": false}]}' >&3;"
                  " exit 1");
    begin_plan(NULL);
    plan_ask(plan, PLAN_VERIFY, "test");
    AWAIT(view(PLAN_VERIFY)->runs == 1);
    before = *view(PLAN_VERIFY);
    begin_plan(restart());
    ck_assert_uint_eq(view(PLAN_VERIFY)->runs, 1);
    ck_assert_uint_eq(view(PLAN_VERIFY)->failures, 1);
    ck_assert_uint_eq(view(PLAN_VERIFY)->results[PLAN_FAILED], 1);
    ck_assert_int_eq(view(PLAN_VERIFY)->next_ms, before.next_ms);
    ck_assert_int_eq(view(PLAN_VERIFY)->last.started_ms,
                     before.last.started_ms);
    ck_assert_int_eq(view(PLAN_VERIFY)->last.finished_ms,
                     before.last.finished_ms);
    ck_assert_int_eq(view(PLAN_VERIFY)->last.exit_status, 1);
    ck_assert_str_eq(view(PLAN_VERIFY)->last.text, "x is not what was stored");
    ck_assert_int_eq(view(PLAN_VERIFY)->last_ok_ms, -1);
    ck_assert_ptr_nonnull(view(PLAN_VERIFY)->report);
    ck_assert_int_eq(view(PLAN_VERIFY)->state, PLAN_IDLE);
    ck_assert_int_eq(view(PLAN_SNAPSHOT)->last_ok_ms, -1);
    /* Another schedule is planned anew. */
    set("schedule-verify", "every 30m");
    begin_plan(restart());
    ck_assert_int_lt(view(PLAN_VERIFY)->next_ms, before.next_ms);
    ck_assert_uint_eq(view(PLAN_VERIFY)->runs, 1);
}
END_TEST

START_TEST(adopts_a_past_that_comes_late)
{
    json_t *saved = json_loads(
        "{\"verify\": {\"schedule\": \"every 1h\", \"runs\": 7,"
        " \"due\": \"2026-01-01T00:00:00Z\","
        " \"next\": \"2026-01-01T00:00:00Z\", \"last\": {\"text\": \"x\","
        " \"result\": \"ok\", \"started\": \"2026-01-01T00:00:00Z\","
        " \"finished\": \"2026-01-01T00:00:00Z\"},"
        " \"last_ok\": \"2026-01-01T00:00:00Z\"}}",
        0, NULL);

    json_object_set(saved, "prune", json_object_get(saved, "verify"));
    set("schedule-verify", "every 1h");
    write_program("echo '{\"keep\": [], \"remove\": []}' >&3; exit 3");
    begin_plan(NULL);
    plan_ask(plan, PLAN_PRUNE, "test");
    AWAIT(view(PLAN_PRUNE)->runs == 1);
    plan_adopt(plan, saved);
    json_decref(saved);
    /* Its own run is the last, and counts. */
    ck_assert_uint_eq(view(PLAN_PRUNE)->runs, 8);
    ck_assert_uint_eq(view(PLAN_PRUNE)->failures, 1);
    ck_assert_int_eq(view(PLAN_PRUNE)->last.result, PLAN_FAILED);
    ck_assert_int_gt(view(PLAN_PRUNE)->last_ok_ms, 0);
    /* What has not run goes on where it was, and catches up. */
    ck_assert_uint_eq(view(PLAN_VERIFY)->runs, 7);
    AWAIT(view(PLAN_VERIFY)->runs == 8);
    ck_assert_uint_eq(count_runs("verify"), 1);
}
END_TEST

START_TEST(runs_again_what_was_interrupted)
{
    json_t *saved;

    set("schedule-verify", "every 1h");
    write_program("sleep 100");
    begin_plan(NULL);
    plan_ask(plan, PLAN_VERIFY, "test");
    saved = restart();
    write_program("echo '{\"checked\": []}' >&3");
    begin_plan(saved);
    ck_assert_int_eq(view(PLAN_VERIFY)->state, PLAN_RUNNING);
    ck_assert_uint_eq(view(PLAN_VERIFY)->runs, 1);
    ck_assert_int_eq(view(PLAN_VERIFY)->last.result, PLAN_FAILED);
    ck_assert_str_eq(view(PLAN_VERIFY)->last.text,
                     "interrupted: the agent was ended while it ran, and it by "
                     "signal 9 (Killed); it is run again");
    ck_assert_int_eq(view(PLAN_VERIFY)->last.signal, SIGKILL);
    AWAIT(view(PLAN_VERIFY)->runs == 2);
    ck_assert_int_eq(view(PLAN_VERIFY)->last.result, PLAN_OK);
    begin_plan(restart());
    ck_assert_int_eq(view(PLAN_VERIFY)->state, PLAN_IDLE);
}
END_TEST

START_TEST(leaves_what_was_interrupted_and_is_off_now)
{
    begin_plan(NULL);
    plan_ask(plan, PLAN_VERIFY, "test");
    begin_plan(restart());
    ck_assert_int_eq(view(PLAN_VERIFY)->state, PLAN_OFF);
    ck_assert_str_eq(view(PLAN_VERIFY)->last.text,
                     "interrupted: the agent was ended while it ran, and it by "
                     "signal 9 (Killed)");
}
END_TEST

START_TEST(waits_no_more_when_switched_off)
{
    server.state = SERVER_CONNECTING;
    server.loading = true;
    set("schedule-snapshot", "every 100ms");
    begin_plan(NULL);
    AWAIT(view(PLAN_SNAPSHOT)->state == PLAN_WAITING);
    ck_assert_str_eq(view(PLAN_SNAPSHOT)->last.text,
                     "the server is loading its data");
    set("schedule-snapshot", "off");
    plan_reload(plan, &terms);
    ck_assert_int_eq(view(PLAN_SNAPSHOT)->state, PLAN_OFF);
}
END_TEST

START_TEST(catches_up_once_what_was_missed)
{
    json_t *saved;

    set("schedule-verify", "every 100ms");
    begin_plan(NULL);
    saved = restart();
    usleep(350 * 1000);
    begin_plan(json_incref(saved));
    ck_assert_int_eq(view(PLAN_VERIFY)->state, PLAN_RUNNING);
    plan_free(plan);
    set("schedule-verify", "every 1h");
    begin_plan(json_incref(saved));
    ck_assert_int_eq(view(PLAN_VERIFY)->state, PLAN_RUNNING);
    plan_free(plan);
    set("schedule-catch-up", "no");
    begin_plan(saved);
    ck_assert_int_eq(view(PLAN_VERIFY)->state, PLAN_IDLE);
}
END_TEST

static const char *const odd[] = {
    "[]",
    "{\"verify\": 1}",
    "{\"verify\": {\"schedule\": 1, \"due\": \"x\", \"next\": {},"
    " \"running\": 5, \"again\": 1, \"runs\": -1, \"last\": []}}",
    "{\"verify\": {\"schedule\": \"every 1h\","
    " \"due\": \"2100-01-01T00:00:00Z\", \"next\": \"2000-01-01T00:00:00Z\","
    " \"runs\": 7, \"last\": {\"result\": \"odd\", \"text\": \"\","
    " \"started\": \"2000-01-01T00:00:00Z\","
    " \"finished\": \"2000-01-01T00:00:00Z\"}}}",
    "{\"verify\": {\"runs\": 7, \"report\": [], \"last\": {\"result\": \"ok\","
    " \"text\": \"\", \"started\": \"2000-01-01T00:00:01Z\","
    " \"finished\": \"2000-01-01T00:00:00Z\"}}}",
};

START_TEST(begins_anew_with_a_state_it_does_not_know)
{
    set("schedule-verify", "every 1h");
    begin_plan(json_loads(odd[_i], 0, NULL));
    ck_assert_uint_eq(view(PLAN_VERIFY)->runs, 0);
    ck_assert_int_eq(view(PLAN_VERIFY)->state, PLAN_IDLE);
    ck_assert_int_gt(view(PLAN_VERIFY)->next_ms, clock_wall_ms());
    ck_assert_int_le(view(PLAN_VERIFY)->next_ms, clock_wall_ms() + 3600000);
}
END_TEST

START_TEST(stops_and_runs_again_later_what_it_has_cancelled)
{
    json_t *saved;

    set("schedule-verify", "every 1h");
    write_program("exec sleep 100");
    begin_plan(NULL);
    plan_ask(plan, PLAN_VERIFY, "test");
    plan_stop(plan, on_stopped, NULL);
    ck_assert(!stopped);
    AWAIT(stopped);
    ck_assert_int_eq(view(PLAN_VERIFY)->last.result, PLAN_SKIPPED);
    ck_assert_uint_eq(view(PLAN_VERIFY)->failures, 0);
    saved = restart();
    begin_plan(saved);
    ck_assert_int_eq(view(PLAN_VERIFY)->state, PLAN_RUNNING);
}
END_TEST

START_TEST(stops_at_once_when_nothing_runs)
{
    begin_plan(NULL);
    plan_stop(plan, on_stopped, NULL);
    ck_assert(!stopped);
    AWAIT(stopped);
}
END_TEST

START_TEST(takes_another_schedule_and_keeps_the_others)
{
    int64_t next;

    set("schedule-verify", "every 1h");
    set("schedule-prune", "every 1h");
    begin_plan(NULL);
    next = view(PLAN_VERIFY)->next_ms;
    usleep(20000);
    set("schedule-prune", "30 3 * * *");
    plan_reload(plan, &terms);
    ck_assert_int_eq(view(PLAN_VERIFY)->next_ms, next);
    ck_assert_str_eq(view(PLAN_PRUNE)->schedule, "30 3 * * *");
    ck_assert_uint_eq(view(PLAN_PRUNE)->interval_ms, 86400000);
    set("schedule-prune", "off");
    plan_reload(plan, &terms);
    ck_assert_int_eq(view(PLAN_PRUNE)->state, PLAN_OFF);
    ck_assert_int_eq(view(PLAN_PRUNE)->next_ms, -1);
}
END_TEST

START_TEST(leaves_out_what_is_not_built)
{
    set("log-follow", "yes");
    begin_plan(NULL);
    ck_assert_int_eq(view(PLAN_FOLLOW)->state, PLAN_OFF);
    ck_assert_int_eq(view(PLAN_FOLLOW)->next_ms, -1);
    ck_assert_str_eq(view(PLAN_FOLLOW)->schedule, "yes");
    plan_ask(plan, PLAN_FOLLOW, "test");
    ck_assert_int_eq(view(PLAN_FOLLOW)->state, PLAN_OFF);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("plan_begin");
    TCase *cases = tcase_create("plan_begin");
    SRunner *runner;
    int failed;

    tcase_add_checked_fixture(cases, begin, end);
    tcase_add_test(cases, adopts_a_past_that_comes_late);
    tcase_add_test(cases, remembers_its_past_and_its_next);
    tcase_add_test(cases, runs_again_what_was_interrupted);
    tcase_add_test(cases, leaves_what_was_interrupted_and_is_off_now);
    tcase_add_test(cases, waits_no_more_when_switched_off);
    tcase_add_test(cases, catches_up_once_what_was_missed);
    tcase_add_loop_test(cases, begins_anew_with_a_state_it_does_not_know, 0,
                        sizeof odd / sizeof *odd);
    tcase_add_test(cases, stops_and_runs_again_later_what_it_has_cancelled);
    tcase_add_test(cases, stops_at_once_when_nothing_runs);
    tcase_add_test(cases, takes_another_schedule_and_keeps_the_others);
    tcase_add_test(cases, leaves_out_what_is_not_built);
    suite_add_tcase(suite, cases);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
