#include "daemon/plan.h"

#include <signal.h>

#include <event2/event.h>
#include <hiredis/hiredis.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/text.h"
#include "folder.h"

enum { LIMIT_S = 20 };

/* A server that is what the test says it is. */
static struct server_view server;

const struct server_view *
server_view(const struct server *s)
{
    (void)s;
    return &server;
}

/* Each question with its context; answered by the test. */
static struct {
    char command[16];
    link_core_answer *answer;
    void *context;
} asked;

int
server_ask(struct server *s, int argc, const char **argv,
           link_core_answer *answer, void *context, struct error *why)
{
    (void)s;
    ck_assert_int_eq(argc, 1);
    if (server.state != SERVER_CONNECTED)
        return error_set(why, ERROR_FAILED, "not connected");
    ck_assert_ptr_null(asked.answer);
    snprintf(asked.command, sizeof asked.command, "%s", argv[0]);
    asked.answer = answer;
    asked.context = context;
    return 0;
}

void
server_forget(struct server *s, const void *context)
{
    (void)s;
    if (asked.context == context)
        memset(&asked, 0, sizeof asked);
}

static struct event_base *base;
static struct notices *notices;
static struct terms terms;
static char *options[] = {"--instance=main", NULL};
static char *program, *runs;
static struct plan *plan;
static unsigned changes[PLAN_JOBS];
static bool stopped;

static void
on_changed(void *context, enum plan_job job)
{
    ck_assert_ptr_eq(context, changes);
    changes[job]++;
}

/* A script in place of redkeep, $4 is the command; "$0.runs" has one line for
 * each run. */
static void
write_program(const char *script)
{
    char *text = text_format("#!/bin/sh\necho $4 >>$0.runs\n%s\n", script);

    ck_assert_msg(file_replace(dir, "program", text, strlen(text), 0755, &e) ==
                      0,
                  "%s", e.text);
    free(text);
}

static void
set(const char *option, const char *value)
{
    ck_assert_msg(config_set_option(&terms.config, option, value, &e) == 0,
                  "%s", e.text);
}

static void
begin(void)
{
    folder_begin();
    base = event_base_new();
    notices = notice_new();
    program = text_format("%s/program", path);
    runs = text_format("%s/program.runs", path);
    server = (struct server_view){.state = SERVER_CONNECTED};
    config_init(&terms.config);
    terms.options = options;
    log_set_level(LOG_LEVEL_ERROR);
    write_program("echo '{}' >&3");
    for (int i = 0; i < PLAN_JOBS; i++)
        if (i != PLAN_FOLLOW) {
            char *name =
                text_format("schedule-%s", plan_job_name((enum plan_job)i));

            set(name, "off");
            free(name);
        }
}

static void
new_plan(void)
{
    struct plan_events events = {.changed = on_changed, .context = changes};

    plan = plan_new(base, &terms, program, NULL, notices, &events);
}

static void
begin_plan(json_t *saved)
{
    new_plan();
    plan_begin(plan, saved);
    json_decref(saved);
}

static void
end(void)
{
    plan_free(plan);
    notice_free(notices);
    event_base_free(base);
    config_clear(&terms.config);
    free(program);
    free(runs);
    folder_end();
}

/* Turns the loop until something holds. */
#define AWAIT(condition)                                        \
    do {                                                        \
        uint64_t limit_ms = clock_steady_ms() + LIMIT_S * 1000; \
        while (!(condition)) {                                  \
            struct timeval turn = {.tv_usec = 5000};            \
            ck_assert_uint_lt(clock_steady_ms(), limit_ms);     \
            event_base_loopexit(base, &turn);                   \
            event_base_dispatch(base);                          \
        }                                                       \
    } while (0)

static const struct plan_view *
view(enum plan_job job)
{
    return plan_view(plan, job);
}

static unsigned
count_runs(const char *command)
{
    unsigned count = 0;
    char *text, *at;
    size_t size;

    if (file_load(AT_FDCWD, runs, 1 << 20, &text, &size, &e) != 0)
        return 0;
    for (at = strtok(text, "\n"); at != NULL; at = strtok(NULL, "\n"))
        count += strcmp(at, command) == 0;
    free(text);
    return count;
}

