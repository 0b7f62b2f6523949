#include "jobs/shell.h"

#include <fcntl.h>
#include <signal.h>

#include "base/process.h"
#include "base/text.h"
#include "folder.h"

static struct shell_outcome o;

static void
begin(void)
{
    folder_begin();
    process_catch_stop(); /* as the program does: no SIGPIPE */
}

static void
run(struct shell_task task)
{
    task.timeout_ms = task.timeout_ms > 0 ? task.timeout_ms : 20000;
    task.watched = task.watched > 0 ? task.watched : -1;
    ck_assert_msg(shell_run(&task, &o, &e) == 0, "%s", e.text);
}

static const struct {
    const char *command, *output, *errors;
    int status;
} ends[] = {
    {"echo hello; echo more", "hello", "", 0},
    {"echo oops >&2; exit 7", "", "oops", 7},
    {"echo out; echo err >&2; exit 1", "out", "err", 1},
    {"echo; echo '  second  '", "second  ", "", 0},
    {"printf 'a\\033[31mb\\n'", "a\\x1b[31mb", "", 0},
    {"true", "", "", 0},
    {"nosuchcommand-", "", "sh: 1: nosuchcommand-: not found", 127},
    {"exec >&- 2>&-; exit 4", "", "", 4},
    {"exec <&-; echo deaf", "deaf", "", 0},
};

START_TEST(keeps_the_first_lines_and_the_exit_status)
{
    run((struct shell_task){.command = ends[_i].command});
    ck_assert_str_eq(o.output, ends[_i].output);
    if (ends[_i].status != 127)
        ck_assert_str_eq(o.errors, ends[_i].errors);
    else /* each shell has its own words */
        ck_assert_ptr_nonnull(strstr(o.errors, "not found"));
    ck_assert_int_eq(o.exit_status, ends[_i].status);
    ck_assert_int_eq(o.signal, 0);
    ck_assert(!o.timed_out);
}
END_TEST

START_TEST(tells_the_signal)
{
    run((struct shell_task){.command = "kill -TERM $$"});
    ck_assert_int_eq(o.exit_status, -1);
    ck_assert_int_eq(o.signal, SIGTERM);
}
END_TEST

START_TEST(gives_input_and_variables)
{
    static const char *const variables[] = {"REDKEEP_A=x = y",
                                            "REDKEEP_B=", NULL};

    run((struct shell_task){
        .command = "read line; echo \"$line|$REDKEEP_A|${REDKEEP_B-unset}\"",
        .input = "{\"a\":1}\n",
        .variables = variables});
    ck_assert_str_eq(o.output, "{\"a\":1}|x = y|");
}
END_TEST

START_TEST(takes_more_than_a_pipe_holds_both_ways)
{
    char *much = malloc(1000001);

    memset(much, 'x', 1000000);
    much[1000000] = '\0';
    run((struct shell_task){.command = "cat | wc -c; yes | head -c 1000000",
                            .input = much});
    ck_assert_str_eq(o.output, "1000000");
    run((struct shell_task){.command = "exit 0", .input = much});
    ck_assert_int_eq(o.exit_status, 0);
    free(much);
}
END_TEST

/* One that init has not taken yet is gone, too. */
static bool
is_gone(long pid)
{
    char *stat_path = text_format("/proc/%ld/stat", pid), *stat = NULL;
    size_t size;
    bool is = file_load(AT_FDCWD, stat_path, 4096, &stat, &size, &e) != 0 ||
              strstr(stat, ") Z") != NULL;

    free(stat_path);
    free(stat);
    return is;
}

/* The command wrote its number there, and the sleep's. */
static void
expect_all_gone(void)
{
    char *text, *at;
    size_t size;

    ck_assert_int_eq(file_load(dir, "pids", 100, &text, &size, &e), 0);
    at = text;
    for (int i = 0; i < 2; i++) {
        long pid = strtol(at, &at, 10);

        ck_assert_int_gt(pid, 1);
        for (int left = 1000; !is_gone(pid); left--) {
            ck_assert_int_gt(left, 0);
            usleep(10000);
        }
    }
    free(text);
}

static char *
make_sleeper(void)
{
    return text_format("cd %s; sleep 1000 & echo $$ $! >pids; wait", path);
}

static const struct {
    const char *command, *first, *last;
} words[] = {
    {"echo one >&2", "one", "one"},
    {"printf 'one\n\ntwo\n  three \n\n' >&2", "one", "three"},
    {"echo first >&2; yes | head -c 100000 >&2; echo; echo last >&2", "first",
     "last"},
    {"printf 'one\ntwo' >&2", "one", "two"},
    {"echo out", "", ""},
};

