#include "daemon/metrics.h"

#include <check.h>
#include <event2/buffer.h>

#include "agent_views.h"
#include "daemon/metrics_text.h"

static struct evbuffer *out;

static void
begin(void)
{
    views_begin();
    out = evbuffer_new();
}

static void
end(void)
{
    evbuffer_free(out);
    views_end();
}

static const char *
written(void)
{
    evbuffer_add(out, "", 1);
    return (const char *)evbuffer_pullup(out, -1);
}

static const char *
scrape(void)
{
    evbuffer_drain(out, evbuffer_get_length(out));
    metrics_write(&agent, VIEWS_NOW, out);
    return written();
}

static void
has(const char *line)
{
    const char *text = scrape(), *at = text;
    size_t length = strlen(line);

    for (; (at = strstr(at, line)) != NULL; at++)
        if ((at == text || at[-1] == '\n') && at[length] == '\n')
            return;
    ck_abort_msg("no line %s in:\n%s", line, text);
}

static void
lacks(const char *name)
{
    ck_assert_msg(strstr(scrape(), name) == NULL, "%s is there", name);
}

START_TEST(writes_a_family)
{
    metrics_text_family(out, "a_total", "What it is.");
    metrics_text_sample(out, "a_total",
                        (const char *[]){"x", "q\"b\\n\nz", "y", "", NULL},
                        12345678901234);
    metrics_text_single(out, "b", 0.125, "Half.");
    metrics_text_single(out, "c", NAN, "Not known.");
    ck_assert_str_eq(written(), "# HELP a_total What it is.\n"
                                "# TYPE a_total counter\n"
                                "a_total{x=\"q\\\"b\\\\n\\nz\",y=\"\"} "
                                "12345678901234\n"
                                "# HELP b Half.\n# TYPE b gauge\nb 0.125\n");
}
END_TEST

/* With all that is set in begin. */
static const char *const lines[] = {
    "redkeep_build_info{version=\"" REDKEEP_VERSION "\"} 1",
    "# TYPE redkeep_start_time_seconds gauge",
    "redkeep_start_time_seconds 1795174076.55",
    "redkeep_config_last_reload_ok 1",
    "# TYPE process_cpu_seconds_total counter",
    "redkeep_redis_up 1",
    "redkeep_redis_connection_state{state=\"disconnected\"} 0",
    "redkeep_redis_connection_state{state=\"connecting\"} 0",
    "redkeep_redis_connection_state{state=\"connected\"} 1",
    "redkeep_redis_connection_state{state=\"failed\"} 0",
    "redkeep_redis_connection_attempts_total 1",
    "redkeep_redis_reconnects_total 0",
    "redkeep_redis_errors_total{kind=\"connect\"} 0",
    "redkeep_redis_errors_total{kind=\"reply\"} 0",
    "redkeep_redis_response_seconds 0.000213",
    "redkeep_redis_connected_timestamp_seconds 1795174109.5",
    "redkeep_redis_restarts_total 0",
    "redkeep_redis_memory_used_bytes 2621440",
    "redkeep_redis_memory_limit_bytes 0",
    "redkeep_redis_memory_fragmentation_ratio 1.25",
    "redkeep_redis_keyspace_hits_total 1523",
    "redkeep_redis_keyspace_misses_total 342",
    "redkeep_redis_evicted_keys_total 7",
    "redkeep_redis_keys 11",
    "redkeep_redis_connected_clients 4",
    "redkeep_redis_last_save_timestamp_seconds 1795174000",
    "redkeep_redis_last_save_ok 1",
    "redkeep_redis_changes_since_save 3",
    "redkeep_redis_aof_enabled 1",
    "redkeep_redis_aof_last_write_ok 0",
    "redkeep_redis_aof_last_rewrite_ok 1",
    "redkeep_redis_aof_size_bytes 4096",
    "redkeep_redis_aof_delayed_fsync_total 2",
    "redkeep_snapshots{verdict=\"sound\"} 11",
    "redkeep_snapshots{verdict=\"torn\"} 0",
    "redkeep_snapshots{verdict=\"damaged\"} 1",
    "redkeep_snapshots{verdict=\"unknown\"} 0",
    "redkeep_snapshot_last_good_timestamp_seconds 1795174140",
    "redkeep_protected_until_timestamp_seconds 1795174140",
    "redkeep_repository_ok 1",
    "redkeep_repository_used_bytes 5000",
    "redkeep_repository_free_bytes 73014444032",
    "redkeep_retention_frozen 0",
    "redkeep_job_runs_total{job=\"snapshot\",result=\"ok\"} 0",
    "redkeep_job_runs_total{job=\"follow\",result=\"skipped\"} 0",
    "redkeep_job_running{job=\"verify\"} 0",
    "redkeep_watch_events_total{file=\"rdb\"} 0",
    "redkeep_watch_events_total{file=\"manifest\"} 0",
    "redkeep_watch_events_total{file=\"aof\"} 0",
    "redkeep_alarm_raised{alarm=\"server_away\"} 0",
    "redkeep_alarm_raised{alarm=\"memory\"} 0",
    "redkeep_http_connections 0",
};
enum { LINES = sizeof lines / sizeof *lines };