START_TEST(runs_what_is_due_and_tells_what_came_of_it)
{
    set("schedule-snapshot", "every 200ms");
    write_program("echo '{\"id\": \"x\", \"verdict\": \"sound\","
                  " \"bytes_stored\": 10, \"bytes_source\": 2048}' >&3");
    begin_plan(NULL);
    ck_assert_int_eq(view(PLAN_SNAPSHOT)->state, PLAN_IDLE);
    ck_assert_uint_eq(view(PLAN_SNAPSHOT)->interval_ms, 200);
    AWAIT(view(PLAN_SNAPSHOT)->runs == 3);
    ck_assert_uint_eq(view(PLAN_SNAPSHOT)->results[PLAN_OK], 3);
    ck_assert_uint_eq(view(PLAN_SNAPSHOT)->failures, 0);
    ck_assert_int_eq(view(PLAN_SNAPSHOT)->last.result, PLAN_OK);
    ck_assert_int_eq(view(PLAN_SNAPSHOT)->last.exit_status, 0);
    ck_assert_str_eq(view(PLAN_SNAPSHOT)->last.text,
                     "x: sound, 10 B stored for 2.0 KiB");
    ck_assert_int_eq(view(PLAN_SNAPSHOT)->last_ok_ms,
                     view(PLAN_SNAPSHOT)->last.finished_ms);
    ck_assert_uint_eq(notice_count(notices), 3);
    /* Began and ended, each. */
    ck_assert_uint_ge(changes[PLAN_SNAPSHOT], 6);
    ck_assert_uint_eq(count_runs("snapshot"), 3);
}
END_TEST

START_TEST(shows_what_runs)
{
    write_program("sleep 0.1; echo '{}' >&3");
    begin_plan(NULL);
    ck_assert_int_eq(view(PLAN_VERIFY)->state, PLAN_OFF);
    plan_ask(plan, PLAN_VERIFY, "test");
    ck_assert_int_eq(view(PLAN_VERIFY)->state, PLAN_RUNNING);
    ck_assert_int_gt(view(PLAN_VERIFY)->pid, 0);
    ck_assert_int_gt(view(PLAN_VERIFY)->running_ms, 0);
    AWAIT(view(PLAN_VERIFY)->runs == 1);
    ck_assert_int_eq(view(PLAN_VERIFY)->state, PLAN_OFF);
    ck_assert_int_eq(view(PLAN_VERIFY)->pid, 0);
    ck_assert_int_eq(view(PLAN_VERIFY)->running_ms, -1);
}
END_TEST

START_TEST(runs_once_more_what_was_wanted_while_it_ran)
{
    write_program("sleep 0.1; echo '{}' >&3");
    begin_plan(NULL);
    for (int i = 0; i < 5; i++)
        plan_ask(plan, PLAN_VERIFY, "test");
    AWAIT(view(PLAN_VERIFY)->runs == 2);
    ck_assert_int_eq(view(PLAN_VERIFY)->state, PLAN_OFF);
    ck_assert_uint_eq(count_runs("verify"), 2);
}
END_TEST

static const struct {
    const char *script;
    enum plan_result result;
    const char *text;
    unsigned failures;
} results[] = {
    {"echo '{\"error\": \"no space\"}' >&3; exit 3", PLAN_FAILED, "no space",
     1},
    {"echo '{\"error\": \"not its own\"}' >&3; exit 4", PLAN_REFUSED,
     "not its own", 1},
    {"echo '{\"error\": \"held\"}' >&3; exit 5", PLAN_LOCKED, "held", 0},
    {"echo '{\"id\": \"x\", \"verdict\": \"torn\", \"findings\":"
     " [{\"severity\": \"warning\", \"text\": \"odd\"},"
     " {\"severity\": \"error\", \"text\": \"cut\"}]}' >&3; exit 1",
     PLAN_FAILED, "x: kept, but torn: cut", 1},
    {"echo '{\"error\": \"damaged\"}' >&3; exit 1", PLAN_FAILED, "damaged", 1},
    {"kill -SEGV $$", PLAN_FAILED, "ended by signal 11 (Segmentation fault)",
     1},
    {"echo bad >&3", PLAN_FAILED,
     "exit status 0: its report cannot be read: '[' or '{' expected near "
     "'bad'",
     1},
    {"echo '{\"id\": \"x\", \"unchanged\": true}' >&3", PLAN_OK,
     "unchanged: x holds this dump", 0},
};

