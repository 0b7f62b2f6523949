#include <check.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"

enum { SIGNALS_MS = 300 };

static char path[64];
static int fd; /* as the program has it: for reading */
static struct error e;

static void
begin(void)
{
    int writer;

    strcpy(path, "/tmp/test_file_lease.XXXXXX");
    writer = mkstemp(path);
    ck_assert_int_ge(writer, 0);
    close(writer);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    ck_assert_int_ge(fd, 0);
}

static void
end(void)
{
    close(fd);
    unlink(path);
}

START_TEST(sees_who_has_it_open)
{
    enum file_writer writer;
    int other;

    ck_assert_int_eq(file_find_writer(fd, &writer, &e), 0);
    ck_assert_int_eq(writer, FILE_WRITER_NONE);
    ck_assert(file_is_only_ours(fd));
    other = open(path, O_RDONLY | O_CLOEXEC);
    ck_assert_int_eq(file_find_writer(fd, &writer, &e), 0);
    ck_assert_int_eq(writer, FILE_WRITER_NONE);
    ck_assert(!file_is_only_ours(fd));
    close(other);
    other = open(path, O_WRONLY | O_CLOEXEC);
    ck_assert_int_eq(file_find_writer(fd, &writer, &e), 0);
    ck_assert_int_eq(writer, FILE_WRITER_SOME);
    ck_assert(!file_is_only_ours(fd));
    close(other);
    ck_assert_int_eq(file_find_writer(fd, &writer, &e), 0);
    ck_assert_int_eq(writer, FILE_WRITER_NONE);
}
END_TEST

/* Who opens it in the very moment breaks the lease, which is a signal. */
START_TEST(survives_those_who_come_meanwhile)
{
    uint64_t until = clock_steady_ms() + SIGNALS_MS;
    enum file_writer writer;
    pid_t other = fork();

    while (other == 0)
        close(open(path, O_WRONLY | O_CLOEXEC));
    while (clock_steady_ms() < until) {
        ck_assert_int_eq(file_find_writer(fd, &writer, &e), 0);
        file_is_only_ours(fd);
    }
    kill(other, SIGKILL);
    ck_assert_int_eq(waitpid(other, NULL, 0), other);
}
END_TEST

START_TEST(knows_what_other_machines_may_share)
{
    ck_assert(file_type_is_shared(NFS_SUPER_MAGIC));
    ck_assert(file_type_is_shared(FUSE_SUPER_MAGIC));
    ck_assert(file_type_is_shared(V9FS_MAGIC));
    ck_assert(file_type_is_shared(SMB2_SUPER_MAGIC));
    ck_assert(!file_type_is_shared(EXT4_SUPER_MAGIC));
    ck_assert(!file_type_is_shared(TMPFS_MAGIC));
    ck_assert(!file_type_is_shared(OVERLAYFS_SUPER_MAGIC));
    ck_assert(!file_is_shared(fd));
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("file_lease");
    TCase *cases = tcase_create("file_lease");
    SRunner *runner;
    int failed;

    tcase_add_checked_fixture(cases, begin, end);
    tcase_add_test(cases, sees_who_has_it_open);
    tcase_add_test(cases, survives_those_who_come_meanwhile);
    tcase_add_test(cases, knows_what_other_machines_may_share);
    suite_add_tcase(suite, cases);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