START_TEST(tells_what_is_known)
{
    has(lines[_i]);
}
END_TEST

/* What the begin leaves unknown. */
static const char *const absent[] = {
    "redkeep_snapshot_last_source_bytes",
    "redkeep_restore_window_start_timestamp_seconds",
    "redkeep_log_gaps",
    "redkeep_log_lag_bytes",
    "redkeep_job_last_success_timestamp_seconds",
    "redkeep_job_last_duration_seconds",
    "redkeep_job_next_run_timestamp_seconds",
    "redkeep_drill_last_ok",
    "redkeep_dependency_up",
    "redkeep_counters_checked",
    "redkeep_queue_jobs",
    "health_redis_counters_status",
};
enum { ABSENT = sizeof absent / sizeof *absent };

START_TEST(leaves_out_what_is_not)
{
    lacks(absent[_i]);
}
END_TEST

START_TEST(tells_of_itself)
{
    double value;

    ck_assert_int_eq(sscanf(strstr(scrape(), "\nprocess_resident_memory_bytes"),
                            "\nprocess_resident_memory_bytes %lf", &value),
                     1);
    ck_assert_double_gt(value, 500000);
    ck_assert_int_eq(sscanf(strstr(scrape(), "\nprocess_open_fds"),
                            "\nprocess_open_fds %lf", &value),
                     1);
    ck_assert_double_ge(value, 3);
    ck_assert_double_lt(value, 100);
    snprintf(agent.config_error, sizeof agent.config_error, "bad");
    has("redkeep_config_last_reload_ok 0");
}
END_TEST

START_TEST(knows_only_counts_of_a_server_that_is_away)
{
    views.server.state = SERVER_CONNECTING;
    views.server.connected_ms = views.server.response_us = -1;
    views.server.errors[SERVER_ERROR_TIMEOUT] = 3;
    has("redkeep_redis_up 0");
    has("redkeep_redis_connection_state{state=\"connecting\"} 1");
    has("redkeep_redis_errors_total{kind=\"timeout\"} 3");
    has("redkeep_redis_keyspace_hits_total 1523");
    has("redkeep_redis_last_save_timestamp_seconds 1795174000");
    lacks("redkeep_redis_keys ");
    lacks("redkeep_redis_memory_used_bytes");
    lacks("redkeep_redis_response_seconds");
    lacks("redkeep_redis_connected_timestamp_seconds");
}
END_TEST

START_TEST(knows_nothing_of_a_server_it_never_saw)
{
    views.server.state = SERVER_FAILED;
    views.server.info_ms = -1;
    has("redkeep_redis_connection_state{state=\"failed\"} 1");
    lacks("redkeep_redis_keyspace_hits_total");
    lacks("redkeep_redis_last_save_ok");
    lacks("redkeep_redis_aof_enabled");
}
END_TEST

START_TEST(tells_of_a_repository_that_is_down)
{
    views.repository = (struct repository_view){.sound = -1,
                                                .snapshots = -1,
                                                .used_bytes = -1,
                                                .free_bytes = -1,
                                                .protected_ms = -1,
                                                .last_good_time_ms = -1};
    lacks("redkeep_repository_ok");
    lacks("redkeep_retention_frozen");
    lacks("redkeep_snapshots{");
    snprintf(views.repository.problem, sizeof views.repository.problem, "away");
    has("redkeep_repository_ok 0");
    lacks("redkeep_repository_free_bytes");
}
END_TEST

