#include "test_doctor_repository_scene.h"

START_TEST(a_good_repository_has_none)
{
    finds("");
}
END_TEST

START_TEST(no_good_snapshot_is_told)
{
    items[0].entry.verdict = VERDICT_TORN;
    finds("snapshot_missing");
    expect_remedy("redkeep snapshot");
}
END_TEST

START_TEST(an_old_snapshot_is_told)
{
    items[0].entry.state_time_ms = scene.now_ms - 2 * HOUR_MS + 1;
    finds("");
    items[0].entry.state_time_ms = scene.now_ms - 2 * HOUR_MS;
    finds("snapshot_overdue");
    set("schedule-snapshot", "every 1d");
    finds("");
    set("alarms-snapshot-overdue", "1h");
    finds("snapshot_overdue");
    set("alarms-snapshot-overdue", "0");
    finds("");
}
END_TEST

START_TEST(what_has_not_changed_is_not_old)
{
    items[0].entry.state_time_ms = scene.now_ms - 9 * HOUR_MS;
    info.changes_since_save = 0;
    info.last_save_time = items[0].entry.state_time_ms / 1000 + 1;
    finds("");
    info.last_save_time += 60;
    finds("snapshot_overdue");
    info.last_save_time -= 60;
    info.changes_since_save = 1;
    finds("snapshot_overdue");
    info.changes_since_save = 0;
    info.aof_enabled = true;
    finds("snapshot_overdue");
}
END_TEST

START_TEST(a_damaged_newest_is_told)
{
    add(0)->verdict = VERDICT_DAMAGED;
    repository.freeze = (struct retention_freeze){
        .frozen = true, .id = "20261120T113001Z", .text = "it is damaged"};
    finds("snapshot_damaged");
    expect_remedy("redkeep check /var/lib/redis");
    items[1].entry.verdict = VERDICT_SOUND;
    items[1].entry.failed = true;
    finds("snapshot_damaged");
    expect_remedy("redkeep snapshot --full");
}
END_TEST

START_TEST(a_freeze_is_told)
{
    repository.freeze = (struct retention_freeze){
        .frozen = true, .collapsed = true, .id = "20261120T113000Z"};
    finds("retention_frozen");
    expect_remedy("redkeep prune --accept 20261120T113000Z");
    repository.freeze.collapsed = false;
    repository.freeze.newer = true;
    finds("retention_frozen");
    ck_assert_ptr_null(found.items[0].remedy);
}
END_TEST

START_TEST(older_ones_that_failed_are_told)
{
    items[0].entry.failed = true;
    add(0);
    finds("snapshot_broken");
    expect_remedy("redkeep verify --all");
    ck_assert_ptr_nonnull(strstr(found.items[0].text, "(20261120T113000Z) is"));
    add(0);
    items[1].broken.kind = ERROR_DAMAGED;
    finds("snapshot_broken");
}
END_TEST

START_TEST(one_without_proof_is_told)
{
    items[0].entry.bound = CATALOG_UNBOUND;
    finds("snapshot_unbound");
    items[0].entry.bound = CATALOG_NO_SERVER;
    finds("");
}
END_TEST

START_TEST(a_drill_is_due_when_snapshots_are_old)
{
    items[0].entry.finished_ms = scene.now_ms - 14 * 24 * HOUR_MS;
    finds("drill_overdue");
    expect_remedy("redkeep drill");
    set("schedule-drill", "off");
    finds("");
}
END_TEST

START_TEST(an_old_or_failed_drill_is_told)
{
    repository.drilled = true;
    repository.drill = (struct catalog_drill){
        .id = "20261120T113000Z", .ok = true, .at_ms = scene.now_ms};
    finds("");
    repository.drill.at_ms -= 14 * 24 * HOUR_MS;
    finds("drill_overdue");
    repository.drill.ok = false;
    finds("drill_failed");
    expect_remedy("redkeep drill 20261120T113000Z");
}
END_TEST

START_TEST(retention_is_to_keep_some_and_remove_some)
{
    set("schedule-prune", "off");
    finds("prune_off");
    set("schedule-prune", "after snapshot");
    set("retention-last", "1");
    finds("retention_short");
    set("retention-within", "7d");
    finds("");
    set("retention-within", "0");
    set("retention-last", "0");
    finds("retention_off");
    set("retention-max-size", "1GiB");
    finds("");
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("doctor_repository_content");
    TCase *cases = tcase_create("doctor_repository_content");
    SRunner *runner;
    int failed;

    tcase_add_checked_fixture(cases, begin_repository, end_scene);
    tcase_add_test(cases, a_good_repository_has_none);
    tcase_add_test(cases, no_good_snapshot_is_told);
    tcase_add_test(cases, an_old_snapshot_is_told);
    tcase_add_test(cases, what_has_not_changed_is_not_old);
    tcase_add_test(cases, a_damaged_newest_is_told);
    tcase_add_test(cases, a_freeze_is_told);
    tcase_add_test(cases, older_ones_that_failed_are_told);
    tcase_add_test(cases, one_without_proof_is_told);
    tcase_add_test(cases, a_drill_is_due_when_snapshots_are_old);
    tcase_add_test(cases, an_old_or_failed_drill_is_told);
    tcase_add_test(cases, retention_is_to_keep_some_and_remove_some);
    suite_add_tcase(suite, cases);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
