#include "base/lock.h"

#include <check.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "folder.h"

START_TEST(is_held_by_one_alone_who_is_named)
{
    struct lock a = LOCK_NONE, b = LOCK_NONE;
    char expected[128];

    ck_assert_int_eq(lock_take(&a, dir, "job.lock", &e), 0);
    ck_assert_int_eq(lock_take(&b, dir, "job.lock", &e), -1);
    ck_assert_int_eq(b.fd, -1);
    ck_assert_int_eq(e.kind, ERROR_LOCKED);
    snprintf(expected, sizeof expected, "job.lock is held by process %ld on ",
             (long)getpid());
    ck_assert_int_eq(strncmp(e.text, expected, strlen(expected)), 0);
    ck_assert_int_eq(lock_share(&b, dir, "job.lock", &e), -1);
    ck_assert_int_eq(e.kind, ERROR_LOCKED);
    lock_release(&a);
    ck_assert_int_eq(lock_take(&b, dir, "job.lock", &e), 0);
    lock_release(&b);
    lock_release(&b);
}
END_TEST

START_TEST(writes_host_boot_and_process)
{
    struct lock lock = LOCK_NONE;
    char *text, host[65], boot[65];
    size_t size;
    long pid;

    ck_assert_int_eq(lock_take(&lock, dir, "job.lock", &e), 0);
    ck_assert_int_eq(file_load(dir, "job.lock", 1000, &text, &size, &e), 0);
    ck_assert_int_eq(sscanf(text, "%64s %64s %ld\n", host, boot, &pid), 3);
    ck_assert_int_eq(pid, getpid());
    ck_assert_uint_eq(strlen(boot), 36);
    ck_assert_int_eq(text[size - 1], '\n');
    free(text);
    lock_release(&lock);
}
END_TEST

/* Lets the file be of so many seconds ago. */
static void
age(const char *name, int seconds)
{
    struct timespec times[2] = {{.tv_nsec = UTIME_OMIT},
                                {.tv_sec = time(NULL) - seconds}};

    ck_assert_int_eq(utimensat(dir, name, times, 0), 0);
}

START_TEST(its_holder_is_found_without_touching_it)
{
    struct lock lock = LOCK_NONE;
    char *text;
    size_t size;

    ck_assert_int_eq(lock_find_holder(dir, "job.lock"), 0);
    ck_assert_int_eq(lock_take(&lock, dir, "job.lock", &e), 0);
    ck_assert_int_eq(lock_find_holder(dir, "job.lock"), getpid());
    ck_assert_int_eq(file_load(dir, "job.lock", 1000, &text, &size, &e), 0);
    lock_release(&lock);
    ck_assert_int_eq(lock_find_holder(dir, "job.lock"), 0);
    /* Left by one that was killed, whose number is another's now. */
    put("job.lock", text);
    age("job.lock", 3600);
    ck_assert_int_eq(lock_find_holder(dir, "job.lock"), 0);
    put("job.lock", "elsewhere 00000000-0000-0000-0000-000000000000 1\n");
    ck_assert_int_eq(lock_find_holder(dir, "job.lock"), 0);
    put("job.lock", "\x1b[2J");
    ck_assert_int_eq(lock_find_holder(dir, "job.lock"), 0);
    free(text);
}
END_TEST

START_TEST(is_shared_by_readers_who_keep_the_writer_out)
{
    struct lock a = LOCK_NONE, b = LOCK_NONE, c = LOCK_NONE;

    ck_assert_int_eq(lock_share(&a, dir, "read.lock", &e), 0);
    ck_assert_int_eq(lock_share(&b, dir, "read.lock", &e), 0);
    ck_assert_int_ge(b.fd, 0);
    lock_release(&a);
    ck_assert_int_eq(lock_take(&c, dir, "read.lock", &e), -1);
    ck_assert_int_eq(e.kind, ERROR_LOCKED);
    ck_assert_str_eq(e.text, "read.lock is held by a process that reads");
    lock_release(&b);
    ck_assert_int_eq(lock_take(&c, dir, "read.lock", &e), 0);
    lock_release(&c);
}
END_TEST

