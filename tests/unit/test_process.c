#include "base/process.h"

#include <check.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"

static char path[64];
static char *own_title; /* what /proc shows of our command line */
static int dir;
static struct error e;

static void
begin(void)
{
    snprintf(path, sizeof path, "/tmp/test_process.XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(path));
    dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    ck_assert_int_ge(dir, 0);
    ck_assert_int_eq(mkdirat(dir, "appendonlydir", 0700), 0);
    ck_assert_int_eq(mkdirat(dir, ".redkeep", 0700), 0);
    memset(&e, 0, sizeof e);
}

static void
end(void)
{
    struct error ignored;

    close(dir);
    file_remove_tree(AT_FDCWD, path, &ignored);
}

/* A process that goes where told, opens what told, and waits. */
struct other {
    const char *command; /* its name, NULL: ours */
    const char *cwd;
    const char *file; /* opened by flags, kept open */
    int flags;
    bool removed;      /* the file has lost its name */
    const char *title; /* its command line; NULL: ours */
};

static pid_t
start(const struct other *other)
{
    int ready[2];
    char byte;
    pid_t pid;

    ck_assert_int_eq(pipe(ready), 0);
    pid = fork();
    if (pid == 0) {
        if (other->command != NULL)
            prctl(PR_SET_NAME, other->command);
        if (other->title != NULL)
            strncpy(own_title, other->title, strlen(own_title));
        if (other->file != NULL &&
            openat(dir, other->file, other->flags, 0600) < 0)
            _exit(1);
        if (other->removed)
            unlinkat(dir, other->file, 0);
        if (other->cwd != NULL && (fchdir(dir) != 0 || chdir(other->cwd) != 0))
            _exit(1);
        if (write(ready[1], "x", 1) != 1)
            _exit(1);
        pause();
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

#define AOF "appendonlydir/1.aof"
enum { CREAT = O_RDONLY | O_CREAT };

static const struct {
    struct other other;
    size_t found;
} users[] = {
    {{.command = "redis-server", .cwd = "."}, 1},
    {{.command = "valkey-server", .cwd = "."}, 1},
    {{.command = "redis-server", .cwd = "/"}, 0},
    {{.command = "redis-server", .cwd = "appendonlydir"}, 0},
    {{.command = "redis-server", .cwd = ".", .title = "redis [sentinel]"}, 0},
    {{.command = "bash", .cwd = "."}, 0},
    {{.command = "redis-cli", .cwd = "."}, 0},
    {{.command = "worker", .file = "dump.rdb", .flags = O_RDWR | O_CREAT}, 1},
    {{.command = "worker", .file = "dump.rdb", .flags = CREAT}, 0},
    {{.command = "redis-server", .file = "dump.rdb", .flags = CREAT}, 1},
    {{.command = "worker", .file = AOF, .flags = O_WRONLY | O_CREAT}, 1},
    {{.command = "worker",
      .file = AOF,
      .flags = O_RDWR | O_CREAT,
      .removed = 1},
     1},
    {{.command = "redis-server",
      .cwd = "appendonlydir",
      .file = AOF,
      .flags = O_WRONLY | O_CREAT},
     0},
    {{.command = "worker", .file = "/dev/null", .flags = O_RDWR}, 0},
    {{.command = "tee", .file = "redis.log", .flags = O_WRONLY | O_CREAT}, 0},
    {{.command = "vi", .file = ".dump.rdb.swp", .flags = O_RDWR | O_CREAT}, 0},
    {{.command = "redkeep",
      .file = ".redkeep/1.aof",
      .flags = O_RDWR | O_CREAT},
     0},
};

START_TEST(finds_who_uses_a_directory)
{
    struct process_users found;
    pid_t pid = start(&users[_i].other);

    ck_assert_int_eq(process_find_users(dir, &found, &e), 0);
    ck_assert_uint_eq(found.count, users[_i].found);
    if (users[_i].found) {
        ck_assert_int_eq(found.all[0].pid, pid);
        ck_assert_str_eq(found.all[0].command, users[_i].other.command);
    }
    process_clear_users(&found);
    stop(pid);
}
END_TEST

START_TEST(finds_all_of_them)
{
    struct other server = {.command = "redis-server", .cwd = "."};
    struct process_users found;
    pid_t one = start(&server), two = start(&server);

    ck_assert_int_eq(process_find_users(dir, &found, &e), 0);
    ck_assert_uint_eq(found.count, 2);
    ck_assert_int_eq(found.all[0].pid + found.all[1].pid, one + two);
    process_clear_users(&found);
    stop(one);
    stop(two);
}
END_TEST

START_TEST(finds_one_whose_directory_was_made_anew)
{
    struct other server = {.command = "redis-server", .cwd = "."};
    struct process_users found;
    pid_t pid = start(&server);

    file_remove_tree(AT_FDCWD, path, &e);
    close(dir);
    ck_assert_int_eq(mkdir(path, 0700), 0);
    dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    ck_assert_int_eq(process_find_users(dir, &found, &e), 0);
    ck_assert_uint_eq(found.count, 1);
    process_clear_users(&found);
    stop(pid);
}
END_TEST

/* Looks as somebody to whom the others are closed, by /proc mounted so. */
static size_t
hidden_with(const char *options, struct process_view *suspect)
{
    struct process_users found;
    size_t hidden = 0;

    if (unshare(CLONE_NEWNS) != 0 ||
        mount("none", "/proc", NULL, MS_PRIVATE, NULL) != 0 ||
        mount("proc", "/proc", "proc", 0, options) != 0 || setgid(65534) != 0 ||
        setuid(65534) != 0 || process_find_users(dir, &found, &e) != 0)
        return 0;
    hidden = found.count == 0 ? found.hidden : 0;
    *suspect = found.suspect;
    process_clear_users(&found);
    return hidden;
}

static const char *const proc_options[] = {"hidepid=0", "hidepid=1",
                                           "hidepid=2"};

START_TEST(counts_those_that_are_hidden)
{
    struct other server = {.command = "redis-server", .cwd = "."};
    struct process_view suspect = {0};
    pid_t pid = start(&server), child;
    int status;

    ck_assert_int_eq(fchmod(dir, 0755), 0);
    child = geteuid() == 0 ? fork() : -1;
    if (child == 0) {
        bool hides = hidden_with(proc_options[_i], &suspect) > 0;

        /* Or another server of this machine, as well hidden. */
        _exit(hides && (_i > 0 || suspect.pid > 0) ? 0 : 1);
    }
    if (child > 0) {
        ck_assert_int_eq(waitpid(child, &status, 0), child);
        ck_assert_int_eq(status, 0);
    }
    stop(pid);
}
END_TEST

START_TEST(does_not_find_itself_or_its_ancestors)
{
    struct process_users found;
    int status, fd = openat(dir, "mine.rdb", O_RDWR | O_CREAT, 0600);
    pid_t child = fork();

    if (child == 0)
        _exit(process_find_users(dir, &found, &e) != 0 || found.count != 0);
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_int_eq(status, 0);
    close(fd);
}
END_TEST

START_TEST(looks_at_one_process)
{
    struct process_view view;
    struct stat st;
    struct other other = {.command = "redis-server", .cwd = "."};
    pid_t pid = start(&other);
    int64_t age;

    ck_assert_int_eq(process_look(pid, &view, &e), 0);
    ck_assert_int_eq(view.pid, pid);
    ck_assert_str_eq(view.command, "redis-server");
    ck_assert_int_eq(fstat(dir, &st), 0);
    ck_assert_uint_eq(view.cwd_device, st.st_dev);
    ck_assert_uint_eq(view.cwd_inode, st.st_ino);
    age = clock_wall_ms() - view.started_ms;
    ck_assert_int_gt(age, -3000);
    ck_assert_int_lt(age, 3000);
    stop(pid);
    ck_assert_int_eq(process_look(pid, &view, &e), -1);
    ck_assert_int_eq(e.kind, ERROR_ABSENT);
}
END_TEST

START_TEST(remembers_the_request_to_stop)
{
    process_catch_stop();
    ck_assert_int_eq(process_stop_signal(), 0);
    ck_assert_int_eq(process_check_stop(&e), 0);
    raise(SIGPIPE);
    ck_assert_int_eq(process_check_stop(&e), 0);
    raise(SIGINT);
    ck_assert_int_eq(process_stop_signal(), SIGINT);
    ck_assert_int_eq(process_check_stop(&e), -1);
    ck_assert_int_eq(e.kind, ERROR_STOPPED);
    ck_assert_str_eq(e.text, "stopped by SIGINT");
    raise(SIGTERM);
    ck_assert_int_eq(process_check_stop(&e), -1);
    ck_assert_str_eq(e.text, "stopped by SIGTERM");
}
END_TEST

static int
shell(const char *script, char *out, size_t size, unsigned timeout_ms,
      int *status)
{
    char *argv[] = {"sh", "-c", (char *)(uintptr_t)script, NULL};

    return process_run(argv, out, size, timeout_ms, status, &e);
}

START_TEST(runs_a_program_and_keeps_what_it_prints)
{
    char out[64];
    int status = -1;

    ck_assert_int_eq(shell("echo one; cat; echo two >&2; exit 3", out,
                           sizeof out, 5000, &status),
                     0);
    ck_assert_str_eq(out, "one\n");
    ck_assert(WIFEXITED(status));
    ck_assert_int_eq(WEXITSTATUS(status), 3);
}
END_TEST

START_TEST(keeps_as_much_as_there_is_room_for)
{
    char out[8];
    int status = -1;

    ck_assert_int_eq(shell("i=0; while [ $i -lt 9000 ]; do "
                           "echo 0123456789abcdef; i=$((i+1)); done",
                           out, sizeof out, 5000, &status),
                     0);
    ck_assert_str_eq(out, "0123456");
    ck_assert_int_eq(status, 0);
}
END_TEST

START_TEST(ends_what_takes_too_long)
{
    char out[64];
    int status = 0;
    uint64_t began = clock_steady_ms();

    ck_assert_int_eq(
        shell("echo begun; sleep 60", out, sizeof out, 200, &status), -1);
    ck_assert_uint_lt(clock_steady_ms() - began, 3000);
    ck_assert_str_eq(e.text, "sh did not end within 200 ms");
    ck_assert_str_eq(out, "begun\n");
    ck_assert(WIFSIGNALED(status));
}
END_TEST

START_TEST(does_not_wait_for_those_it_left_behind)
{
    char out[64];
    int status = 0;
    uint64_t began = clock_steady_ms();

    ck_assert_int_eq(
        shell("sleep 60 & echo left", out, sizeof out, 5000, &status), 0);
    ck_assert_uint_lt(clock_steady_ms() - began, 3000);
    ck_assert_str_eq(out, "left\n");
}
END_TEST

START_TEST(says_that_there_is_no_such_program)
{
    char *argv[] = {"no-such-program-here", NULL};
    char out[8];
    int status;

    ck_assert_int_eq(process_run(argv, out, sizeof out, 1000, &status, &e), -1);
    ck_assert_int_eq(e.kind, ERROR_ABSENT);
    ck_assert_str_eq(e.text, "run no-such-program-here: No such file or "
                             "directory");
}
END_TEST

START_TEST(ends_the_program_when_asked_to_stop)
{
    char out[8];
    int status;

    process_catch_stop();
    raise(SIGTERM);
    ck_assert_int_eq(shell("sleep 60", out, sizeof out, 60000, &status), -1);
    ck_assert_int_eq(e.kind, ERROR_STOPPED);
}
END_TEST

int
main(int argc __attribute__((unused)), char **argv)
{
    Suite *suite = suite_create("process");
    TCase *cases = tcase_create("process");
    SRunner *runner;
    int failed;

    own_title = argv[0];
    tcase_add_checked_fixture(cases, begin, end);
    tcase_add_loop_test(cases, finds_who_uses_a_directory, 0,
                        (int)(sizeof users / sizeof *users));
    tcase_add_test(cases, finds_all_of_them);
    tcase_add_test(cases, finds_one_whose_directory_was_made_anew);
    tcase_add_loop_test(cases, counts_those_that_are_hidden, 0,
                        (int)(sizeof proc_options / sizeof *proc_options));
    tcase_add_test(cases, does_not_find_itself_or_its_ancestors);
    tcase_add_test(cases, looks_at_one_process);
    tcase_add_test(cases, remembers_the_request_to_stop);
    tcase_add_test(cases, runs_a_program_and_keeps_what_it_prints);
    tcase_add_test(cases, keeps_as_much_as_there_is_room_for);
    tcase_add_test(cases, ends_what_takes_too_long);
    tcase_add_test(cases, does_not_wait_for_those_it_left_behind);
    tcase_add_test(cases, says_that_there_is_no_such_program);
    tcase_add_test(cases, ends_the_program_when_asked_to_stop);
    suite_add_tcase(suite, cases);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
