#include "daemon/worker.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include <event2/event.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/text.h"
#include "folder.h"

enum { LIMIT_S = 20 };

static struct event_base *base;
static char *program;

static struct {
    unsigned calls;
    struct worker_outcome o;
} got;

static void
begin(void)
{
    folder_begin();
    base = event_base_new();
    ck_assert_ptr_nonnull(base);
    program = text_format("%s/program", path);
    memset(&got, 0, sizeof got);
    log_set_level(LOG_LEVEL_ERROR);
}

static void
end(void)
{
    json_decref(got.o.report);
    event_base_free(base);
    free(program);
    folder_end();
}

/* A shell script in place of redkeep; $3 and what follows are its arguments. */
static void
write_program(const char *script)
{
    char *text = text_format("#!/bin/sh\n%s\n", script);

    ck_assert_msg(file_replace(dir, "program", text, strlen(text), 0755, &e) ==
                      0,
                  "%s", e.text);
    free(text);
}

static void
take(void *context, const struct worker_outcome *outcome)
{
    ck_assert_ptr_eq(context, &got);
    got.calls++;
    got.o = *outcome;
    json_incref(got.o.report);
    event_base_loopbreak(base);
}

static const char *const plain[] = {"redkeep", "snapshot", NULL};

/* Runs the program that is there. */
static struct worker *
start_again(struct worker_task task)
{
    struct worker *w;

    task.program = program;
    if (task.argv == NULL)
        task.argv = plain;
    w = worker_start(base, &task, take, &got, &e);
    ck_assert_msg(w != NULL, "%s", e.text);
    ck_assert_uint_eq(got.calls, 0);
    return w;
}

static struct worker *
start(const char *script, struct worker_task task)
{
    write_program(script);
    return start_again(task);
}

static void
await(void)
{
    struct timeval limit = {.tv_sec = LIMIT_S};

    event_base_loopexit(base, &limit);
    event_base_dispatch(base);
    ck_assert_uint_eq(got.calls, 1);
}

static void
run(const char *script, struct worker_task task)
{
    start(script, task);
    await();
}

static const char *
reported(const char *key)
{
    ck_assert_msg(got.o.report != NULL, "%d: %s", got.o.exit_status,
                  got.o.text);
    return json_string_value(json_object_get(got.o.report, key));
}

START_TEST(gives_the_report_and_the_status)
{
    run("[ \"$1 $2 $3\" = '--report-fd 3 snapshot' ] &&"
        " echo '{\"id\": \"x\"}' >&3; exit 0",
        (struct worker_task){0});
    ck_assert_int_eq(got.o.exit_status, 0);
    ck_assert_int_eq(got.o.signal, 0);
    ck_assert_str_eq(got.o.text, "");
    ck_assert_str_eq(reported("id"), "x");
}
END_TEST

static const struct {
    const char *script;
    int status, signal;
    const char *text;
} fails[] = {
    {"echo 'TIME level odd'; echo one >&2; echo 'two words' >&2; exit 7", 7, 0,
     "two words"},
    {"echo last >&2; echo '{\"error\": \"no space\"}' >&3; exit 3", 3, 0,
     "no space"},
    {"echo '2026-11-20T11:30:00.123Z warning repository is odd' >&2; exit 9", 9,
     0, "repository is odd"},
    {"printf 'no end' >&2; exit 7", 7, 0, "no end"},
    {"exit 7", 7, 0, "exit status 7: it reported nothing"},
    {"exit 0", 0, 0, "exit status 0: it reported nothing"},
    {"echo garbage >&3", 0, 0, "exit status 0: its report cannot be read: "},
    {"echo '[1]' >&3", 0, 0, "exit status 0: its report is not an object"},
    {"echo '{} {}' >&3", 0, 0,
     "exit status 0: its report cannot be read: end of file expected"},
    {"head -c 17000000 /dev/zero >&3; exit 0", 0, 0,
     "exit status 0: its report is larger than 16 MiB"},
    {"kill -SEGV $$", -1, SIGSEGV, "ended by signal 11 (Segmentation fault)"},
    {"echo deep >&2; kill -KILL $$", -1, SIGKILL,
     "ended by signal 9 (Killed): deep"},
    {"echo '{\"id\": \"x\"}' >&3; kill -ABRT $$", -1, SIGABRT,
     "ended by signal 6 (Aborted)"},
};

START_TEST(says_why_one_failed)
{
    run(fails[_i].script, (struct worker_task){0});
    ck_assert_int_eq(got.o.exit_status, fails[_i].status);
    ck_assert_int_eq(got.o.signal, fails[_i].signal);
    ck_assert_msg(strncmp(got.o.text, fails[_i].text, strlen(fails[_i].text)) ==
                      0,
                  "%s", got.o.text);
}
END_TEST

