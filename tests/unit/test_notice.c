#include "daemon/notice.h"

#include <check.h>
#include <string.h>

static char heard[NOTICE_TEXT_MAX + 32];

static void
listen_to(void *context, const struct notice *n)
{
    ++*(unsigned *)context;
    snprintf(heard, sizeof heard, "%s: %s", n->event, n->text);
}

static const char *
text_of(const json_t *history, size_t i, const char *key)
{
    return json_string_value(json_object_get(json_array_get(history, i), key));
}

START_TEST(tells_the_listener_and_keeps_it)
{
    struct notices *all = notice_new();
    unsigned calls = 0;
    json_t *history;

    notice_listen(all, listen_to, &calls);
    notice_tell(all, 1000, "job", json_pack("{s:s}", "job", "prune"),
                "prune: %d removed", 3);
    history = notice_write(all);
    ck_assert_uint_eq(calls, 1);
    ck_assert_str_eq(heard, "job: prune: 3 removed");
    ck_assert_uint_eq(json_array_size(history), 1);
    ck_assert_str_eq(text_of(history, 0, "time"), "1970-01-01T00:00:01Z");
    ck_assert_str_eq(text_of(history, 0, "job"), "prune");
    json_decref(history);
    notice_free(all);
}
END_TEST

START_TEST(keeps_the_newest_of_many)
{
    struct notices *all = notice_new();
    json_t *history;

    for (int i = 0; i < NOTICE_HISTORY + 5; i++)
        notice_tell(all, i, "job", NULL, "%d", i);
    history = notice_write(all);
    ck_assert_uint_eq(notice_count(all), NOTICE_HISTORY + 5);
    ck_assert_uint_eq(json_array_size(history), NOTICE_HISTORY);
    ck_assert_str_eq(text_of(history, 0, "text"), "5");
    ck_assert_str_eq(text_of(history, NOTICE_HISTORY - 1, "text"), "104");
    json_decref(history);
    notice_free(all);
}
END_TEST

START_TEST(reads_back_what_it_wrote_and_leaves_out_the_rest)
{
    struct notices *first = notice_new(), *second = notice_new();
    json_t *history, *again;

    notice_tell(first, 5000, "alarm_raised",
                json_pack("{s:s}", "alarm", "memory"), "much");
    history = notice_write(first);
    json_array_append_new(history, json_string("not an object"));
    json_array_append_new(history,
                          json_pack("{s:s, s:s, s:s}", "time", "yesterday",
                                    "event", "job", "text", "x"));
    notice_read(second, history);
    again = notice_write(second);
    ck_assert_uint_eq(json_array_size(again), 1);
    ck_assert(json_equal(json_array_get(again, 0), json_array_get(history, 0)));
    json_decref(history);
    json_decref(again);
    notice_free(first);
    notice_free(second);
}
END_TEST

START_TEST(reads_a_history_before_what_was_told_by_now)
{
    struct notices *all = notice_new();
    json_t *history = json_pack("[{s:s, s:s, s:s}]", "time",
                                "2026-11-20T11:30:00Z", "event", "job", "text",
                                "first");
    json_t *again;

    notice_tell(all, 5000, "job", json_pack("{s:s}", "job", "prune"), "second");
    notice_read(all, history);
    notice_tell(all, 5000, "job", NULL, "third");
    again = notice_write(all);
    ck_assert_uint_eq(json_array_size(again), 3);
    ck_assert_str_eq(text_of(again, 0, "text"), "first");
    ck_assert_str_eq(text_of(again, 1, "text"), "second");
    ck_assert_str_eq(text_of(again, 1, "job"), "prune");
    ck_assert_str_eq(text_of(again, 2, "text"), "third");
    json_decref(history);
    json_decref(again);
    notice_free(all);
}
END_TEST

START_TEST(writes_bytes_that_are_no_text)
{
    struct notices *all = notice_new();
    json_t *history;

    notice_tell(all, 0, "watch", NULL, "%s",
                "a\xff"
                "b\n");
    history = notice_write(all);
    ck_assert_str_eq(text_of(history, 0, "text"), "a\\xffb\\x0a");
    json_decref(history);
    notice_free(all);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("notice");
    TCase *tcase = tcase_create("all");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_add_test(tcase, reads_a_history_before_what_was_told_by_now);
    tcase_add_test(tcase, tells_the_listener_and_keeps_it);
    tcase_add_test(tcase, keeps_the_newest_of_many);
    tcase_add_test(tcase, reads_back_what_it_wrote_and_leaves_out_the_rest);
    tcase_add_test(tcase, writes_bytes_that_are_no_text);
    suite_add_tcase(suite, tcase);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
