#include "daemon/health.h"

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

static void
dependency(bool known, bool up, bool required)
{
    views.dependencies[0] = (struct dependency_view){
        .name = "mysql",
        .known = known,
        .up = up,
        .required = required,
        .response_ms = known ? 12 : -1,
        .checked_ms = -1,
        .message = "mysqld is alive",
    };
    views.dependency_count = 1;
}

static void
lose_server(enum server_state state)
{
    views.server.state = state;
    views.server.connected_ms = -1;
    views.server.response_us = -1;
    views.server.away_ms = VIEWS_NOW - 5000;
}

START_TEST(is_alive_whatever_happens)
{
    lose_server(SERVER_FAILED);
    views.repository.ok = false;
    answer = health_live(&agent, VIEWS_NOW);
    IS("status", "\"alive\"");
    IS("timestamp", "\"2026-11-20T11:30:00Z\"");
    ck_assert_double_ge_tol(
        json_number_value(json_object_get(answer, "uptime")), 123.45, 0.001);
    ck_assert_uint_eq(json_object_size(answer), 3);
}
END_TEST

START_TEST(is_ready_when_all_is_well)
{
    answer = health_ready(&agent, VIEWS_NOW);
    IS("status", "\"healthy\"");
    IS("version", "\"" REDKEEP_VERSION "\"");
    IS("checks.redis.status", "\"up\"");
    IS("checks.redis.responseTime", "0.213");
    IS("checks.redis.message", "\"Connected for 90s\"");
    IS("checks.repository.status", "\"up\"");
    IS("checks.repository.message", "\"12 snapshots\"");
    IS("checks.repository.freeBytes", "73014444032");
    IS("checks.archive.status", "\"off\"");
    IS("checks.archive.lagSeconds", "null");
}
END_TEST

/* How the server is, and what is said of it. */
static const struct {
    enum server_state state;
    bool loading, waits, ever;
    unsigned retries;
    const char *message, *word;
} servers[] = {
    {SERVER_DISCONNECTED, false, false, false, 0, "\"Disconnected\"",
     "\"disconnected\""},
    {SERVER_CONNECTING, false, false, false, 0, "\"Connecting (attempt 1)\"",
     "\"connecting\""},
    {SERVER_CONNECTING, false, true, false, 1, "\"Connecting (attempt 1)\"",
     "\"connecting\""},
    {SERVER_CONNECTING, false, false, true, 4, "\"Connecting (attempt 5)\"",
     "\"reconnecting\""},
    {SERVER_CONNECTING, true, true, false, 0, "\"Loading\"", "\"connecting\""},
    {SERVER_FAILED, false, true, false, 23, "\"Failed after 20 attempts\"",
     "\"failed\""},
};

START_TEST(is_degraded_while_the_server_is_away)
{
    lose_server(servers[_i].state);
    views.server.loading = servers[_i].loading;
    views.server.next_ms = servers[_i].waits ? VIEWS_NOW + 1500 : -1;
    views.server.ever_connected = servers[_i].ever;
    views.server.retries = servers[_i].retries;
    answer = health_ready(&agent, VIEWS_NOW);
    IS("status", "\"degraded\"");
    IS("checks.redis.status", "\"degraded\"");
    IS("checks.redis.responseTime", "null");
    IS("checks.redis.message", servers[_i].message);
    json_decref(answer);
    answer = health_detailed(&agent, VIEWS_NOW);
    IS("checks.redis.status", "\"unhealthy\"");
    IS("checks.redis.connectionStatus", servers[_i].word);
    IS("checks.redis.responseTime", "null");
    IS("checks.redis.memoryUsed", "null");
    IS("checks.cache.redis.status", servers[_i].word);
}
END_TEST

START_TEST(is_unhealthy_without_a_repository)
{
    views.repository.ok = false;
    views.repository.free_bytes = -1;
    snprintf(views.repository.problem, sizeof views.repository.problem,
             "/srv/keep: No space left on device");
    answer = health_ready(&agent, VIEWS_NOW);
    IS("status", "\"unhealthy\"");
    IS("checks.repository.status", "\"down\"");
    IS("checks.repository.message", "\"/srv/keep: No space left on device\"");
    IS("checks.repository.freeBytes", "null");
    ck_assert_int_eq(health_of(&agent), HEALTH_UNHEALTHY);
}
END_TEST

START_TEST(does_not_claim_what_it_has_not_seen)
{
    views.repository.known = views.repository.ok = false;
    views.repository.snapshots = -1;
    answer = health_ready(&agent, VIEWS_NOW);
    IS("status", "\"degraded\"");
    IS("checks.repository.status", "\"down\"");
    IS("checks.repository.message", "\"not looked at yet\"");
}
END_TEST