START_TEST(keeps_the_last_line_of_its_errors)
{
    run((struct shell_task){.command = words[_i].command});
    ck_assert_str_eq(o.errors, words[_i].first);
    ck_assert_str_eq(o.last_error, words[_i].last);
}
END_TEST

static size_t taken;

static int
take(void *context, const char *bytes, size_t size, struct error *why)
{
    ck_assert_ptr_eq(context, &taken);
    ck_assert_int_eq(bytes[0], 'x');
    taken += size;
    return taken < 3000000 ? 0 : error_set(why, ERROR_FAILED, "enough");
}

START_TEST(hands_on_what_it_prints_to_the_last_byte)
{
    taken = 0;
    run((struct shell_task){
        .command = "head -c 2500000 /dev/zero | tr '\\0' x; exit 3",
        .take = take,
        .context = &taken});
    ck_assert_uint_eq(taken, 2500000);
    ck_assert_int_eq(o.exit_status, 3);
    ck_assert_str_eq(o.output, "");
}
END_TEST

START_TEST(ends_one_whose_words_are_not_wanted)
{
    const struct shell_task task = {
        .command = "echo oops >&2; tr '\\0' x </dev/zero",
        .timeout_ms = 20000,
        .watched = -1,
        .take = take,
        .context = &taken};

    taken = 0;
    ck_assert_int_eq(shell_run(&task, &o, &e), -1);
    ck_assert_str_eq(e.text, "enough");
    ck_assert_uint_lt(o.took_ms, 20000);
    ck_assert_str_eq(o.errors, "oops");
}
END_TEST

START_TEST(ends_the_whole_group_when_its_time_is_over)
{
    char *command = make_sleeper();

    run((struct shell_task){.command = command, .timeout_ms = 300});
    free(command);
    ck_assert(o.timed_out);
    ck_assert_uint_ge(o.took_ms, 300);
    expect_all_gone();
}
END_TEST

START_TEST(leaves_nothing_in_the_background)
{
    char *command =
        text_format("cd %s; sleep 1000 & echo $$ $! >pids; echo done", path);

    run((struct shell_task){.command = command});
    free(command);
    ck_assert_str_eq(o.output, "done");
    ck_assert_uint_lt(o.took_ms, 15000);
    expect_all_gone();
}
END_TEST

START_TEST(ends_when_whoever_asked_is_gone)
{
    char *command = make_sleeper();
    struct shell_task task = {.command = command, .timeout_ms = 20000};
    int pipes[2];

    ck_assert_int_eq(pipe(pipes), 0);
    task.watched = pipes[0];
    /* The sleeper has written its numbers when it waits. */
    if (fork() == 0) {
        while (faccessat(dir, "pids", R_OK, 0) != 0)
            usleep(10000);
        _exit(0);
    }
    close(pipes[1]);
    ck_assert_int_eq(shell_run(&task, &o, &e), -1);
    ck_assert_int_eq(e.kind, ERROR_STOPPED);
    close(pipes[0]);
    free(command);
    expect_all_gone();
}
END_TEST

START_TEST(ends_when_it_is_asked_to_stop)
{
    char *command = make_sleeper();
    struct shell_task task = {
        .command = command, .timeout_ms = 20000, .watched = -1};
    pid_t parent = getpid();

    if (fork() == 0) {
        while (faccessat(dir, "pids", R_OK, 0) != 0)
            usleep(10000);
        kill(parent, SIGTERM);
        _exit(0);
    }
    ck_assert_int_eq(shell_run(&task, &o, &e), -1);
    ck_assert_int_eq(e.kind, ERROR_STOPPED);
    free(command);
    expect_all_gone();
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("shell");
    TCase *tc = tcase_create("all");
    SRunner *runner;
    int failed;

    tcase_add_checked_fixture(tc, begin, folder_end);
    tcase_add_loop_test(tc, keeps_the_first_lines_and_the_exit_status, 0,
                        sizeof ends / sizeof *ends);
    tcase_add_test(tc, tells_the_signal);
    tcase_add_test(tc, gives_input_and_variables);
    tcase_add_test(tc, takes_more_than_a_pipe_holds_both_ways);
    tcase_add_loop_test(tc, keeps_the_last_line_of_its_errors, 0,
                        sizeof words / sizeof *words);
    tcase_add_test(tc, hands_on_what_it_prints_to_the_last_byte);
    tcase_add_test(tc, ends_one_whose_words_are_not_wanted);
    tcase_add_test(tc, ends_the_whole_group_when_its_time_is_over);
    tcase_add_test(tc, leaves_nothing_in_the_background);
    tcase_add_test(tc, ends_when_whoever_asked_is_gone);
    tcase_add_test(tc, ends_when_it_is_asked_to_stop);
    suite_add_tcase(suite, tc);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? 0 : 1;
}
