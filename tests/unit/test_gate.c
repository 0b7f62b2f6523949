#include "daemon/gate.h"

#include "agent_views.h"
#include "answer_fields.h"

static void
begin(void)
{
    views_begin();
    answer = NULL;
}

static void
end(void)
{
    json_decref(answer);
    views_end();
}

START_TEST(lets_pass_while_the_server_is_connected)
{
    ck_assert(gate_is_open(&agent));
    answer = gate_require(&agent, VIEWS_NOW);
    IS("", "{\"available\":true,\"status\":\"connected\"}");
    json_decref(answer);
    answer = gate_check(&agent, VIEWS_NOW);
    IS("", "{\"redisAvailable\":true,\"status\":\"connected\"}");
}
END_TEST

static const struct {
    enum server_state state;
    bool loading;
    const char *word;
} closed[] = {
    {SERVER_DISCONNECTED, false, "disconnected"},
    {SERVER_CONNECTING, false, "connecting"},
    {SERVER_CONNECTING, true, "connecting"},
    {SERVER_FAILED, false, "failed"},
};
enum { CLOSED = sizeof closed / sizeof *closed };

/* Word for word what the contract says. */
START_TEST(lets_nobody_pass_in_any_other_state)
{
    char expected[512];

    views.server.state = closed[_i].state;
    views.server.loading = closed[_i].loading;
    ck_assert(!gate_is_open(&agent));
    answer = gate_require(&agent, VIEWS_NOW);
    snprintf(expected, sizeof expected,
             "{\"error\":\"Service Temporarily Unavailable\","
             "\"message\":\"Redis cache is currently unavailable. Please "
             "retry in a few seconds.\",\"status\":\"%s\",\"retryAfter\":30,"
             "\"details\":{\"connectionState\":\"%s\",\"retrying\":true}}",
             closed[_i].word, closed[_i].word);
    IS("", expected);
    json_decref(answer);
    answer = gate_check(&agent, VIEWS_NOW);
    snprintf(expected, sizeof expected,
             "{\"redisAvailable\":false,\"status\":\"%s\"}", closed[_i].word);
    IS("", expected);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("gate");
    TCase *cases = tcase_create("all");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_add_checked_fixture(cases, begin, end);
    tcase_add_test(cases, lets_pass_while_the_server_is_connected);
    tcase_add_loop_test(cases, lets_nobody_pass_in_any_other_state, 0, CLOSED);
    suite_add_tcase(suite, cases);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
