#include "daemon/hooks.h"

#include <jansson.h>
#include <unistd.h>

#include "loop.h"

#define OK "echo '{\"ok\":true,\"message\":\"\",\"took_ms\":0}'"
#define BAD "echo '{\"ok\":false,\"message\":\"no\",\"took_ms\":0}'"
#define KEEP "read -r line; printf '%s\\n' \"$line\" >>tasks; "

/* 2026-11-20T11:30:00Z */
#define NOON INT64_C(1795174200000)

static struct config config;
static struct notices *notices;
static struct hooks *hooks;

static void
set(const char *option, const char *value)
{
    ck_assert_msg(config_set_option(&config, option, value, &e) == 0, "%s",
                  e.text);
}

static void
begin(void)
{
    loop_begin();
    config_init(&config);
    notices = notice_new();
    hooks = hooks_new(base, &config, program, notices);
}

static void
end(void)
{
    hooks_free(hooks);
    notice_free(notices);
    config_clear(&config);
    turn_until(is_childless);
    loop_end();
}

static void
tell(const char *event, const char *text)
{
    notice_tell(notices, NOON, event, NULL, "%s", text);
}

/* The tasks that were sent, as "where:event text|", in their order. */
static char *
sent(void)
{
    static char out[65536];
    char *text = load("tasks"), *rest = NULL;

    out[0] = '\0';
    for (char *line = strtok_r(text, "\n", &rest); line != NULL;
         line = strtok_r(NULL, "\n", &rest)) {
        json_t *task = json_loads(line, 0, NULL);
        json_t *body =
            json_loads(json_string_value(json_object_get(task, "body")) != NULL
                           ? json_string_value(json_object_get(task, "body"))
                           : "{}",
                       0, NULL);
        const char *to = json_string_value(json_object_get(task, "command"));
        const char *event = json_string_value(json_object_get(body, "event"));
        const char *said = json_string_value(json_object_get(body, "text"));

        if (to == NULL)
            to = json_string_value(json_object_get(task, "url"));
        snprintf(out + strlen(out), sizeof out - strlen(out), "%s:%s %s|", to,
                 event != NULL ? event : "", said != NULL ? said : "");
        json_decref(task);
        json_decref(body);
    }
    free(text);
    return out;
}

static size_t
count_sent(void)
{
    size_t count = 0;

    for (const char *at = sent(); *at != '\0'; at++)
        count += *at == '|';
    return count;
}

static bool
has_two(void)
{
    return count_sent() >= 2 && is_childless();
}

static bool
has_three(void)
{
    return count_sent() >= 3 && is_childless();
}

START_TEST(tells_events_and_alarms_apart_and_in_order)
{
    set("hooks-on-event", "E");
    set("hooks-on-alarm", "A");
    write_program(KEEP OK);
    tell("connection", "1");
    tell("alarm_raised", "2");
    tell("alarm_cleared", "3");
    turn_until(has_three);
    ck_assert_str_eq(sent(),
                     "E:connection 1|A:alarm_raised 2|A:alarm_cleared 3|");
}
END_TEST

START_TEST(tells_nobody_who_did_not_ask)
{
    set("hooks-on-alarm", "A");
    write_program(KEEP OK);
    tell("job", "1");
    tell("alarm_raised", "2");
    tell("job", "3");
    tell("alarm_cleared", "4");
    turn_until(has_two);
    ck_assert_str_eq(sent(), "A:alarm_raised 2|A:alarm_cleared 4|");
}
END_TEST

START_TEST(a_webhook_that_hangs_holds_up_no_command)
{
    set("hooks-webhook", "http://x/secret");
    set("hooks-on-event", "E");
    write_program(
        "read -r line; case $line in *'\"url\"'*) exec sleep 1000;; esac; "
        "printf '%s\\n' \"$line\" >>tasks; " OK);
    tell("job", "1");
    tell("job", "2");
    while (count_sent() < 2)
        turn();
    ck_assert_str_eq(sent(), "E:job 1|E:job 2|");
}
END_TEST

START_TEST(one_that_fails_does_not_stop_the_next)
{
    set("hooks-webhook", "http://x/");
    write_program(KEEP BAD);
    tell("job", "1");
    tell("job", "2");
    turn_until(has_two);
    ck_assert_str_eq(sent(), "http://x/:job 1|http://x/:job 2|");
}
END_TEST

/* How often the log has a word. */
static unsigned
count_log(const char *word)
{
    char *text = load("log");
    unsigned times = 0;

    for (char *at = strstr(text, word); at != NULL; at = strstr(at + 1, word))
        times++;
    free(text);
    return times;
}