START_TEST(dies_with_its_holder)
{
    struct lock lock = LOCK_NONE;
    int ready[2];
    char byte;
    pid_t child;

    ck_assert_int_eq(pipe(ready), 0);
    child = fork();
    if (child == 0) {
        if (lock_take(&lock, dir, "job.lock", &e) != 0 ||
            write(ready[1], "x", 1) != 1)
            _exit(1);
        pause();
    }
    ck_assert_int_eq(read(ready[0], &byte, 1), 1);
    ck_assert_int_eq(lock_take(&lock, dir, "job.lock", &e), -1);
    kill(child, SIGKILL);
    ck_assert_int_eq(waitpid(child, NULL, 0), child);
    ck_assert_int_eq(lock_take(&lock, dir, "job.lock", &e), 0);
    lock_release(&lock);
}
END_TEST

START_TEST(is_a_lock_on_the_name_not_on_a_lost_file)
{
    struct lock a = LOCK_NONE, b = LOCK_NONE, c = LOCK_NONE;

    ck_assert_int_eq(lock_take(&a, dir, "job.lock", &e), 0);
    ck_assert_int_eq(unlinkat(dir, "job.lock", 0), 0);
    ck_assert_int_eq(lock_take(&b, dir, "job.lock", &e), 0);
    ck_assert_int_eq(lock_take(&c, dir, "job.lock", &e), -1);
    lock_release(&a);
    lock_release(&b);
}
END_TEST

START_TEST(does_not_believe_what_it_is_told_of_the_holder)
{
    struct lock a = LOCK_NONE, b = LOCK_NONE;

    ck_assert_int_eq(lock_take(&a, dir, "job.lock", &e), 0);
    ck_assert_int_eq(ftruncate(a.fd, 0), 0);
    ck_assert_int_eq(pwrite(a.fd, "\x1b[2J\0", 5, 0), 5);
    ck_assert_int_eq(lock_take(&b, dir, "job.lock", &e), -1);
    ck_assert_str_eq(e.text, "job.lock is held by another process");
    ck_assert_int_eq(pwrite(a.fd, "h\x1b x 12 \n", 9, 0), 9);
    ck_assert_int_eq(lock_take(&b, dir, "job.lock", &e), -1);
    ck_assert_str_eq(e.text, "job.lock is held by process 12 on h?");
    lock_release(&a);
}
END_TEST

START_TEST(refuses_what_is_no_file)
{
    struct lock lock = LOCK_NONE;

    ck_assert_int_eq(mkfifoat(dir, "fifo", 0600), 0);
    ck_assert_int_eq(symlinkat("target", dir, "link"), 0);
    ck_assert_int_eq(lock_take(&lock, dir, "fifo", &e), -1);
    ck_assert_str_eq(e.text, "fifo is not a regular file");
    ck_assert_int_eq(lock_take(&lock, dir, "link", &e), -1);
    ck_assert_int_eq(faccessat(dir, "target", F_OK, 0), -1);
}
END_TEST

START_TEST(reads_without_a_lock_where_it_may_not_write)
{
    struct lock lock = LOCK_NONE;
    int status;
    pid_t child;

    ck_assert_int_eq(fchmod(dir, 0555), 0);
    child = fork();
    if (child == 0) {
        if (geteuid() == 0 && setresuid(65534, 65534, 65534) != 0)
            _exit(2);
        if (lock_share(&lock, dir, "read.lock", &e) != 0 || lock.fd != -1)
            _exit(3);
        if (lock_take(&lock, dir, "read.lock", &e) != -1 ||
            strstr(e.text, "Permission denied") == NULL)
            _exit(4);
        _exit(0);
    }
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_int_eq(fchmod(dir, 0755), 0);
    ck_assert_int_eq(status, 0);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("lock");
    TCase *cases = tcase_create("lock");
    SRunner *runner;
    int failed;

    tcase_add_checked_fixture(cases, folder_begin, folder_end);
    tcase_add_test(cases, is_held_by_one_alone_who_is_named);
    tcase_add_test(cases, writes_host_boot_and_process);
    tcase_add_test(cases, its_holder_is_found_without_touching_it);
    tcase_add_test(cases, is_shared_by_readers_who_keep_the_writer_out);
    tcase_add_test(cases, dies_with_its_holder);
    tcase_add_test(cases, is_a_lock_on_the_name_not_on_a_lost_file);
    tcase_add_test(cases, does_not_believe_what_it_is_told_of_the_holder);
    tcase_add_test(cases, refuses_what_is_no_file);
    tcase_add_test(cases, reads_without_a_lock_where_it_may_not_write);
    suite_add_tcase(suite, cases);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
