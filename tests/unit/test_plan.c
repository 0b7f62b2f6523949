#include "daemon/plan.h"

#include "test_plan_scene.h"

START_TEST(runs_what_is_due_and_tells_what_came_of_it)
{
    set("schedule-snapshot", "every 200ms");
    write_program("echo '{\"id\": \"x\", \"verdict\": \"sound\","
                  " \"bytes_stored\": 10, \"bytes_source\": 2048}' >&3");
    begin_plan(NULL);
    ck_assert_int_eq(view(PLAN_SNAPSHOT)->state, PLAN_IDLE);
    ck_assert_uint_eq(view(PLAN_SNAPSHOT)->interval_ms, 200);
    AWAIT(view(PLAN_SNAPSHOT)->runs == 3);
    ck_assert_uint_eq(view(PLAN_SNAPSHOT)->results[PLAN_OK], 3);
    ck_assert_uint_eq(view(PLAN_SNAPSHOT)->failures, 0);
    ck_assert_int_eq(view(PLAN_SNAPSHOT)->last.result, PLAN_OK);
    ck_assert_int_eq(view(PLAN_SNAPSHOT)->last.exit_status, 0);
    ck_assert_str_eq(view(PLAN_SNAPSHOT)->last.text,
                     "x: sound, 10 B stored for 2.0 KiB");
    ck_assert_int_eq(view(PLAN_SNAPSHOT)->last_ok_ms,
                     view(PLAN_SNAPSHOT)->last.finished_ms);
    ck_assert_uint_eq(notice_count(notices), 3);
    /* Began and ended, each. */
    ck_assert_uint_ge(changes[PLAN_SNAPSHOT], 6);
    ck_assert_uint_eq(count_runs("snapshot"), 3);
}
END_TEST

START_TEST(shows_what_runs)
{
    write_program("sleep 0.1; echo '{}' >&3");
    begin_plan(NULL);
    ck_assert_int_eq(view(PLAN_VERIFY)->state, PLAN_OFF);
    plan_ask(plan, PLAN_VERIFY, "test");
    ck_assert_int_eq(view(PLAN_VERIFY)->state, PLAN_RUNNING);
    ck_assert_int_gt(view(PLAN_VERIFY)->pid, 0);
    ck_assert_int_gt(view(PLAN_VERIFY)->running_ms, 0);
    AWAIT(view(PLAN_VERIFY)->runs == 1);
    ck_assert_int_eq(view(PLAN_VERIFY)->state, PLAN_OFF);
    ck_assert_int_eq(view(PLAN_VERIFY)->pid, 0);
    ck_assert_int_eq(view(PLAN_VERIFY)->running_ms, -1);
}
END_TEST

START_TEST(runs_once_more_what_was_wanted_while_it_ran)
{
    write_program("sleep 0.1; echo '{}' >&3");
    begin_plan(NULL);
    for (int i = 0; i < 5; i++)
        plan_ask(plan, PLAN_VERIFY, "test");
    AWAIT(view(PLAN_VERIFY)->runs == 2);
    ck_assert_int_eq(view(PLAN_VERIFY)->state, PLAN_OFF);
    ck_assert_uint_eq(count_runs("verify"), 2);
}
END_TEST

static const struct {
    const char *script;
    enum plan_result result;
    const char *text;
    unsigned failures;
} results[] = {
    {"echo '{\"error\": \"no space\"}' >&3; exit 3", PLAN_FAILED, "no space",
     1},
    {"echo '{\"error\": \"not its own\"}' >&3; exit 4", PLAN_REFUSED,
     "not its own", 1},
    {"echo '{\"error\": \"held\"}' >&3; exit 5", PLAN_LOCKED, "held", 0},
    {"echo '{\"id\": \"x\", \"verdict\": \"torn\", \"findings\":"
     " [{\"severity\": \"warning\", \"text\": \"odd\"},"
     " {\"severity\": \"error\", \"text\": \"cut\"}]}' >&3; exit 1",
     PLAN_FAILED, "x: kept, but torn: cut", 1},
    {"echo '{\"error\": \"damaged\"}' >&3; exit 1", PLAN_FAILED, "damaged", 1},
    {"kill -SEGV $$", PLAN_FAILED, "ended by signal 11 (Segmentation fault)",
     1},
    {"echo bad >&3", PLAN_FAILED,
     "exit status 0: its report cannot be read: '[' or '{' expected near "
     "'bad'",
     1},
    {"echo '{\"id\": \"x\", \"unchanged\": true}' >&3", PLAN_OK,
     "unchanged: x holds this dump", 0},
};

START_TEST(tells_results_apart)
{
    write_program(results[_i].script);
    begin_plan(NULL);
    plan_ask(plan, PLAN_SNAPSHOT, "test");
    AWAIT(view(PLAN_SNAPSHOT)->runs == 1);
    ck_assert_int_eq(view(PLAN_SNAPSHOT)->last.result, results[_i].result);
    ck_assert_str_eq(view(PLAN_SNAPSHOT)->last.text, results[_i].text);
    ck_assert_uint_eq(view(PLAN_SNAPSHOT)->failures, results[_i].failures);
    ck_assert_uint_eq(view(PLAN_SNAPSHOT)->results[results[_i].result], 1);
}
END_TEST

