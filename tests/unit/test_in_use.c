#include "jobs/in_use.h"

#include <check.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"

#define INCR "appendonlydir/appendonly.aof.1.incr.aof"
#define MANIFEST "appendonlydir/appendonly.aof.manifest"

static char path[64];
static int dir;
static struct error e;
static struct in_use use;

static void
put(const char *name, const char *text)
{
    int fd = openat(dir, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    close(fd);
}

static int
look(void)
{
    const struct in_use_options options = {.dir = dir, .path = path};

    return in_use_begin(&use, &options, &e);
}

static void
begin(void)
{
    snprintf(path, sizeof path, "/tmp/test_in_use.XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(path));
    dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    ck_assert_int_ge(dir, 0);
    ck_assert_int_eq(mkdirat(dir, "appendonlydir", 0700), 0);
    put(INCR, "*1\r\n$4\r\nPING\r\n");
    put(MANIFEST, "file appendonly.aof.1.incr.aof seq 1 type i\n");
    memset(&e, 0, sizeof e);
}

static void
end(void)
{
    struct error ignored;

    in_use_end(&use);
    close(dir);
    file_remove_tree(AT_FDCWD, path, &ignored);
}

/* A server that works there from after_ms on, for so long. */
static pid_t
start(int after_ms, int for_ms)
{
    int ready[2];
    char byte;
    pid_t pid;

    ck_assert_int_eq(pipe(ready), 0);
    pid = fork();
    if (pid == 0) {
        in_use_end(&use); /* what it inherited open */
        prctl(PR_SET_NAME, "redis-server");
        if (after_ms == 0 && fchdir(dir) != 0)
            _exit(1);
        if (write(ready[1], "x", 1) != 1)
            _exit(1);
        poll(NULL, 0, after_ms);
        if (fchdir(dir) != 0)
            _exit(1);
        poll(NULL, 0, for_ms);
        _exit(0);
    }
    ck_assert_int_eq(read(ready[0], &byte, 1), 1);
    close(ready[0]);
    close(ready[1]);
    return pid;
}

static void
stop(pid_t pid)
{
    kill(pid, SIGKILL);
    ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
}

START_TEST(refuses_a_server_that_is_there)
{
    pid_t pid = start(0, 60000);

    ck_assert_int_eq(look(), -1);
    ck_assert_int_eq(e.kind, ERROR_REFUSED);
    ck_assert_ptr_nonnull(strstr(e.text, "(redis-server) uses"));
    stop(pid);
}
END_TEST

START_TEST(waits_for_one_that_is_about_to_end)
{
    pid_t pid;

    ck_assert_int_eq(look(), 0);
    pid = start(0, 200);
    ck_assert_int_eq(in_use_again(&use, &e), 0);
    ck_assert_int_eq(e.kind, ERROR_NONE);
    stop(pid);
}
END_TEST

START_TEST(refuses_one_that_came_in_between_and_stays)
{
    uint64_t began = clock_steady_ms();
    pid_t pid;

    ck_assert_int_eq(look(), 0);
    pid = start(0, 60000);
    ck_assert_int_eq(in_use_again(&use, &e), -1);
    ck_assert_int_eq(e.kind, ERROR_REFUSED);
    ck_assert_uint_ge(clock_steady_ms() - began, IN_USE_WAIT_MS);
    stop(pid);
}
END_TEST

START_TEST(leaves_those_alone_that_come_while_it_waits)
{
    pid_t early, late;

    ck_assert_int_eq(look(), 0);
    early = start(0, 400);
    late = start(200, 60000);
    ck_assert_int_eq(in_use_again(&use, &e), 0);
    stop(early);
    stop(late);
}
END_TEST

START_TEST(refuses_a_file_that_was_written_in_between)
{
    ck_assert_int_eq(look(), 0);
    put(INCR, "*1\r\n$4\r\nPING\r\n*1\r\n$4\r\nPING\r\n");
    ck_assert_int_eq(in_use_again(&use, &e), -1);
    ck_assert_int_eq(e.kind, ERROR_REFUSED);
    ck_assert_ptr_nonnull(strstr(e.text, "is being written"));
}
END_TEST

START_TEST(looks_at_the_files_it_knew_when_tripwires_have_their_names)
{
    int writer;

    ck_assert_int_eq(look(), 0);
    ck_assert_int_eq(renameat(dir, INCR, dir, "elsewhere"), 0);
    put(MANIFEST, "");
    ck_assert_int_eq(in_use_again(&use, &e), 0);
    writer = openat(dir, "elsewhere", O_WRONLY | O_CLOEXEC);
    ck_assert_int_eq(in_use_again(&use, &e), -1);
    ck_assert_int_eq(e.kind, ERROR_REFUSED);
    close(writer);
}
END_TEST

START_TEST(refuses_while_a_dump_is_made)
{
    int writer =
        openat(dir, "temp-7.rdb", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

    ck_assert_int_eq(look(), -1);
    ck_assert_int_eq(e.kind, ERROR_REFUSED);
    ck_assert_ptr_nonnull(strstr(e.text, "temp-7.rdb"));
    close(writer);
    memset(&e, 0, sizeof e);
    in_use_end(&use);
    ck_assert_int_eq(look(), 0);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("in_use");
    TCase *cases = tcase_create("in_use");
    SRunner *runner;
    int failed;

    tcase_add_checked_fixture(cases, begin, end);
    tcase_add_test(cases, refuses_a_server_that_is_there);
    tcase_add_test(cases, waits_for_one_that_is_about_to_end);
    tcase_add_test(cases, refuses_one_that_came_in_between_and_stays);
    tcase_add_test(cases, leaves_those_alone_that_come_while_it_waits);
    tcase_add_test(cases, refuses_a_file_that_was_written_in_between);
    tcase_add_test(cases,
                   looks_at_the_files_it_knew_when_tripwires_have_their_names);
    tcase_add_test(cases, refuses_while_a_dump_is_made);
    suite_add_tcase(suite, cases);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