START_TEST(one_that_fails_now_and_then_does_not_fill_the_log)
{
    int old = dup(STDERR_FILENO);
    int log = openat(dir, "log", O_CREAT | O_WRONLY | O_CLOEXEC, 0600);

    set("hooks-on-event", "E");
    write_program(KEEP "if [ -e bad ]; then rm bad; " OK "; else : >bad; " BAD
                       "; fi");
    log_set_level(LOG_LEVEL_INFO);
    ck_assert_int_eq(dup2(log, STDERR_FILENO), STDERR_FILENO);
    tell("job", "1");
    tell("job", "2");
    tell("job", "3");
    turn_until(has_three);
    dup2(old, STDERR_FILENO);
    close(old);
    close(log);
    ck_assert_uint_eq(count_log("hook failed: no"), 1);
    ck_assert_uint_eq(count_log("hook works again"), 1);
}
END_TEST

START_TEST(drops_the_oldest_of_too_many)
{
    enum { MORE = 10 };
    char number[16];

    set("hooks-on-event", "E");
    write_program("while [ ! -e go ]; do sleep 0.05; done; " KEEP OK);
    for (int i = 0; i < HOOKS_QUEUE + MORE; i++) {
        snprintf(number, sizeof number, "%d", i);
        tell("job", number);
    }
    hooks_flush(hooks, 300); /* the first is on its way */
    set("hooks-on-event", "F");
    put("go", "");
    while (count_sent() < 3)
        turn();
    snprintf(number, sizeof number, "F:job %d|", MORE + 1);
    ck_assert_ptr_nonnull(strstr(sent(), "E:job 0|"));
    ck_assert_ptr_null(strstr(sent(), ":job 1|"));
    ck_assert_ptr_nonnull(strstr(sent(), number));
}
END_TEST

START_TEST(flush_waits_for_all_but_not_for_ever)
{
    set("hooks-on-event", "E");
    write_program(KEEP OK);
    tell("job", "1");
    tell("job", "2");
    hooks_flush(hooks, 20000);
    ck_assert_uint_eq(count_sent(), 2);
    write_program("exec sleep 1000");
    tell("job", "3");
    hooks_flush(hooks, 100);
    ck_assert_uint_eq(count_sent(), 2);
}
END_TEST

START_TEST(the_heart_beats_only_while_all_is_well)
{
    set("hooks-heartbeat", "http://beat/");
    set("hooks-heartbeat-every", "1s");
    write_program(KEEP OK);
    turn_for(50);
    ck_assert_uint_eq(count_sent(), 0);
    hooks_set_healthy(hooks, true);
    turn_until(has_two);
    ck_assert_str_eq(sent(), "http://beat/: |http://beat/: |");
    hooks_set_healthy(hooks, false);
    turn_for(1200);
    ck_assert_uint_eq(count_sent(), 2);
    hooks_set_healthy(hooks, true); /* and at once */
    turn_until(has_three);
}
END_TEST

START_TEST(another_configuration_counts_from_the_next_on)
{
    struct config other;

    config_init(&other);
    write_program(KEEP OK);
    ck_assert_int_eq(config_set_option(&other, "hooks-on-event", "N", &e), 0);
    ck_assert_int_eq(
        config_set_option(&other, "hooks-heartbeat", "http://beat/", &e), 0);
    tell("job", "1");
    hooks_set_healthy(hooks, true);
    hooks_reload(hooks, &other);
    tell("job", "2");
    turn_until(has_two);
    ck_assert_ptr_nonnull(strstr(sent(), "N:job 2|"));
    ck_assert_ptr_nonnull(strstr(sent(), "http://beat/: |"));
    hooks_reload(hooks, &config);
    config_clear(&other);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("hooks");
    TCase *tc = tcase_create("all");
    SRunner *runner;
    int failed;

    tcase_add_checked_fixture(tc, begin, end);
    tcase_add_test(tc, tells_events_and_alarms_apart_and_in_order);
    tcase_add_test(tc, tells_nobody_who_did_not_ask);
    tcase_add_test(tc, a_webhook_that_hangs_holds_up_no_command);
    tcase_add_test(tc, one_that_fails_does_not_stop_the_next);
    tcase_add_test(tc, one_that_fails_now_and_then_does_not_fill_the_log);
    tcase_add_test(tc, drops_the_oldest_of_too_many);
    tcase_add_test(tc, flush_waits_for_all_but_not_for_ever);
    tcase_add_test(tc, the_heart_beats_only_while_all_is_well);
    tcase_add_test(tc, another_configuration_counts_from_the_next_on);
    suite_add_tcase(suite, tc);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? 0 : 1;
}
