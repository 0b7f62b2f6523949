#include "test_alarm_scene.h"

static json_t *list;

static void
begin_watching(void)
{
    begin();
    list = json_array();
    queues.watched = queues.whole = true;
    set("alarms-queue-failed", "10");
}

static void
end_watching(void)
{
    json_decref(list);
    end();
}

static void
count(int64_t failed, const char *worst, int64_t worst_failed)
{
    queues.list = list;
    queues.failed = failed;
    queues.worst = worst;
    queues.worst_failed = worst_failed;
    pass(1);
}

START_TEST(raises_once_and_clears_once)
{
    const struct alarm *alarm = find("queue_failed");

    count(9, "bullmq mail", 9);
    expect_only(NULL);
    count(12, "bullmq mail", 8);
    expect_only("queue_failed");
    ck_assert_str_eq(alarm->text, "12 jobs have failed for good, 8 in bullmq "
                                  "mail");
    ck_assert_double_eq(alarm->value, 12);
    ck_assert_double_eq(alarm->threshold, 10);
    count(13, "bullmq mail", 9);
    count(0, NULL, 0);
    expect_only(NULL);
    ck_assert_int_eq(told("alarm_raised"), 1);
    ck_assert_int_eq(told("alarm_cleared"), 1);
}
END_TEST

START_TEST(knows_nothing_while_nothing_is_counted)
{
    count(12, "bullmq mail", 8);
    queues.list = NULL;
    queues.failed = -1;
    pass(60);
    expect_only("queue_failed");
}
END_TEST

START_TEST(stays_until_every_queue_is_found)
{
    count(12, "bullmq mail", 8);
    queues.whole = false;
    count(4, "bullmq pdf", 4);
    expect_only("queue_failed");
    queues.whole = true;
    count(4, "bullmq pdf", 4);
    expect_only(NULL);
}
END_TEST

START_TEST(goes_when_nobody_looks_any_more)
{
    count(12, "bullmq mail", 8);
    queues.list = NULL;
    queues.watched = false;
    pass(1);
    expect_only(NULL);
}
END_TEST

START_TEST(is_off_where_the_threshold_is_0)
{
    set("alarms-queue-failed", "0");
    count(1000000, "bullmq mail", 8);
    expect_only(NULL);
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("alarm_queue");
    TCase *t = tcase_create("alarm_queue");
    SRunner *runner = srunner_create(s);
    int failed;

    tcase_add_checked_fixture(t, begin_watching, end_watching);
    tcase_add_test(t, raises_once_and_clears_once);
    tcase_add_test(t, knows_nothing_while_nothing_is_counted);
    tcase_add_test(t, stays_until_every_queue_is_found);
    tcase_add_test(t, goes_when_nobody_looks_any_more);
    tcase_add_test(t, is_off_where_the_threshold_is_0);
    suite_add_tcase(s, t);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed > 0;
}
