#include "daemon/child.h"

#include <signal.h>

#include "loop.h"

static char lines[1024], how[CHILD_HOW_SIZE];
static struct child *child;
static bool free_at_line;

static void
take_line(void *context, const char *line)
{
    ck_assert_ptr_eq(context, lines);
    ck_assert_ptr_nonnull(child);
    strcat(strcat(lines, line), "|");
    if (free_at_line) {
        child_free(child, SIGKILL);
        child = NULL;
    }
}

static void
take_end(void *context, const char *text)
{
    ck_assert_ptr_eq(context, lines);
    snprintf(how, sizeof how, "%s", text);
    child = NULL;
}

static void
begin(void)
{
    loop_begin();
    lines[0] = how[0] = '\0';
    free_at_line = false;
}

static void
start(size_t line_max)
{
    static const char *const argv[] = {"redkeep", "keeper", NULL};
    struct child_task task = {.program = program,
                              .argv = argv,
                              .death_signal = SIGKILL,
                              .line_max = line_max};
    struct child_events events = {
        .line = take_line, .ended = take_end, .context = lines};

    child = child_start(base, &task, &events, &e);
    ck_assert_msg(child != NULL, "%s", e.text);
}

static bool
has_ended(void)
{
    return how[0] != '\0';
}

static const struct {
    const char *script, *lines, *how;
} ends[] = {
    {"echo a; echo b; exit 3", "a|b|", "exit status 3"},
    {"echo a; printf rest; exit 0", "a|", "exit status 0"},
    {"kill -9 $$", "", "signal 9 (Killed) ended it"},
    {"echo $1; exec >&- <&-; sleep 0.2", "keeper|", "exit status 0"},
    {"read x; echo \"got $x\"", "got hello|", "exit status 0"},
    {"echo a; yes x | head -c 30000 | tr -d '\\n'; exec sleep 1000", "a|",
     "it wrote a line of more than 8192 bytes"},
};

START_TEST(tells_each_line_and_then_the_end)
{
    write_program(ends[_i].script);
    start(8192);
    child_send(child, "hello");
    turn_until(has_ended);
    ck_assert_str_eq(lines, ends[_i].lines);
    ck_assert_str_eq(how, ends[_i].how);
    ck_assert(is_childless());
}
END_TEST

START_TEST(says_that_it_cannot_be_executed)
{
    start(100);
    turn_until(has_ended);
    ck_assert_str_eq(how, "it cannot be executed");
}
END_TEST

START_TEST(tells_many_lines_at_the_end)
{
    size_t count = 0;

    write_program("yes | head -n 400");
    start(8192);
    turn_until(has_ended);
    for (const char *at = lines; *at != '\0'; at++)
        count += *at == '|';
    ck_assert_uint_eq(count, 400);
}
END_TEST

/* What is sent to it fails before what it said is read. */
START_TEST(loses_nothing_of_one_that_did_not_read_its_input)
{
    siginfo_t info;

    write_program("echo a; echo b");
    start(8192);
    ck_assert_int_eq(waitid(P_ALL, 0, &info, WEXITED | WNOWAIT), 0);
    child_send(child, "hello");
    turn_until(has_ended);
    ck_assert_str_eq(lines, "a|b|");
}
END_TEST

START_TEST(is_silent_and_reaped_after_it_was_freed)
{
    write_program("echo ready; exec sleep 1000");
    free_at_line = true;
    start(100);
    turn_until(is_childless);
    ck_assert_str_eq(lines, "ready|");
    ck_assert_str_eq(how, "");
}
END_TEST

START_TEST(reads_the_end_of_its_input_when_it_is_freed)
{
    write_program("trap '' TERM; echo ready; cat; touch ended");
    free_at_line = true;
    start(100);
    free_at_line = false;
    while (lines[0] == '\0')
        turn();
    child_free(child, SIGTERM);
    turn_until(is_childless);
    ck_assert(has_file("ended"));
    ck_assert_str_eq(how, "");
}
END_TEST

START_TEST(dies_with_its_parent)
{
    pid_t parent;
    char *text, *stat_path;
    bool gone = false;

    write_program("echo $$ >pid.new; mv pid.new pid; trap '' TERM HUP; "
                  "while :; do sleep 1; done");
    parent = fork();
    if (parent == 0) {
        event_reinit(base);
        start(100);
        while (!has_file("pid"))
            usleep(10000);
        _exit(0);
    }
    waitpid(parent, NULL, 0);
    text = load("pid");
    stat_path = text_format("/proc/%ld/stat", strtol(text, NULL, 10));
    free(text);
    for (int left = 1000; !gone; left--) {
        size_t size;

        ck_assert_int_gt(left, 0);
        gone = file_load(AT_FDCWD, stat_path, 4096, &text, &size, &e) != 0;
        if (!gone) {
            gone = strstr(text, ") Z") != NULL;
            free(text);
        }
        usleep(10000);
    }
    free(stat_path);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("child");
    TCase *tc = tcase_create("all");
    SRunner *runner;
    int failed;

    tcase_add_checked_fixture(tc, begin, loop_end);
    tcase_add_loop_test(tc, tells_each_line_and_then_the_end, 0,
                        sizeof ends / sizeof *ends);
    tcase_add_test(tc, says_that_it_cannot_be_executed);
    tcase_add_test(tc, tells_many_lines_at_the_end);
    tcase_add_test(tc, loses_nothing_of_one_that_did_not_read_its_input);
    tcase_add_test(tc, is_silent_and_reaped_after_it_was_freed);
    tcase_add_test(tc, reads_the_end_of_its_input_when_it_is_freed);
    tcase_add_test(tc, dies_with_its_parent);
    suite_add_tcase(suite, tc);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? 0 : 1;
}