START_TEST(tells_of_the_newest_snapshot_and_window)
{
    views.repository.list = json_pack(
        "{s:[{s:i,s:i}],s:[{s:s}],s:[]}", "snapshots", "bytes_source", 1000,
        "bytes_stored", 300, "windows", "from", "2026-11-20T11:00:00Z", "gaps");
    views.repository.last =
        json_array_get(json_object_get(views.repository.list, "snapshots"), 0);
    has("redkeep_snapshot_last_source_bytes 1000");
    has("redkeep_snapshot_last_stored_bytes 300");
    has("redkeep_restore_window_start_timestamp_seconds 1795172400");
    has("redkeep_log_gaps 0");
}
END_TEST

START_TEST(tells_of_runs)
{
    struct plan_view *j = &views.jobs[PLAN_SNAPSHOT];

    j->state = PLAN_RUNNING;
    j->runs = 5;
    j->results[PLAN_OK] = 4;
    j->results[PLAN_LOCKED] = 1;
    j->last.started_ms = VIEWS_NOW - 3500;
    j->last.finished_ms = VIEWS_NOW - 1000;
    j->last_ok_ms = VIEWS_NOW - 1000;
    j->next_ms = VIEWS_NOW + 60000;
    views.jobs[PLAN_DRILL].report =
        json_pack("{s:b,s:f}", "ok", 0, "load_seconds", 1.5);
    has("redkeep_job_runs_total{job=\"snapshot\",result=\"ok\"} 4");
    has("redkeep_job_runs_total{job=\"snapshot\",result=\"locked\"} 1");
    has("redkeep_job_running{job=\"snapshot\"} 1");
    has("redkeep_job_last_success_timestamp_seconds{job=\"snapshot\"} "
        "1795174199");
    has("redkeep_job_last_duration_seconds{job=\"snapshot\"} 2.5");
    has("redkeep_job_next_run_timestamp_seconds{job=\"snapshot\"} 1795174260");
    has("redkeep_drill_last_ok 0");
    has("redkeep_drill_load_seconds 1.5");
    lacks("redkeep_job_last_duration_seconds{job=\"bgsave\"");
}
END_TEST

START_TEST(tells_of_files_alarms_and_dependencies)
{
    views.watch.events[WATCH_MANIFEST] = 9;
    views.alarms[1].raised = true;
    views.dependency_count = 2;
    views.dependencies[0] =
        (struct dependency_view){.name = "mysql", .known = true, .up = true};
    views.dependencies[1] = (struct dependency_view){.name = "later"};
    has("redkeep_watch_events_total{file=\"manifest\"} 9");
    has("redkeep_alarm_raised{alarm=\"memory\"} 1");
    has("redkeep_dependency_up{dependency=\"mysql\"} 1");
    lacks("later");
}
END_TEST

START_TEST(tells_of_queues)
{
    json_t *list = json_pack("[{s:s, s:s, s:{s:i, s:i}}]", "system", "bullmq",
                             "queue", "a\"b", "states", "waiting", 3, "failed",
                             0);

    views.queues.list = list;
    has("# TYPE redkeep_queue_jobs gauge");
    has("redkeep_queue_jobs{system=\"bullmq\",queue=\"a\\\"b\","
        "state=\"waiting\"} 3");
    has("redkeep_queue_jobs{system=\"bullmq\",queue=\"a\\\"b\","
        "state=\"failed\"} 0");
    json_decref(list);
}
END_TEST

static TCase *
make_cases(void)
{
    TCase *cases = tcase_create("all");

    tcase_add_checked_fixture(cases, begin, end);
    tcase_add_test(cases, writes_a_family);
    tcase_add_loop_test(cases, tells_what_is_known, 0, LINES);
    tcase_add_loop_test(cases, leaves_out_what_is_not, 0, ABSENT);
    tcase_add_test(cases, tells_of_itself);
    tcase_add_test(cases, knows_only_counts_of_a_server_that_is_away);
    tcase_add_test(cases, knows_nothing_of_a_server_it_never_saw);
    tcase_add_test(cases, tells_of_a_repository_that_is_down);
    tcase_add_test(cases, tells_of_the_newest_snapshot_and_window);
    tcase_add_test(cases, tells_of_runs);
    tcase_add_test(cases, tells_of_files_alarms_and_dependencies);
    tcase_add_test(cases, tells_of_queues);
    return cases;
}

int
main(void)
{
    Suite *suite = suite_create("metrics");
    SRunner *runner = srunner_create(suite);
    int failed;

    suite_add_tcase(suite, make_cases());
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