START_TEST(is_unhealthy_when_the_disk_never_answered)
{
    views.repository.known = views.repository.ok = false;
    snprintf(views.repository.problem, sizeof views.repository.problem,
             "the disk does not answer");
    ck_assert_int_eq(health_of(&agent), HEALTH_UNHEALTHY);
}
END_TEST

/* Known, up, required; overall, its status. */
static const struct {
    bool known, up, required;
    const char *overall, *status;
} dependencies[] = {
    {true, true, true, "\"healthy\"", "\"up\""},
    {true, false, true, "\"degraded\"", "\"down\""},
    {true, false, false, "\"healthy\"", "\"down\""},
    {false, false, true, "\"healthy\"", "null"},
};

START_TEST(shows_dependencies_beside_its_own_checks)
{
    dependency(dependencies[_i].known, dependencies[_i].up,
               dependencies[_i].required);
    answer = health_ready(&agent, VIEWS_NOW);
    IS("status", dependencies[_i].overall);
    IS("checks.mysql.status", dependencies[_i].status);
    IS("checks.mysql.responseTime", dependencies[_i].known ? "12" : "null");
    json_decref(answer);
    answer = health_detailed(&agent, VIEWS_NOW);
    IS("status", dependencies[_i].overall);
    IS("checks.mysql.status", dependencies[_i].status);
    json_decref(answer);
    answer = health_dependencies(&agent, VIEWS_NOW);
    IS("dependencies.mysql.status", dependencies[_i].status);
}
END_TEST

START_TEST(lets_no_dependency_hide_a_check_of_its_own)
{
    dependency(true, false, false);
    views.dependencies[0].name = "redis";
    answer = health_ready(&agent, VIEWS_NOW);
    IS("checks.redis.status", "\"up\"");
}
END_TEST

START_TEST(tells_details)
{
    views.server.reconnects = 3;
    views.server.errors[SERVER_ERROR_CONNECT] = 2;
    views.server.errors[SERVER_ERROR_TIMEOUT] = 5;
    views.server.errors[SERVER_ERROR_REPLY] = 100;
    snprintf(views.server.last_error, sizeof views.server.last_error,
             "Connection refused");
    views.server.last_error_ms = VIEWS_NOW - 1000;
    answer = health_detailed(&agent, VIEWS_NOW);
    IS("checks.redis",
       "{\"status\":\"healthy\",\"responseTime\":\"0ms\","
       "\"memoryUsed\":\"2.50M\",\"connectionStatus\":\"ready\","
       "\"reconnectAttempts\":0,\"lastError\":\"Connection refused\","
       "\"lastErrorTime\":\"2026-11-20T11:29:59Z\"}");
    IS("checks.cache.redis",
       "{\"enabled\":true,\"status\":\"ready\",\"hits\":1523,\"misses\":342,"
       "\"errors\":7,\"reconnects\":3,\"hitRate\":\"81.66%\"}");
    IS("checks.repository.status", "\"up\"");
    IS("checks.archive.status", "\"off\"");
    IS("alarms", "[]");
}
END_TEST

START_TEST(shows_the_alarms_that_are_raised)
{
    views.alarms[1].raised = true;
    views.alarms[1].since_ms = VIEWS_NOW;
    views.alarms[1].value = 91.5;
    views.alarms[1].threshold = 80;
    snprintf(views.alarms[1].text, sizeof views.alarms[1].text, "91.5 %%");
    answer = health_detailed(&agent, VIEWS_NOW);
    IS("alarms", "[{\"name\":\"memory\",\"since\":\"2026-11-20T11:30:00Z\","
                 "\"value\":91.5,\"threshold\":80.0,\"text\":\"91.5 %\"}]");
}
END_TEST

START_TEST(knows_no_hits_before_they_were_told)
{
    views.server.info_ms = -1;
    answer = health_detailed(&agent, VIEWS_NOW);
    IS("checks.cache.redis.hits", "null");
    IS("checks.cache.redis.misses", "null");
    IS("checks.cache.redis.hitRate", "\"0.00%\"");
    IS("checks.redis.memoryUsed", "null");
}
END_TEST

static void
add_transition(int64_t after_ms, enum server_state from, enum server_state to)
{
    struct server_view *s = &views.server;
    struct server_transition *t =
        &s->transitions[s->transition_count++ % SERVER_TRANSITIONS];

    t->time_ms = VIEWS_NOW + after_ms;
    t->from = from;
    t->to = to;
    snprintf(t->reason, sizeof t->reason, "number %u", s->transition_count);
}