START_TEST(prunes_after_a_snapshot_that_was_tried)
{
    set("schedule-prune", "after snapshot");
    write_program("echo '{\"keep\": [1, 2], \"remove\": [3]}' >&3");
    begin_plan(NULL);
    ck_assert_int_eq(view(PLAN_PRUNE)->state, PLAN_IDLE);
    ck_assert_int_eq(view(PLAN_PRUNE)->next_ms, -1);
    plan_ask(plan, PLAN_SNAPSHOT, "test");
    AWAIT(view(PLAN_PRUNE)->runs == 1);
    ck_assert_str_eq(view(PLAN_PRUNE)->last.text, "2 kept, 1 removed");
    /* What a snapshot lacked may be the space that the trash holds. */
    write_program("[ $4 = prune ] || exit 3; echo '{}' >&3");
    plan_ask(plan, PLAN_SNAPSHOT, "test");
    AWAIT(view(PLAN_PRUNE)->runs == 2);
    ck_assert_int_eq(view(PLAN_SNAPSHOT)->last.result, PLAN_FAILED);
    write_program("exit 4");
    plan_ask(plan, PLAN_SNAPSHOT, "test");
    AWAIT(view(PLAN_SNAPSHOT)->runs == 3);
    ck_assert_int_eq(view(PLAN_PRUNE)->state, PLAN_IDLE);
}
END_TEST

START_TEST(waits_for_a_server_that_is_away)
{
    server.state = SERVER_CONNECTING;
    begin_plan(NULL);
    plan_ask(plan, PLAN_SNAPSHOT, "test");
    ck_assert_int_eq(view(PLAN_SNAPSHOT)->state, PLAN_WAITING);
    ck_assert_int_eq(view(PLAN_SNAPSHOT)->last.result, PLAN_SKIPPED);
    ck_assert_str_eq(view(PLAN_SNAPSHOT)->last.text,
                     "the server is not connected");
    ck_assert_uint_eq(view(PLAN_SNAPSHOT)->failures, 0);
    server.state = SERVER_CONNECTED;
    AWAIT(view(PLAN_SNAPSHOT)->runs == 2);
    ck_assert_int_eq(view(PLAN_SNAPSHOT)->last.result, PLAN_OK);
    ck_assert_uint_eq(count_runs("snapshot"), 1);
}
END_TEST

START_TEST(needs_no_server_where_the_folder_is_known)
{
    server.state = SERVER_FAILED;
    set("data-dir", path);
    begin_plan(NULL);
    plan_ask(plan, PLAN_SNAPSHOT, "test");
    AWAIT(view(PLAN_SNAPSHOT)->runs == 1);
    ck_assert_int_eq(view(PLAN_SNAPSHOT)->last.result, PLAN_OK);
}
END_TEST

START_TEST(takes_the_first_snapshot_at_once)
{
    set("schedule-snapshot", "every 1h");
    begin_plan(NULL);
    plan_know_snapshots(plan, 0);
    AWAIT(view(PLAN_SNAPSHOT)->runs == 1);
    plan_know_snapshots(plan, 0);
    ck_assert_int_eq(view(PLAN_SNAPSHOT)->state, PLAN_IDLE);
}
END_TEST

START_TEST(takes_none_where_there_is_one_or_none_is_wanted)
{
    set("schedule-snapshot", "every 1h");
    begin_plan(NULL);
    plan_know_snapshots(plan, 1);
    ck_assert_int_eq(view(PLAN_SNAPSHOT)->state, PLAN_IDLE);
    plan_free(plan);
    set("schedule-catch-up", "no");
    begin_plan(NULL);
    plan_know_snapshots(plan, 0);
    ck_assert_int_eq(view(PLAN_SNAPSHOT)->state, PLAN_IDLE);
    plan_free(plan);
    set("schedule-catch-up", "yes");
    set("schedule-snapshot", "off");
    begin_plan(NULL);
    plan_know_snapshots(plan, 0);
    ck_assert_int_eq(view(PLAN_SNAPSHOT)->state, PLAN_OFF);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("plan");
    TCase *cases = tcase_create("plan");
    SRunner *runner;
    int failed;

    tcase_add_checked_fixture(cases, begin, end);
    tcase_add_test(cases, runs_what_is_due_and_tells_what_came_of_it);
    tcase_add_test(cases, shows_what_runs);
    tcase_add_test(cases, runs_once_more_what_was_wanted_while_it_ran);
    tcase_add_loop_test(cases, tells_results_apart, 0,
                        sizeof results / sizeof *results);
    tcase_add_test(cases, prunes_after_a_snapshot_that_was_tried);
    tcase_add_test(cases, waits_for_a_server_that_is_away);
    tcase_add_test(cases, needs_no_server_where_the_folder_is_known);
    tcase_add_test(cases, takes_the_first_snapshot_at_once);
    tcase_add_test(cases, takes_none_where_there_is_one_or_none_is_wanted);
    suite_add_tcase(suite, cases);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