START_TEST(tells_results_apart)
{
    write_program(results[_i].script);
    begin_plan(NULL);
    plan_ask(plan, PLAN_SNAPSHOT, "test");
    AWAIT(view(PLAN_SNAPSHOT)->runs == 1);
    ck_assert_int_eq(view(PLAN_SNAPSHOT)->last.result, results[_i].result);
    ck_assert_str_eq(view(PLAN_SNAPSHOT)->last.text, results[_i].text);
    ck_assert_uint_eq(view(PLAN_SNAPSHOT)->failures, results[_i].failures);
    ck_assert_uint_eq(view(PLAN_SNAPSHOT)->results[results[_i].result], 1);
}
END_TEST

START_TEST(prunes_after_a_snapshot_that_was_tried)
{
    set("schedule-prune", "after snapshot");
    write_program("echo '{\"keep\": [1, 2], \"remove\": [3]}' >&3");
    begin_plan(NULL);
    ck_assert_int_eq(view(PLAN_PRUNE)->state, PLAN_IDLE);
    ck_assert_int_eq(view(PLAN_PRUNE)->next_ms, -1);
    plan_ask(plan, PLAN_SNAPSHOT, "test");
    AWAIT(view(PLAN_PRUNE)->runs == 1);
    ck_assert_str_eq(view(PLAN_PRUNE)->last.text, "2 kept, 1 removed");
    /* What a snapshot lacked may be the space that the trash holds. */
    write_program("[ $4 = prune ] || exit 3; echo '{}' >&3");
    plan_ask(plan, PLAN_SNAPSHOT, "test");
    AWAIT(view(PLAN_PRUNE)->runs == 2);
    ck_assert_int_eq(view(PLAN_SNAPSHOT)->last.result, PLAN_FAILED);
    write_program("exit 4");
    plan_ask(plan, PLAN_SNAPSHOT, "test");
    AWAIT(view(PLAN_SNAPSHOT)->runs == 3);
    ck_assert_int_eq(view(PLAN_PRUNE)->state, PLAN_IDLE);
}
END_TEST

START_TEST(waits_for_a_server_that_is_away)
{
    server.state = SERVER_CONNECTING;
    begin_plan(NULL);
    plan_ask(plan, PLAN_SNAPSHOT, "test");
    ck_assert_int_eq(view(PLAN_SNAPSHOT)->state, PLAN_WAITING);
    ck_assert_int_eq(view(PLAN_SNAPSHOT)->last.result, PLAN_SKIPPED);
    ck_assert_str_eq(view(PLAN_SNAPSHOT)->last.text,
                     "the server is not connected");
    ck_assert_uint_eq(view(PLAN_SNAPSHOT)->failures, 0);
    server.state = SERVER_CONNECTED;
    AWAIT(view(PLAN_SNAPSHOT)->runs == 2);
    ck_assert_int_eq(view(PLAN_SNAPSHOT)->last.result, PLAN_OK);
    ck_assert_uint_eq(count_runs("snapshot"), 1);
}
END_TEST

START_TEST(needs_no_server_where_the_folder_is_known)
{
    server.state = SERVER_FAILED;
    set("data-dir", path);
    begin_plan(NULL);
    plan_ask(plan, PLAN_SNAPSHOT, "test");
    AWAIT(view(PLAN_SNAPSHOT)->runs == 1);
    ck_assert_int_eq(view(PLAN_SNAPSHOT)->last.result, PLAN_OK);
}
END_TEST

START_TEST(takes_the_first_snapshot_at_once)
{
    set("schedule-snapshot", "every 1h");
    begin_plan(NULL);
    plan_know_snapshots(plan, 0);
    AWAIT(view(PLAN_SNAPSHOT)->runs == 1);
    plan_know_snapshots(plan, 0);
    ck_assert_int_eq(view(PLAN_SNAPSHOT)->state, PLAN_IDLE);
}
END_TEST

