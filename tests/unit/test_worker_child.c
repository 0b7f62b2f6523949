#include "daemon/worker.h"

#include "test_worker_scene.h"

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
    Suite *suite = suite_create("worker_child");
    TCase *cases = tcase_create("worker_child");
    SRunner *runner;
    int failed;

    tcase_add_checked_fixture(cases, begin, end);
    tcase_add_test(cases, ends_it_at_its_time_limit);
    tcase_add_test(cases, names_the_memory_limit);
    tcase_add_test(cases, sets_the_limits);
    tcase_add_test(cases, leaves_no_descriptors_to_it);
    tcase_add_test(cases, leaves_the_one_it_is_to_have);
    tcase_add_test(cases, ends_what_it_has_started);
    tcase_add_test(cases, bounds_what_it_says);
    tcase_add_test(cases, kills_it_when_freed);
    tcase_add_test(cases, dies_with_the_agent);
    tcase_add_test(cases, finds_the_program_beside_itself_or_in_path);
    suite_add_tcase(suite, cases);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
