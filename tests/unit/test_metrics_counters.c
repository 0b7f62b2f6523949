#include "daemon/metrics_counters.h"

#include <check.h>
#include <event2/buffer.h>

#include "agent_views.h"

static char text[4096];

static void
scrape(void)
{
    struct evbuffer *out = evbuffer_new();
    int size;

    metrics_counters_write(&agent, out);
    size = evbuffer_remove(out, text, sizeof text - 1);
    text[size < 0 ? 0 : size] = '\0';
    evbuffer_free(out);
}

static void
begin(void)
{
    views_begin();
    for (int i = 0; i < 2; i++)
        views.counters[i] = (struct tally_view){.name = i == 0 ? "a" : "b",
                                                .checked = -1,
                                                .inconsistent = -1,
                                                .rebuild_ms = -1};
}

START_TEST(says_nothing_without_sets)
{
    scrape();
    ck_assert_str_eq(text, "");
}
END_TEST

START_TEST(leaves_out_what_is_not_known)
{
    views.counter_sets = 2;
    views.counters[1].checked = 10;
    views.counters[1].inconsistent = 3;
    scrape();
    ck_assert_ptr_null(strstr(text, "set=\"a\""));
    ck_assert_ptr_null(strstr(text, "rebuild_seconds"));
    ck_assert_ptr_nonnull(
        strstr(text, "\nredkeep_counters_checked{set=\"b\"} 10\n"));
    ck_assert_ptr_nonnull(
        strstr(text, "\nredkeep_counters_inconsistent{set=\"b\"} 3\n"));
    ck_assert_ptr_nonnull(strstr(text, "\nhealth_redis_counters_status 0\n"));
}
END_TEST

START_TEST(tells_how_long_a_rebuild_took)
{
    views.counter_sets = 1;
    views.samples[0].consistent = true;
    views.counters[0].rebuild_ms = 1250;
    scrape();
    ck_assert_ptr_nonnull(
        strstr(text, "\nredkeep_counters_rebuild_seconds{set=\"a\"} 1.25\n"));
    ck_assert_ptr_nonnull(strstr(text, "\nhealth_redis_counters_status 1\n"));
}
END_TEST

static TCase *
make_cases(void)
{
    TCase *cases = tcase_create("all");

    tcase_add_checked_fixture(cases, begin, views_end);
    tcase_add_test(cases, says_nothing_without_sets);
    tcase_add_test(cases, leaves_out_what_is_not_known);
    tcase_add_test(cases, tells_how_long_a_rebuild_took);
    return cases;
}

int
main(void)
{
    Suite *suite = suite_create("metrics_counters");
    SRunner *runner = srunner_create(suite);
    int failed;

    suite_add_tcase(suite, make_cases());
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