START_TEST(takes_none_where_there_is_one_or_none_is_wanted)
{
    set("schedule-snapshot", "every 1h");
    begin_plan(NULL);
    plan_know_snapshots(plan, 1);
    ck_assert_int_eq(view(PLAN_SNAPSHOT)->state, PLAN_IDLE);
    plan_free(plan);
    set("schedule-catch-up", "no");
    begin_plan(NULL);
    plan_know_snapshots(plan, 0);
    ck_assert_int_eq(view(PLAN_SNAPSHOT)->state, PLAN_IDLE);
    plan_free(plan);
    set("schedule-catch-up", "yes");
    set("schedule-snapshot", "off");
    begin_plan(NULL);
    plan_know_snapshots(plan, 0);
    ck_assert_int_eq(view(PLAN_SNAPSHOT)->state, PLAN_OFF);
}
END_TEST

/* What the state file holds, and what comes back of it. */
static json_t *
restart(void)
{
    json_t *saved = plan_write(plan);
    char *text = json_dumps(saved, 0);

    json_decref(saved);
    plan_free(plan);
    plan = NULL;
    saved = json_loads(text, 0, NULL);
    free(text);
    return saved;
}

START_TEST(remembers_its_past_and_its_next)
{
    struct plan_view before;

    set("schedule-verify", "every 1h");
    write_program("echo '{\"checked\": [{\"id\": \"x\", \"ok\": false}]}' >&3;"
                  " exit 1");
    begin_plan(NULL);
    plan_ask(plan, PLAN_VERIFY, "test");
    AWAIT(view(PLAN_VERIFY)->runs == 1);
    before = *view(PLAN_VERIFY);
    begin_plan(restart());
    ck_assert_uint_eq(view(PLAN_VERIFY)->runs, 1);
    ck_assert_uint_eq(view(PLAN_VERIFY)->failures, 1);
    ck_assert_uint_eq(view(PLAN_VERIFY)->results[PLAN_FAILED], 1);
    ck_assert_int_eq(view(PLAN_VERIFY)->next_ms, before.next_ms);
    ck_assert_int_eq(view(PLAN_VERIFY)->last.started_ms,
                     before.last.started_ms);
    ck_assert_int_eq(view(PLAN_VERIFY)->last.finished_ms,
                     before.last.finished_ms);
    ck_assert_int_eq(view(PLAN_VERIFY)->last.exit_status, 1);
    ck_assert_str_eq(view(PLAN_VERIFY)->last.text, "x is not what was stored");
    ck_assert_int_eq(view(PLAN_VERIFY)->last_ok_ms, -1);
    ck_assert_ptr_nonnull(view(PLAN_VERIFY)->report);
    ck_assert_int_eq(view(PLAN_VERIFY)->state, PLAN_IDLE);
    ck_assert_int_eq(view(PLAN_SNAPSHOT)->last_ok_ms, -1);
    /* Another schedule is planned anew. */
    set("schedule-verify", "every 30m");
    begin_plan(restart());
    ck_assert_int_lt(view(PLAN_VERIFY)->next_ms, before.next_ms);
    ck_assert_uint_eq(view(PLAN_VERIFY)->runs, 1);
}
END_TEST

START_TEST(runs_again_what_was_interrupted)
{
    json_t *saved;

    write_program("sleep 100");
    begin_plan(NULL);
    plan_ask(plan, PLAN_VERIFY, "test");
    saved = restart();
    write_program("echo '{\"checked\": []}' >&3");
    begin_plan(saved);
    ck_assert_int_eq(view(PLAN_VERIFY)->state, PLAN_RUNNING);
    ck_assert_uint_eq(view(PLAN_VERIFY)->runs, 1);
    ck_assert_int_eq(view(PLAN_VERIFY)->last.result, PLAN_FAILED);
    ck_assert_str_eq(view(PLAN_VERIFY)->last.text,
                     "interrupted: the agent was ended while it ran, and it by "
                     "signal 9 (Killed); it is run again");
    ck_assert_int_eq(view(PLAN_VERIFY)->last.signal, SIGKILL);
    AWAIT(view(PLAN_VERIFY)->runs == 2);
    ck_assert_int_eq(view(PLAN_VERIFY)->last.result, PLAN_OK);
    begin_plan(restart());
    ck_assert_int_eq(view(PLAN_VERIFY)->state, PLAN_OFF);
}
END_TEST