START_TEST(tells_a_program_that_is_not_there)
{
    struct worker_task task = {.program = "/nonexistent/redkeep",
                               .argv = plain};

    ck_assert_ptr_nonnull(worker_start(base, &task, take, &got, &e));
    await();
    ck_assert_int_eq(got.o.exit_status, 127);
    ck_assert_str_eq(
        got.o.text,
        "cannot run /nonexistent/redkeep: No such file or directory");
}
END_TEST

START_TEST(gives_input_of_any_size)
{
    size_t size = 1 << 20;
    char *input = memory_new(size);

    memset(input, 'x', size);
    run("echo \"{\\\"n\\\": $(wc -c)}\" >&3",
        (struct worker_task){.input = input, .input_size = size});
    free(input);
    ck_assert_int_eq(json_integer_value(json_object_get(got.o.report, "n")),
                     1 << 20);
}
END_TEST

START_TEST(goes_on_when_its_input_is_not_read)
{
    char input[200000] = "x";

    run("exec 0</dev/null; echo '{}' >&3",
        (struct worker_task){.input = input, .input_size = sizeof input});
    ck_assert_int_eq(got.o.exit_status, 0);
}
END_TEST

START_TEST(ends_it_at_its_time_limit)
{
    uint64_t begun = clock_steady_ms();

    run("sleep 100", (struct worker_task){.time_limit_ms = 200});
    ck_assert(got.o.timed_out);
    ck_assert_str_eq(got.o.text, "time limit of 200 ms reached");
    ck_assert_uint_lt(clock_steady_ms() - begun, 5000);
    ck_assert_uint_ge(got.o.took_ms, 200);
}
END_TEST

START_TEST(cancels_it)
{
    struct worker *w = start("sleep 100", (struct worker_task){0});

    worker_cancel(w);
    worker_cancel(w);
    await();
    ck_assert(got.o.cancelled);
    ck_assert_int_eq(got.o.signal, SIGTERM);
    ck_assert_str_eq(got.o.text, "cancelled");
}
END_TEST

START_TEST(lets_a_cancelled_one_end_well)
{
    char *ready = text_format("%s/ready", path);
    char *script = text_format("trap 'echo {} >&3; exit 0' TERM; touch %s\n"
                               "while :; do sleep 0.01; done",
                               ready);
    struct worker *w = start(script, (struct worker_task){0});

    /* It would end by the signal before it has its trap. */
    while (access(ready, F_OK) != 0)
        usleep(1000);
    worker_cancel(w);
    await();
    free(script);
    free(ready);
    ck_assert_int_eq(got.o.exit_status, 0);
    ck_assert_str_eq(got.o.text, "");
}
END_TEST

START_TEST(names_the_memory_limit)
{
    run("echo 'out of memory' >&2; exit 3",
        (struct worker_task){.memory_bytes = 64 << 20});
    ck_assert_str_eq(
        got.o.text, "memory limit of 64 MiB ([jobs] memory_limit) reached: out "
                    "of memory");
}
END_TEST

START_TEST(sets_the_limits)
{
    run("echo \"{\\\"data\\\": $(ulimit -d), \\\"core\\\": $(ulimit -c),"
        " \\\"nice\\\": $(nice),"
        " \\\"io\\\": \\\"$(ionice -p $$)\\\"}\" >&3",
        (struct worker_task){
            .memory_bytes = 64 << 20, .nice = 11, .io_idle = true});
    ck_assert_msg(got.o.report != NULL, "%s", got.o.text);
    ck_assert_int_eq(json_integer_value(json_object_get(got.o.report, "data")),
                     64 << 10);
    ck_assert_int_eq(json_integer_value(json_object_get(got.o.report, "core")),
                     0);
    ck_assert_int_eq(json_integer_value(json_object_get(got.o.report, "nice")),
                     11);
    ck_assert_str_eq(reported("io"), "idle");
}
END_TEST

START_TEST(leaves_no_descriptors_to_it)
{
    int stray = open("/dev/null", O_RDONLY);

    ck_assert_int_ge(stray, 0);
    /* 10 is where the shell has its script. */
    run("for n in 4 5 6 7 8 9 11 12 13 14 15 16 17 18 19 20; do"
        " [ ! -e /proc/$$/fd/$n ] || exit 9; done; echo {} >&3",
        (struct worker_task){0});
    ck_assert_int_eq(got.o.exit_status, 0);
    close(stray);
}
END_TEST

START_TEST(leaves_the_one_it_is_to_have)
{
    int keep = fcntl(dir, F_DUPFD_CLOEXEC, 20);
    char *script;

    ck_assert_int_ge(keep, 20);
    script = text_format("[ -e /proc/self/fd/%d/program ] || exit 9;"
                         " echo {} >&3",
                         keep);
    run(script, (struct worker_task){.keep = keep});
    ck_assert_int_eq(got.o.exit_status, 0);
    close(keep);
    free(script);
}
END_TEST

