#include "daemon/status.h"

#include <unistd.h>

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
ask(void)
{
    json_decref(answer);
    answer = status_json(&agent, VIEWS_NOW);
    ck_assert_ptr_nonnull(answer);
}

START_TEST(tells_who_it_is)
{
    char pid[16];

    snprintf(pid, sizeof pid, "%d", (int)getpid());
    snprintf(agent.config_error, sizeof agent.config_error, "line 3: bad");
    ask();
    IS("instance", "\"main\"");
    IS("version", "\"" REDKEEP_VERSION "\"");
    IS("pid", pid);
    IS("time", "\"2026-11-20T11:30:00Z\"");
    IS("config", "{\"file\":null,\"loaded\":\"2026-11-20T11:27:56.550Z\","
                 "\"error\":\"line 3: bad\"}");
}
END_TEST

START_TEST(tells_of_the_server)
{
    ask();
    IS("server",
       "{\"state\":\"connected\",\"product\":\"redis\",\"version\":\"7.0.15\","
       "\"run_id\":\"abc\",\"role\":\"master\",\"loading\":false,"
       "\"data_dir\":null,\"appendonly\":true,\"keys\":11,"
       "\"used_memory\":2621440,\"maxmemory\":0,"
       "\"maxmemory_policy\":\"noeviction\","
       "\"last_save\":\"2026-11-20T11:26:40Z\",\"last_save_ok\":true,"
       "\"changes_since_save\":3,\"aof_last_write_ok\":false,"
       "\"aof_last_rewrite_ok\":true,"
       "\"last_error\":null}");
}
END_TEST

START_TEST(forgets_what_may_have_changed_while_it_is_away)
{
    views.server.state = SERVER_CONNECTING;
    ask();
    IS("server.state", "\"connecting\"");
    IS("server.version", "\"7.0.15\"");
    IS("server.last_save", "\"2026-11-20T11:26:40Z\"");
    IS("server.keys", "null");
    IS("server.used_memory", "null");
    IS("server.changes_since_save", "null");
    IS("server.loading", "null");
    views.server.loading = true;
    ask();
    IS("server.loading", "true");
}
END_TEST

START_TEST(knows_nothing_of_a_server_it_never_saw)
{
    views.server.state = SERVER_FAILED;
    views.server.info_ms = -1;
    ask();
    IS("server",
       "{\"state\":\"failed\",\"product\":null,\"version\":null,"
       "\"run_id\":null,\"role\":null,\"loading\":null,\"data_dir\":null,"
       "\"appendonly\":null,\"keys\":null,\"used_memory\":null,"
       "\"maxmemory\":null,\"maxmemory_policy\":null,\"last_save\":null,"
       "\"last_save_ok\":null,\"changes_since_save\":null,"
       "\"aof_last_write_ok\":null,\"aof_last_rewrite_ok\":null,"
       "\"last_error\":null}");
}
END_TEST

START_TEST(tells_what_is_protected)
{
    json_t *item = json_pack("{s:s}", "id", "20261120T112900Z");

    views.repository.list = json_pack(
        "{s:[o], s:[{s:s,s:s},{s:s,s:s}], s:[{}]}", "snapshots", item,
        "windows", "from", "a", "to", "b", "from", "c", "to", "d", "gaps");
    views.repository.last = views.repository.last_good = item;
    ask();
    IS("protected_until", "\"2026-11-20T11:29:00Z\"");
    IS("restore_window", "{\"from\":\"c\",\"to\":\"d\"}");
    IS("gaps", "1");
    IS("last_snapshot", "{\"id\":\"20261120T112900Z\"}");
    IS("last_good_snapshot.id", "\"20261120T112900Z\"");
    IS("last_drill", "null");
    json_decref(answer);
    answer = status_snapshots(&agent, VIEWS_NOW);
    IS("snapshots", "[{\"id\":\"20261120T112900Z\"}]");
}
END_TEST

START_TEST(knows_no_snapshots_before_it_looked)
{
    views.repository.protected_ms = -1;
    ask();
    IS("protected_until", "null");
    IS("restore_window", "null");
    IS("gaps", "null");
    IS("last_snapshot", "null");
    json_decref(answer);
    answer = status_snapshots(&agent, VIEWS_NOW);
    IS("", "{\"snapshots\":null,\"windows\":null,\"gaps\":null}");
}
END_TEST