START_TEST(catches_up_once_what_was_missed)
{
    json_t *saved;

    set("schedule-verify", "every 100ms");
    begin_plan(NULL);
    saved = restart();
    usleep(350 * 1000);
    set("schedule-verify", "every 100ms");
    begin_plan(json_incref(saved));
    ck_assert_int_eq(view(PLAN_VERIFY)->state, PLAN_RUNNING);
    plan_free(plan);
    set("schedule-catch-up", "no");
    begin_plan(saved);
    ck_assert_int_eq(view(PLAN_VERIFY)->state, PLAN_IDLE);
}
END_TEST

static const char *const odd[] = {
    "[]",
    "{\"verify\": 1}",
    "{\"verify\": {\"schedule\": 1, \"due\": \"x\", \"next\": {},"
    " \"running\": 5, \"again\": 1, \"runs\": -1, \"last\": []}}",
    "{\"verify\": {\"schedule\": \"every 1h\","
    " \"due\": \"2100-01-01T00:00:00Z\", \"next\": \"2000-01-01T00:00:00Z\","
    " \"runs\": 7, \"last\": {\"result\": \"odd\", \"text\": \"\","
    " \"started\": \"2000-01-01T00:00:00Z\","
    " \"finished\": \"2000-01-01T00:00:00Z\"}}}",
    "{\"verify\": {\"runs\": 7, \"report\": [], \"last\": {\"result\": \"ok\","
    " \"text\": \"\", \"started\": \"2000-01-01T00:00:01Z\","
    " \"finished\": \"2000-01-01T00:00:00Z\"}}}",
};

START_TEST(begins_anew_with_a_state_it_does_not_know)
{
    set("schedule-verify", "every 1h");
    begin_plan(json_loads(odd[_i], 0, NULL));
    ck_assert_uint_eq(view(PLAN_VERIFY)->runs, 0);
    ck_assert_int_eq(view(PLAN_VERIFY)->state, PLAN_IDLE);
    ck_assert_int_gt(view(PLAN_VERIFY)->next_ms, clock_wall_ms());
    ck_assert_int_le(view(PLAN_VERIFY)->next_ms, clock_wall_ms() + 3600000);
}
END_TEST

static void
on_stopped(void *context)
{
    (void)context;
    stopped = true;
}

START_TEST(stops_and_runs_again_later_what_it_has_cancelled)
{
    json_t *saved;

    write_program("exec sleep 100");
    begin_plan(NULL);
    plan_ask(plan, PLAN_VERIFY, "test");
    plan_stop(plan, on_stopped, NULL);
    ck_assert(!stopped);
    AWAIT(stopped);
    ck_assert_int_eq(view(PLAN_VERIFY)->last.result, PLAN_SKIPPED);
    ck_assert_uint_eq(view(PLAN_VERIFY)->failures, 0);
    saved = restart();
    begin_plan(saved);
    ck_assert_int_eq(view(PLAN_VERIFY)->state, PLAN_RUNNING);
}
END_TEST

START_TEST(stops_at_once_when_nothing_runs)
{
    begin_plan(NULL);
    plan_stop(plan, on_stopped, NULL);
    ck_assert(!stopped);
    AWAIT(stopped);
}
END_TEST

START_TEST(takes_another_schedule_and_keeps_the_others)
{
    int64_t next;

    set("schedule-verify", "every 1h");
    set("schedule-prune", "every 1h");
    begin_plan(NULL);
    next = view(PLAN_VERIFY)->next_ms;
    usleep(20000);
    set("schedule-prune", "30 3 * * *");
    plan_reload(plan, &terms);
    ck_assert_int_eq(view(PLAN_VERIFY)->next_ms, next);
    ck_assert_str_eq(view(PLAN_PRUNE)->schedule, "30 3 * * *");
    ck_assert_uint_eq(view(PLAN_PRUNE)->interval_ms, 86400000);
    set("schedule-prune", "off");
    plan_reload(plan, &terms);
    ck_assert_int_eq(view(PLAN_PRUNE)->state, PLAN_OFF);
    ck_assert_int_eq(view(PLAN_PRUNE)->next_ms, -1);
}
END_TEST

