#include "daemon/health.h"

#include "agent_views.h"
#include "answer_fields.h"

static bool consistent;

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

/* A set that was looked at, 400 ms ago. */
static void
look(const char *name, bool is_consistent, const char *items,
     const char *warnings)
{
    size_t i = views.counter_sets++;

    views.counters[i].name = name;
    views.samples[i] = (struct tally_sample){
        .taken = true,
        .ended_ms = VIEWS_NOW - 400 * (int64_t)(i + 1),
        .consistent = is_consistent,
        .items = json_loads(items, 0, NULL),
        .warnings = json_loads(warnings, 0, NULL),
    };
    ck_assert_ptr_nonnull(views.samples[i].items);
    ck_assert_ptr_nonnull(views.samples[i].warnings);
}

static void
ask(void)
{
    answer = health_counters(&agent, VIEWS_NOW, &consistent);
}

START_TEST(has_nothing_to_say_without_sets)
{
    ask();
    ck_assert(consistent);
    IS("", "{\"status\":\"healthy\",\"checked_at\":\"2026-11-20T11:30:00Z\","
           "\"warnings\":[]}");
}
END_TEST

START_TEST(shows_each_set_and_all_warnings)
{
    look("apps", false,
         "[{\"id\":1,\"redis_counter\":50,\"db_max\":51,\"consistent\":false}]",
         "[\"App 1: Redis counter (50) < DB max (51)\"]");
    look("chats", true, "[]", "[]");
    ask();
    ck_assert(!consistent);
    IS("", "{\"status\":\"warning\",\"checked_at\":"
           "\"2026-11-20T11:29:59.600Z\",\"apps\":[{\"id\":1,"
           "\"redis_counter\":50,\"db_max\":51,\"consistent\":false}],"
           "\"chats\":[],"
           "\"warnings\":[\"App 1: Redis counter (50) < DB max (51)\"]}");
}
END_TEST

START_TEST(is_healthy_when_all_sets_are_consistent)
{
    look("apps", true, "[]", "[]");
    look("chats", true, "[]", "[]");
    ask();
    ck_assert(consistent);
    IS("status", "\"healthy\"");
}
END_TEST

START_TEST(tells_once_that_the_server_is_away)
{
    look("apps", false, "[]", "[\"Redis is not available: gone\"]");
    look("chats", false, "[]", "[\"Redis is not available: gone\"]");
    ask();
    ck_assert(!consistent);
    IS("warnings", "[\"Redis is not available: gone\"]");
}
END_TEST

START_TEST(does_not_claim_a_set_that_was_not_looked_at)
{
    look("apps", true, "[{\"id\":1}]", "[]");
    views.samples[0].taken = false;
    ask();
    ck_assert(!consistent);
    IS("", "{\"status\":\"warning\",\"checked_at\":\"2026-11-20T11:30:00Z\","
           "\"apps\":[],\"warnings\":[\"apps: not checked: others took too "
           "long, or the agent ends\"]}");
}
END_TEST

static TCase *
make_cases(void)
{
    TCase *cases = tcase_create("all");

    tcase_add_checked_fixture(cases, begin, end);
    tcase_add_test(cases, has_nothing_to_say_without_sets);
    tcase_add_test(cases, shows_each_set_and_all_warnings);
    tcase_add_test(cases, is_healthy_when_all_sets_are_consistent);
    tcase_add_test(cases, tells_once_that_the_server_is_away);
    tcase_add_test(cases, does_not_claim_a_set_that_was_not_looked_at);
    return cases;
}

int
main(void)
{
    Suite *suite = suite_create("health_counters");
    SRunner *runner = srunner_create(suite);
    int failed;

    suite_add_tcase(suite, make_cases());
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
