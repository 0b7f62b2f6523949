#include "daemon/errand.h"

#include "loop.h"

static struct errand_outcome o;
static unsigned calls;

static void
take(void *context, const struct errand_outcome *outcome)
{
    ck_assert_ptr_eq(context, &o);
    o = *outcome;
    calls++;
}

static void
end(void)
{
    turn_until(is_childless);
    loop_end();
}

static bool
is_done(void)
{
    return calls > 0;
}

static struct errand *
start(struct errand_task task)
{
    struct errand *errand;

    calls = 0;
    errand = errand_start(base, program, &task, take, &o, &e);
    ck_assert_msg(errand != NULL, "%s", e.text);
    return errand;
}

static const struct {
    const char *script;
    bool ok;
    const char *message;
} outcomes[] = {
    {"echo '{\"ok\":true,\"message\":\"fine\",\"took_ms\":7}'", true, "fine"},
    {"echo '{\"ok\":false,\"message\":\"exit status 7\",\"took_ms\":7}'", false,
     "exit status 7"},
    {"echo '{\"ok\":1,\"message\":\"x\",\"took_ms\":7}'", false,
     "it told nothing that can be read"},
    {"echo '{\"ok\":true}'", false, "it told nothing that can be read"},
    {"echo garbage", false, "it told nothing that can be read"},
    {"exit 3", false, "exit status 3"},
    {"kill -9 $$", false, "signal 9 (Killed) ended it"},
};

START_TEST(tells_what_came_of_it_once)
{
    write_program(outcomes[_i].script);
    start((struct errand_task){.command = "true", .timeout_ms = 20000});
    turn_until(is_done);
    ck_assert_uint_eq(calls, 1);
    ck_assert_int_eq(o.ok, outcomes[_i].ok);
    ck_assert_str_eq(o.message, outcomes[_i].message);
    turn_until(is_childless);
    ck_assert_uint_eq(calls, 1);
}
END_TEST

START_TEST(hands_over_the_task_but_never_on_the_command_line)
{
    static const char *const variables[] = {"REDKEEP_TEXT=hello \xc3\xa9",
                                            NULL};
    char *text;

    write_program("echo \"$*\" >arguments; read -r line; "
                  "printf '%s\\n' \"$line\" >task; "
                  "echo '{\"ok\":true,\"message\":\"\",\"took_ms\":0}'");
    start((struct errand_task){.command = "echo secret",
                               .body = "{\"a\":\"b\\n\"}",
                               .variables = variables,
                               .timeout_ms = 1500});
    turn_until(is_done);
    ck_assert(o.ok);
    text = load("task");
    ck_assert_str_eq(
        text, "{\"command\":\"echo secret\","
              "\"body\":\"{\\\"a\\\":\\\"b\\\\n\\\"}\",\"variables\":"
              "[\"REDKEEP_TEXT=hello \xc3\xa9\"],\"timeout_ms\":1500}\n");
    free(text);
    text = load("arguments");
    ck_assert_str_eq(text, "errand\n");
    free(text);
}
END_TEST

START_TEST(says_nothing_after_it_was_freed)
{
    write_program("touch begun; exec sleep 1000");
    struct errand *errand =
        start((struct errand_task){.url = "http://x/", .timeout_ms = 20000});

    while (!has_file("begun"))
        turn();
    errand_free(errand);
    turn_until(is_childless);
    ck_assert_uint_eq(calls, 0);
}
END_TEST

START_TEST(refuses_what_is_no_text)
{
    struct errand_task task = {.command = "echo \xff", .timeout_ms = 1000};

    ck_assert_ptr_null(errand_start(base, program, &task, take, &o, &e));
    ck_assert_str_eq(e.text, "its text is not UTF-8");
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("errand");
    TCase *tc = tcase_create("all");
    SRunner *runner;
    int failed;

    tcase_add_checked_fixture(tc, loop_begin, end);
    tcase_add_loop_test(tc, tells_what_came_of_it_once, 0,
                        sizeof outcomes / sizeof *outcomes);
    tcase_add_test(tc, hands_over_the_task_but_never_on_the_command_line);
    tcase_add_test(tc, says_nothing_after_it_was_freed);
    tcase_add_test(tc, refuses_what_is_no_text);
    suite_add_tcase(suite, tc);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? 0 : 1;
}