START_TEST(leaves_out_what_is_not_built)
{
    set("schedule-drill", "every 1s");
    begin_plan(NULL);
    ck_assert_int_eq(view(PLAN_DRILL)->state, PLAN_OFF);
    ck_assert_int_eq(view(PLAN_DRILL)->next_ms, -1);
    ck_assert_str_eq(view(PLAN_DRILL)->schedule, "every 1s");
    plan_ask(plan, PLAN_DRILL, "test");
    ck_assert_int_eq(view(PLAN_DRILL)->state, PLAN_OFF);
    ck_assert_int_eq(view(PLAN_FOLLOW)->state, PLAN_OFF);
}
END_TEST

static bool
await_question(void)
{
    AWAIT(asked.answer != NULL);
    return true;
}

/* Answers what was asked with a text, which the asker gives back. */
static void
reply(const char *command, const char *text)
{
    redisReader *reader = redisReaderCreate();
    char *bytes = text_format("$%zu\r\n%s\r\n", strlen(text), text);
    link_core_answer *answer;
    void *parsed = NULL;

    AWAIT(asked.answer != NULL);
    ck_assert_str_eq(asked.command, command);
    answer = asked.answer;
    asked.answer = NULL;
    redisReaderFeed(reader, bytes, strlen(bytes));
    ck_assert_int_eq(redisReaderGetReply(reader, &parsed), REDIS_OK);
    redisReaderFree(reader);
    free(bytes);
    answer(asked.context, parsed, NULL);
}

#define INFO                                                       \
    "run_id:one\r\nrdb_last_bgsave_status:ok\r\naof_enabled:1\r\n" \
    "aof_last_bgrewrite_status:ok\r\n"

START_TEST(has_the_server_save_and_follows_it)
{
    begin_plan(NULL);
    plan_ask(plan, PLAN_BGSAVE, "test");
    ck_assert_int_eq(view(PLAN_BGSAVE)->state, PLAN_RUNNING);
    reply("INFO", INFO "rdb_last_save_time:5\r\n");
    reply("BGSAVE", "Background saving started");
    reply("INFO", INFO "rdb_last_save_time:5\r\nrdb_bgsave_in_progress:1\r\n");
    reply("INFO", INFO "rdb_last_save_time:6\r\n");
    ck_assert_uint_eq(view(PLAN_BGSAVE)->runs, 1);
    ck_assert_int_eq(view(PLAN_BGSAVE)->last.result, PLAN_OK);
    ck_assert_int_eq(
        strncmp(view(PLAN_BGSAVE)->last.text, "the dump was written in ", 24),
        0);
    ck_assert_int_eq(view(PLAN_BGSAVE)->state, PLAN_OFF);
}
END_TEST

START_TEST(follows_a_rewrite_over_a_lost_connection)
{
    struct error lost = {ERROR_FAILED, "timeout after 2 s"};
    link_core_answer *answer;

    begin_plan(NULL);
    plan_ask(plan, PLAN_BGREWRITEAOF, "test");
    reply("INFO", INFO "aof_current_size:4096\r\n");
    AWAIT(asked.answer != NULL);
    ck_assert_str_eq(asked.command, "BGREWRITEAOF");
    answer = asked.answer;
    asked.answer = NULL;
    server.state = SERVER_CONNECTING;
    answer(asked.context, NULL, &lost);
    usleep(300 * 1000);
    server.state = SERVER_CONNECTED;
    reply("INFO", INFO "aof_rewrite_in_progress:1\r\n");
    reply("INFO", INFO "aof_current_size:1024\r\n");
    ck_assert_int_eq(view(PLAN_BGREWRITEAOF)->last.result, PLAN_OK);
    ck_assert_ptr_nonnull(
        strstr(view(PLAN_BGREWRITEAOF)->last.text, ": 4.0 KiB to 1.0 KiB"));
}
END_TEST