START_TEST(tells_of_the_jobs_in_their_order)
{
    struct plan_view *j = &views.jobs[PLAN_SNAPSHOT];

    j->schedule = "every 1h";
    j->state = PLAN_RUNNING;
    j->pid = 4711;
    j->next_ms = VIEWS_NOW + 60000;
    j->runs = 3;
    j->failures = 1;
    j->last = (struct plan_run){.started_ms = VIEWS_NOW - 5000,
                                .finished_ms = VIEWS_NOW - 2000,
                                .result = PLAN_FAILED,
                                .exit_status = -1,
                                .signal = 9,
                                .text = "killed by SIGKILL"};
    ask();
    IS("jobs.0",
       "{\"name\":\"snapshot\",\"schedule\":\"every 1h\","
       "\"state\":\"running\",\"pid\":4711,"
       "\"next\":\"2026-11-20T11:31:00Z\",\"runs\":3,\"failures\":1,"
       "\"last\":{\"started\":\"2026-11-20T11:29:55Z\","
       "\"finished\":\"2026-11-20T11:29:58Z\",\"result\":\"failed\","
       "\"exit_status\":null,\"signal\":9,\"text\":\"killed by SIGKILL\"}}");
    IS("jobs.1", "{\"name\":\"bgsave\",\"schedule\":\"off\","
                 "\"state\":\"off\",\"pid\":null,\"next\":null,\"runs\":0,"
                 "\"failures\":0,\"last\":null}");
    IS("jobs.6.name", "\"follow\"");
    ck_assert_uint_eq(json_array_size(json_object_get(answer, "jobs")), 7);
}
END_TEST

START_TEST(tells_of_the_files)
{
    static char rdb[] = "/data/dump.rdb", manifest[] = "/data/a/a.manifest";

    views.watch.rdb_path = rdb;
    views.watch.rdb_size = 88;
    views.watch.rdb_modified_ms = VIEWS_NOW - 2000;
    views.watch.rdb_seen_ms = VIEWS_NOW - 1950;
    views.watch.manifest_path = manifest;
    ask();
    IS("watch", "{\"rdb\":{\"path\":\"/data/dump.rdb\",\"size\":88,"
                "\"modified\":\"2026-11-20T11:29:58Z\","
                "\"seen\":\"2026-11-20T11:29:58.050Z\"},"
                "\"aof\":{\"manifest\":\"/data/a/a.manifest\",\"size\":null,"
                "\"modified\":null,\"seen\":null}}");
}
END_TEST

START_TEST(tells_of_the_repository)
{
    ask();
    IS("repository",
       "{\"path\":\"/srv/keep\",\"writable\":true,\"snapshots\":12,"
       "\"bytes\":5000,\"free_bytes\":73014444032,\"problem\":null}");
    IS("archive", "{\"follow\":true,\"status\":\"off\",\"lag_bytes\":null,"
                  "\"lag_seconds\":null,\"file\":null,\"offset\":null}");
}
END_TEST

START_TEST(tells_why_snapshots_stay_and_go)
{
    ask();
    IS("retention", "{\"kept\":null,\"removed\":null,\"reasons\":{},"
                    "\"frozen\":false,\"text\":null}");
    views.jobs[PLAN_PRUNE].report = json_pack(
        "{s:[{s:s,s:[s]},{s:s,s:[s,s]}],s:[{s:s,s:[s]}]}", "keep", "id", "A",
        "reasons", "last 3", "id", "B", "reasons", "hourly", "held", "remove",
        "id", "C", "reasons", "no rule keeps it");
    ask();
    IS("retention.kept", "2");
    IS("retention.removed", "1");
    IS("retention.reasons", "{\"A\":[\"last 3\"],\"B\":[\"hourly\",\"held\"],"
                            "\"C\":[\"no rule keeps it\"]}");
}
END_TEST

START_TEST(tells_of_the_last_drill)
{
    views.jobs[PLAN_DRILL].report = json_pack("{s:s,s:b,s:i,s:f}", "id", "A",
                                              "ok", 1, "keys", 7,
                                              "load_seconds", 0.25);
    views.jobs[PLAN_DRILL].last.finished_ms = VIEWS_NOW;
    ask();
    IS("last_drill", "{\"id\":\"A\",\"ok\":true,\"keys\":7,"
                     "\"load_seconds\":0.25,"
                     "\"finished\":\"2026-11-20T11:30:00Z\"}");
}
END_TEST

START_TEST(lists_what_is_raised_only)
{
    views.alarms[0].raised = true;
    views.alarms[0].since_ms = VIEWS_NOW;
    ask();
    IS("alarms", "[{\"name\":\"server_away\","
                 "\"since\":\"2026-11-20T11:30:00Z\",\"value\":null,"
                 "\"threshold\":null,\"text\":null}]");
}
END_TEST

static TCase *
make_cases(void)
{
    TCase *cases = tcase_create("all");

    tcase_add_checked_fixture(cases, begin, end);
    tcase_add_test(cases, tells_who_it_is);
    tcase_add_test(cases, tells_of_the_server);
    tcase_add_test(cases, forgets_what_may_have_changed_while_it_is_away);
    tcase_add_test(cases, knows_nothing_of_a_server_it_never_saw);
    tcase_add_test(cases, tells_what_is_protected);
    tcase_add_test(cases, knows_no_snapshots_before_it_looked);
    tcase_add_test(cases, tells_of_the_jobs_in_their_order);
    tcase_add_test(cases, tells_of_the_files);
    tcase_add_test(cases, tells_of_the_repository);
    tcase_add_test(cases, tells_why_snapshots_stay_and_go);
    tcase_add_test(cases, tells_of_the_last_drill);
    tcase_add_test(cases, lists_what_is_raised_only);
    return cases;
}

int
main(void)
{
    Suite *suite = suite_create("status");
    SRunner *runner = srunner_create(suite);
    int failed;

    suite_add_tcase(suite, make_cases());
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
