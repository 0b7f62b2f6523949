#include "../../tools/status_shape.h"

#include <string.h>

#include "jobs/value.h"
#include "test_status_state.h"

static const struct {
    const char *change, *error;
} bad[] = {
    {"{\"instance\":null}", "instance: null, expected a text"},
    {"{\"instance\":5}", "instance: a number, expected a text"},
    {"{\"time\":\"yesterday\"}", "time: a text, expected a time (RFC 3339)"},
    {"{\"time\":\"2026-02-30T00:00:00Z\"}",
     "time: a text, expected a time (RFC 3339)"},
    {"{\"uptime\":\"5\"}", "uptime: a text, expected a number"},
    {"{\"config\":[]}", "config: a list, expected an object"},
    {"{\"config\":null}", "config: null, expected an object"},
    {"{\"server\":{\"keys\":true}}",
     "server: keys: true or false, expected a number"},
    {"{\"server\":{\"loading\":0}}",
     "server: loading: a number, expected true or false"},
    {"{\"restore_window\":{\"from\":\"2026-11-20T11:30:00Z\"}}",
     "restore_window: to: missing, expected a time (RFC 3339)"},
    {"{\"last_snapshot\":\"x\"}", "last_snapshot: a text, expected an object"},
    {"{\"last_snapshot\":{\"verdict\":null}}",
     "last_snapshot: verdict: null, expected a text"},
    {"{\"jobs\":{}}", "jobs: an object, expected a list"},
    {"{\"jobs\":[{\"name\":\"a\"},7]}",
     "jobs: item 1: a number, expected an object"},
    {"{\"jobs\":[{}]}", "jobs: item 0: name: missing, expected a text"},
    {"{\"jobs\":[{\"name\":\"a\",\"last\":{\"result\":1}}]}",
     "jobs: item 0: last: result: a number, expected a text"},
    {"{\"repository\":{\"path\":null}}",
     "repository: path: null, expected a text"},
    {"{\"alarms\":[null]}", "alarms: item 0: null, expected an object"},
    {"{\"alarms\":null}", "alarms: null, expected a list"},
};

START_TEST(refuses_and_says_why)
{
    json_t *state = state_with(bad[_i].change);
    struct error e = {0};

    ck_assert_int_eq(status_shape_check(state, &e), -1);
    ck_assert_int_eq(e.kind, ERROR_FAILED);
    ck_assert_str_eq(e.text, bad[_i].error);
    json_decref(state);
}
END_TEST

START_TEST(refuses_what_is_no_object)
{
    json_t *list = json_array();
    struct error e = {0};

    ck_assert_int_eq(status_shape_check(list, &e), -1);
    ck_assert_str_eq(e.text, "a list, expected an object");
    json_decref(list);
}
END_TEST

static const char *const good[] = {
    "{}",
    "{\"more\":[1,2]}",
    "{\"pid\":null,\"uptime\":null,\"version\":null,\"gaps\":null}",
    "{\"protected_until\":null,\"last_snapshot\":null,\"archive\":null}",
    "{\"server\":{\"state\":null,\"keys\":null,\"role\":null}}",
    "{\"jobs\":[]}",
    "{\"last_drill\":{\"ok\":null,\"load_seconds\":1.25}}",
};

START_TEST(takes_what_is_unknown_and_what_is_new)
{
    json_t *state = state_with(good[_i]);
    struct error e = {0};

    ck_assert_msg(status_shape_check(state, &e) == 0, "%s", e.text);
    json_decref(state);
}
END_TEST

START_TEST(numbers_beyond_ours_are_unknown)
{
    json_t *state = json_pack("{s:f, s:f, s:i, s:f, s:s}", "huge", 1e300,
                              "negative", -0.5, "less", -1, "half", 2.5, "text",
                              "5");

    ck_assert_int_eq(status_shape_number(state, "huge"), -1);
    ck_assert_int_eq(status_shape_number(state, "negative"), -1);
    ck_assert_int_eq(status_shape_number(state, "less"), -1);
    ck_assert_int_eq(status_shape_number(state, "half"), 2);
    ck_assert_int_eq(status_shape_number(state, "text"), -1);
    ck_assert_int_eq(status_shape_number(state, "none"), -1);
    ck_assert_int_eq(value_read_time(state, "text"), -1);
    ck_assert_ptr_null(status_shape_text(state, "half"));
    json_decref(state);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("status_shape");
    TCase *t = tcase_create("status_shape");
    SRunner *runner = srunner_create(suite);
    int failed;

    suite_add_tcase(suite, t);
    tcase_add_loop_test(t, refuses_and_says_why, 0, sizeof bad / sizeof *bad);
    tcase_add_test(t, refuses_what_is_no_object);
    tcase_add_loop_test(t, takes_what_is_unknown_and_what_is_new, 0,
                        sizeof good / sizeof *good);
    tcase_add_test(t, numbers_beyond_ours_are_unknown);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
