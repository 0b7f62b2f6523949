#include "daemon/hooks_letter.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

/* 2026-11-20T11:30:00Z */
#define NOON INT64_C(1795174200000)

static struct notice notice;
static struct hooks_letter *letter;

static void
write(const char *event, const char *text, json_t *details)
{
    notice = (struct notice){.time_ms = NOON, .details = details};
    strcpy(notice.event, event);
    strcpy(notice.text, text);
    letter = hooks_letter_new(&notice, "main");
}

static void
end(void)
{
    hooks_letter_free(letter);
    json_decref(notice.details);
}

START_TEST(tells_an_alarm_with_its_name)
{
    write("alarm_raised", "the disk is low",
          json_pack("{s:s, s:i, s:s}", "alarm", "disk_low", "value", 7, "text",
                    "not this one"));
    ck_assert(letter->is_alarm);
    ck_assert_str_eq(letter->body,
                     "{\"event\":\"alarm_raised\",\"instance\":\"main\","
                     "\"time\":\"2026-11-20T11:30:00Z\","
                     "\"text\":\"the disk is low\",\"alarm\":\"disk_low\","
                     "\"value\":7}\n");
    ck_assert_str_eq(letter->variables[0], "REDKEEP_EVENT=alarm_raised");
    ck_assert_str_eq(letter->variables[1], "REDKEEP_INSTANCE=main");
    ck_assert_str_eq(letter->variables[2], "REDKEEP_TEXT=the disk is low");
    ck_assert_str_eq(letter->variables[3], "REDKEEP_ALARM=disk_low");
    ck_assert_ptr_null(letter->variables[4]);
}
END_TEST

START_TEST(tells_an_event_without_details)
{
    write("reload", "", NULL);
    ck_assert(!letter->is_alarm);
    ck_assert_str_eq(letter->body,
                     "{\"event\":\"reload\",\"instance\":\"main\",\"time\":"
                     "\"2026-11-20T11:30:00Z\",\"text\":\"\"}\n");
    ck_assert_ptr_null(letter->variables[3]);
}
END_TEST

static const struct {
    const char *text, *variable;
} texts[] = {
    {"caf\xc3\xa9", "REDKEEP_TEXT=caf\xc3\xa9"},
    {"a\nb", "REDKEEP_TEXT=a\\x0ab"},
    {"\x1b[2J", "REDKEEP_TEXT=\\x1b[2J"},
    {"\xff", "REDKEEP_TEXT=\\xff"},
};

START_TEST(hands_on_no_byte_that_could_do_harm)
{
    json_t *body;

    write("job", texts[_i].text, NULL);
    ck_assert_str_eq(letter->variables[2], texts[_i].variable);
    body = json_loads(letter->body, 0, NULL);
    ck_assert_str_eq(json_string_value(json_object_get(body, "text")),
                     strchr(texts[_i].variable, '=') + 1);
    json_decref(body);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("hooks_letter");
    TCase *tc = tcase_create("all");
    SRunner *runner;
    int failed;

    tcase_add_checked_fixture(tc, NULL, end);
    tcase_add_test(tc, tells_an_alarm_with_its_name);
    tcase_add_test(tc, tells_an_event_without_details);
    tcase_add_loop_test(tc, hands_on_no_byte_that_could_do_harm, 0,
                        sizeof texts / sizeof *texts);
    suite_add_tcase(suite, tc);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? 0 : 1;
}