START_TEST(tells_of_the_connection)
{
    add_transition(-2000, SERVER_DISCONNECTED, SERVER_CONNECTING);
    add_transition(-1000, SERVER_CONNECTING, SERVER_CONNECTED);
    answer = health_dependencies(&agent, VIEWS_NOW);
    IS("timestamp", "\"2026-11-20T11:30:00Z\"");
    IS("dependencies.redis.status", "\"connected\"");
    IS("dependencies.redis.isOpen", "true");
    IS("dependencies.redis.details",
       "{\"retryCount\":0,\"lastError\":null,\"lastErrorTime\":null,"
       "\"uptime\":90.5,\"url\":\"redis://:***@127.0.0.1:6379\","
       "\"reconnects\":0,\"nextAttemptIn\":null,\"mode\":\"runtime\"}");
    IS("dependencies.redis.transitions",
       "[{\"time\":\"2026-11-20T11:29:58Z\",\"from\":\"disconnected\","
       "\"to\":\"connecting\",\"reason\":\"number 1\"},"
       "{\"time\":\"2026-11-20T11:29:59Z\",\"from\":\"connecting\","
       "\"to\":\"connected\",\"reason\":\"number 2\"}]");
    IS("dependencies.repository.status", "\"up\"");
    IS("dependencies.archive.status", "\"off\"");
}
END_TEST

START_TEST(tells_of_a_connection_that_is_lost)
{
    lose_server(SERVER_CONNECTING);
    views.server.startup = true;
    views.server.retries = 4;
    views.server.next_ms = VIEWS_NOW + 2500;
    snprintf(views.server.last_error, sizeof views.server.last_error,
             "garbage \xff\n");
    answer = health_dependencies(&agent, VIEWS_NOW);
    IS("dependencies.redis.isOpen", "false");
    IS("dependencies.redis.details.retryCount", "4");
    IS("dependencies.redis.details.uptime", "null");
    IS("dependencies.redis.details.nextAttemptIn", "2.5");
    IS("dependencies.redis.details.mode", "\"startup\"");
    IS("dependencies.redis.details.lastError", "\"garbage \\\\xff\\\\x0a\"");
}
END_TEST

START_TEST(keeps_the_order_of_the_last_transitions)
{
    const json_t *all;

    for (int i = 0; i < SERVER_TRANSITIONS + 5; i++)
        add_transition(i, SERVER_CONNECTED, SERVER_DISCONNECTED);
    answer = health_dependencies(&agent, VIEWS_NOW);
    all = json_object_get(
        json_object_get(json_object_get(answer, "dependencies"), "redis"),
        "transitions");
    ck_assert_uint_eq(json_array_size(all), SERVER_TRANSITIONS);
    ck_assert_str_eq(
        json_string_value(json_object_get(json_array_get(all, 0), "reason")),
        "number 6");
    ck_assert_str_eq(
        json_string_value(json_object_get(
            json_array_get(all, SERVER_TRANSITIONS - 1), "reason")),
        "number 37");
}
END_TEST

static TCase *
make_cases(void)
{
    TCase *cases = tcase_create("all");

    tcase_add_checked_fixture(cases, begin, end);
    tcase_add_test(cases, is_alive_whatever_happens);
    tcase_add_test(cases, is_ready_when_all_is_well);
    tcase_add_loop_test(cases, is_degraded_while_the_server_is_away, 0, 6);
    tcase_add_test(cases, is_unhealthy_without_a_repository);
    tcase_add_test(cases, does_not_claim_what_it_has_not_seen);
    tcase_add_test(cases, is_unhealthy_when_the_disk_never_answered);
    tcase_add_loop_test(cases, shows_dependencies_beside_its_own_checks, 0, 4);
    tcase_add_test(cases, lets_no_dependency_hide_a_check_of_its_own);
    tcase_add_test(cases, tells_details);
    tcase_add_test(cases, shows_the_alarms_that_are_raised);
    tcase_add_test(cases, knows_no_hits_before_they_were_told);
    tcase_add_test(cases, tells_of_the_connection);
    tcase_add_test(cases, tells_of_a_connection_that_is_lost);
    tcase_add_test(cases, keeps_the_order_of_the_last_transitions);
    return cases;
}

int
main(void)
{
    Suite *suite = suite_create("health");
    SRunner *runner = srunner_create(suite);
    int failed;

    suite_add_tcase(suite, make_cases());
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
