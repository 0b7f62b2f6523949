#include "daemon/worker.h"

#include "test_worker_scene.h"

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

/* Starts a worker in a process that is killed then. */
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
    tcase_add_test(cases, cancels_it);
    tcase_add_test(cases, lets_a_cancelled_one_end_well);
    tcase_add_test(cases, keeps_two_apart);
    suite_add_tcase(suite, cases);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