START_TEST(ends_what_it_has_started)
{
    char *sign = text_format("%s/sign", path), *script;

    script = text_format("(sleep 0.5; touch %s) & echo {} >&3", sign);
    run(script, (struct worker_task){0});
    usleep(700000);
    ck_assert_int_ne(access(sign, F_OK), 0);
    free(script);
    free(sign);
}
END_TEST

START_TEST(bounds_what_it_says)
{
    run("yes 'again and again' | head -n 100000 >&2; echo the end >&2; exit 1",
        (struct worker_task){0});
    ck_assert_str_eq(got.o.text, "the end");
}
END_TEST

START_TEST(kills_it_when_freed)
{
    struct worker *w = start("sleep 100", (struct worker_task){0});
    pid_t pid = worker_pid(w);

    ck_assert_int_eq(kill(pid, 0), 0);
    worker_free(w);
    ck_assert_int_ne(kill(pid, 0), 0);
    ck_assert_uint_eq(got.calls, 0);
    worker_free(NULL);
}
END_TEST

/* Starts a worker in a process that is killed then. */
START_TEST(dies_with_the_agent)
{
    char *sign = text_format("%s/pid", path), *script;
    int told[2];
    pid_t agent, child;

    script = text_format("echo $$ >%s.new; mv %s.new %s; sleep 100", sign, sign,
                         sign);
    ck_assert_int_eq(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
    ck_assert_int_eq(pipe(told), 0);
    agent = fork();
    if (agent == 0) {
        struct worker *w;

        event_reinit(base);
        w = start(script, (struct worker_task){0});
        child = worker_pid(w);
        if (write(told[1], &child, sizeof child) < 0)
            _exit(1);
        pause();
    }
    ck_assert_int_eq(read(told[0], &child, sizeof child), sizeof child);
    while (access(sign, F_OK) != 0)
        usleep(1000);
    kill(agent, SIGKILL);
    ck_assert_int_eq(waitpid(agent, NULL, 0), agent);
    /* Ours now; it has ended, or this waits for ever. */
    ck_assert_int_eq(waitpid(child, NULL, 0), child);
    free(script);
    free(sign);
}
END_TEST

START_TEST(keeps_two_apart)
{
    static const char script[] =
        "[ $3 != verify ] || exec sleep 100; echo '{\"id\": \"x\"}' >&3";
    static const char *const verify[] = {"redkeep", "verify", NULL};
    struct worker *other = start(script, (struct worker_task){.argv = verify});

    start_again((struct worker_task){0});
    await();
    ck_assert_str_eq(reported("id"), "x");
    worker_free(other);
}
END_TEST

START_TEST(finds_the_program_beside_itself_or_in_path)
{
    char *found;

    setenv("PATH", "/nonexistent", 1);
    ck_assert_ptr_null(worker_find_program(&e));
    write_program("exit 0");
    ck_assert_int_eq(renameat(dir, "program", dir, "redkeep"), 0);
    setenv("PATH", path, 1);
    found = worker_find_program(&e);
    ck_assert_msg(found != NULL, "%s", e.text);
    ck_assert_int_eq(strncmp(found, path, strlen(path)), 0);
    free(found);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("worker");
    TCase *cases = tcase_create("worker");
    SRunner *runner;
    int failed;

    tcase_add_checked_fixture(cases, begin, end);
    tcase_add_test(cases, gives_the_report_and_the_status);
    tcase_add_loop_test(cases, says_why_one_failed, 0,
                        sizeof fails / sizeof *fails);
    tcase_add_test(cases, tells_a_program_that_is_not_there);
    tcase_add_test(cases, gives_input_of_any_size);
    tcase_add_test(cases, goes_on_when_its_input_is_not_read);
    tcase_add_test(cases, ends_it_at_its_time_limit);
    tcase_add_test(cases, cancels_it);
    tcase_add_test(cases, lets_a_cancelled_one_end_well);
    tcase_add_test(cases, names_the_memory_limit);
    tcase_add_test(cases, sets_the_limits);
    tcase_add_test(cases, leaves_no_descriptors_to_it);
    tcase_add_test(cases, leaves_the_one_it_is_to_have);
    tcase_add_test(cases, ends_what_it_has_started);
    tcase_add_test(cases, bounds_what_it_says);
    tcase_add_test(cases, kills_it_when_freed);
    tcase_add_test(cases, dies_with_the_agent);
    tcase_add_test(cases, keeps_two_apart);
    tcase_add_test(cases, finds_the_program_beside_itself_or_in_path);
    suite_add_tcase(suite, cases);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