START_TEST(tries_again_what_the_server_cannot_do_now)
{
    struct error busy = {ERROR_FAILED,
                         "ERR Background save already in progress"};
    link_core_answer *answer;

    begin_plan(NULL);
    plan_ask(plan, PLAN_BGSAVE, "test");
    reply("INFO", INFO "loading:1\r\n");
    ck_assert_int_eq(view(PLAN_BGSAVE)->state, PLAN_WAITING);
    ck_assert_int_eq(view(PLAN_BGSAVE)->last.result, PLAN_SKIPPED);
    ck_assert_str_eq(view(PLAN_BGSAVE)->last.text,
                     "the server is loading its data");
    ck_assert_int_gt(view(PLAN_BGSAVE)->next_ms, clock_wall_ms() + 3000);
    /* Asked for again meanwhile: at once. */
    plan_ask(plan, PLAN_BGSAVE, "test");
    reply("INFO", INFO);
    AWAIT(asked.answer != NULL);
    answer = asked.answer;
    asked.answer = NULL;
    answer(asked.context, NULL, &busy);
    ck_assert_int_eq(view(PLAN_BGSAVE)->state, PLAN_WAITING);
    ck_assert_uint_eq(view(PLAN_BGSAVE)->results[PLAN_SKIPPED], 2);
    ck_assert_uint_eq(view(PLAN_BGSAVE)->failures, 0);
    ck_assert_int_gt(view(PLAN_BGSAVE)->next_ms, clock_wall_ms() + 3000);
    ck_assert_int_lt(view(PLAN_BGSAVE)->next_ms, clock_wall_ms() + 6000);
}
END_TEST

START_TEST(saves_later_than_in_the_second_of_the_last_save)
{
    char *info;
    int64_t second;

    begin_plan(NULL);
    plan_ask(plan, PLAN_BGSAVE, "test");
    AWAIT(asked.answer != NULL);
    while (clock_wall_ms() % 1000 > 500)
        usleep(10000);
    second = clock_wall_ms() / 1000;
    info = text_format(INFO "rdb_last_save_time:%lld\r\n", (long long)second);
    do
        reply("INFO", info);
    while (await_question() && strcmp(asked.command, "INFO") == 0);
    free(info);
    ck_assert_int_gt(clock_wall_ms() / 1000, second);
    reply("BGSAVE", "Background saving started");
}
END_TEST

START_TEST(leaves_the_server_at_its_save_when_it_stops)
{
    json_t *saved;

    begin_plan(NULL);
    plan_ask(plan, PLAN_BGSAVE, "test");
    reply("INFO", INFO);
    reply("BGSAVE", "Background saving started");
    AWAIT(asked.answer != NULL);
    plan_stop(plan, on_stopped, NULL);
    ck_assert_ptr_null(asked.context);
    AWAIT(stopped);
    saved = plan_write(plan);
    ck_assert(json_is_true(
        json_object_get(json_object_get(saved, "bgsave"), "again")));
    json_decref(saved);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("plan");
    TCase *cases = tcase_create("plan");
    SRunner *runner;
    int failed;

    tcase_add_checked_fixture(cases, begin, end);
    tcase_add_test(cases, runs_what_is_due_and_tells_what_came_of_it);
    tcase_add_test(cases, shows_what_runs);
    tcase_add_test(cases, runs_once_more_what_was_wanted_while_it_ran);
    tcase_add_loop_test(cases, tells_results_apart, 0,
                        sizeof results / sizeof *results);
    tcase_add_test(cases, prunes_after_a_snapshot_that_was_tried);
    tcase_add_test(cases, waits_for_a_server_that_is_away);
    tcase_add_test(cases, needs_no_server_where_the_folder_is_known);
    tcase_add_test(cases, takes_the_first_snapshot_at_once);
    tcase_add_test(cases, takes_none_where_there_is_one_or_none_is_wanted);
    tcase_add_test(cases, remembers_its_past_and_its_next);
    tcase_add_test(cases, runs_again_what_was_interrupted);
    tcase_add_test(cases, catches_up_once_what_was_missed);
    tcase_add_loop_test(cases, begins_anew_with_a_state_it_does_not_know, 0,
                        sizeof odd / sizeof *odd);
    tcase_add_test(cases, stops_and_runs_again_later_what_it_has_cancelled);
    tcase_add_test(cases, stops_at_once_when_nothing_runs);
    tcase_add_test(cases, takes_another_schedule_and_keeps_the_others);
    tcase_add_test(cases, leaves_out_what_is_not_built);
    tcase_add_test(cases, has_the_server_save_and_follows_it);
    tcase_add_test(cases, follows_a_rewrite_over_a_lost_connection);
    tcase_add_test(cases, tries_again_what_the_server_cannot_do_now);
    tcase_add_test(cases, saves_later_than_in_the_second_of_the_last_save);
    tcase_add_test(cases, leaves_the_server_at_its_save_when_it_stops);
    suite_add_tcase(suite, cases);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
