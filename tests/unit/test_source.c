#include "base/source.h"

#include <check.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/memory.h"

enum { MIB = 1 << 20 };

static struct error e;

/* Each eighth byte tells where it is. */
static unsigned char
byte_at(uint64_t offset)
{
    return (unsigned char)(offset * 31 + (offset >> 13));
}

static int
file_of(size_t size)
{
    unsigned char *bytes = memory_new(size);
    char name[] = "/tmp/test_source.XXXXXX";
    int fd = mkstemp(name);

    ck_assert_int_ge(fd, 0);
    unlink(name);
    for (size_t i = 0; i < size; i++)
        bytes[i] = byte_at(i);
    ck_assert_int_eq(write(fd, bytes, size), (ssize_t)size);
    free(bytes);
    return fd;
}

struct giver {
    uint64_t given, size, fails_at;
    size_t portion;
};

static int
give(void *context, void *bytes, size_t size, size_t *got, struct error *error)
{
    struct giver *giver = context;
    unsigned char *to = bytes;

    if (giver->given >= giver->fails_at)
        return error_set(error, ERROR_DAMAGED, "bad frame");
    if (size > giver->portion)
        size = giver->portion;
    if (size > giver->size - giver->given)
        size = (size_t)(giver->size - giver->given);
    for (size_t i = 0; i < size; i++)
        to[i] = byte_at(giver->given + i);
    giver->given += size;
    *got = size;
    return 0;
}

/* Walks in uneven steps, looks at all bytes; returns how many there were. */
static uint64_t
walk(struct source *s)
{
    static const size_t steps[] = {1, 7, 65536, 3, 4096, 60001, 2};
    uint64_t seen = 0;

    for (size_t i = 0; source_want(s, 1); i++) {
        size_t n = steps[i % 7];

        if (!source_want(s, n))
            n = (size_t)(s->end - s->at);
        ck_assert_uint_eq(source_offset(s), seen);
        for (size_t k = 0; k < n; k++)
            if (s->at[k] != byte_at(seen + k))
                ck_abort_msg("byte %llu differs",
                             (unsigned long long)(seen + k));
        s->at += n;
        seen += n;
    }
    return seen;
}

START_TEST(reads_memory_and_no_byte_more)
{
    struct source s;

    source_of_memory(&s, "abcdef", 6);
    ck_assert(source_want(&s, 6));
    ck_assert(!source_want(&s, 7));
    ck_assert(source_skip(&s, 4));
    ck_assert_uint_eq(source_offset(&s), 4);
    ck_assert_int_eq(*s.at, 'e');
    ck_assert(!source_skip(&s, 3));
    ck_assert_uint_eq(source_offset(&s), 6);
    ck_assert(source_skip(&s, 0));
    ck_assert(!source_want(&s, 1));
    ck_assert_int_eq(s.error.kind, ERROR_NONE);
    source_of_memory(&s, NULL, 0);
    ck_assert(!source_want(&s, 1));
    ck_assert(source_skip(&s, 0));
    source_close(&s);
}
END_TEST

static const size_t file_sizes[] = {0,   1,       4096,     65536,
                                    MIB, MIB + 1, 17 * MIB, 40 * MIB + 12345};

START_TEST(reads_a_file_of_any_size_window_by_window)
{
    struct source s;
    int fd = file_of(file_sizes[_i]);

    ck_assert_int_eq(source_of_file(&s, fd, file_sizes[_i], &e), 0);
    ck_assert_uint_eq(walk(&s), file_sizes[_i]);
    ck_assert_int_eq(s.error.kind, ERROR_NONE);
    source_close(&s);
    close(fd);
}
END_TEST

START_TEST(stops_at_the_size_it_was_given)
{
    struct source s;
    int fd = file_of(100000);

    ck_assert_int_eq(source_of_file(&s, fd, 70001, &e), 0);
    ck_assert_uint_eq(walk(&s), 70001);
    source_close(&s);
    close(fd);
}
END_TEST

START_TEST(skips_in_a_file_without_reading)
{
    struct source s;
    int fd = file_of(40 * MIB);

    ck_assert_int_eq(source_of_file(&s, fd, 40 * MIB, &e), 0);
    ck_assert(source_skip(&s, 33 * MIB + 5));
    ck_assert_uint_eq(source_offset(&s), 33 * MIB + 5);
    ck_assert(source_want(&s, 65536));
    ck_assert_uint_eq(*s.at, byte_at(33 * MIB + 5));
    ck_assert(source_skip(&s, 10));
    ck_assert_uint_eq(*s.at, byte_at(33 * MIB + 15));
    ck_assert(!source_skip(&s, 8 * MIB));
    ck_assert_uint_eq(source_offset(&s), 40 * MIB);
    ck_assert(!source_want(&s, 1));
    ck_assert_int_eq(s.error.kind, ERROR_NONE);
    source_close(&s);
    close(fd);
}
END_TEST

START_TEST(knows_a_file_that_shrank_by_pages)
{
    struct source s;
    int fd = file_of(12 * MIB);

    ck_assert_int_eq(source_of_file(&s, fd, 12 * MIB, &e), 0);
    ck_assert(source_skip(&s, 2 * MIB));
    ck_assert(source_want(&s, 65536));
    ck_assert_int_eq(ftruncate(fd, 3 * MIB), 0);
    /* SIGBUS comes here, and a page of zeros in its place. */
    ck_assert_uint_eq(s.at[8 * MIB], 0);
    ck_assert_int_eq(s.error.kind, ERROR_CHANGED);
    ck_assert_str_eq(s.error.text, "the file became shorter while it was read");
    s.at = s.end;
    ck_assert(!source_want(&s, 1));
    source_close(&s);
    close(fd);
}
END_TEST

START_TEST(knows_a_file_that_shrank_by_a_byte)
{
    struct source s;
    int fd = file_of(5000);

    ck_assert_int_eq(source_of_file(&s, fd, 5000, &e), 0);
    ck_assert(source_want(&s, 5000));
    ck_assert_int_eq(ftruncate(fd, 4999), 0);
    s.at = s.end;
    ck_assert(!source_want(&s, 1));
    ck_assert_int_eq(s.error.kind, ERROR_CHANGED);
    ck_assert_str_eq(s.error.text, "the file became shorter while it was "
                                   "read: 4999 bytes of 5000");
    source_close(&s);
    close(fd);
}
END_TEST

START_TEST(keeps_two_shrinking_files_apart)
{
    struct source a, b;
    int x = file_of(2 * MIB), y = file_of(2 * MIB);

    ck_assert_int_eq(source_of_file(&a, x, 2 * MIB, &e), 0);
    ck_assert_int_eq(source_of_file(&b, y, 2 * MIB, &e), 0);
    ck_assert(source_want(&a, 1) && source_want(&b, 1));
    ck_assert_int_eq(ftruncate(y, 4096), 0);
    ck_assert_uint_eq(b.at[8192], 0);
    ck_assert_int_eq(b.error.kind, ERROR_CHANGED);
    ck_assert_int_eq(a.error.kind, ERROR_NONE);
    ck_assert_uint_eq(walk(&a), 2 * MIB);
    source_close(&a);
    source_close(&b);
    close(x);
    close(y);
}
END_TEST

START_TEST(leaves_other_faults_to_the_system)
{
    struct source s;
    int status, fd = file_of(4096);
    pid_t child = fork();

    if (child == 0) {
        volatile char *lost;

        signal(SIGBUS, SIG_DFL);
        source_of_file(&s, fd, 4096, &e);
        lost = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0);
        if (ftruncate(fd, 0) != 0)
            _exit(1);
        _exit(lost[0] + 2);
    }
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert(WIFSIGNALED(status));
    ck_assert_int_eq(WTERMSIG(status), SIGBUS);
    close(fd);
}
END_TEST

START_TEST(holds_little_memory_however_long_the_file)
{
    struct rusage before, after;
    struct source s;
    int fd = file_of(MIB);

    ck_assert_int_eq(ftruncate(fd, 256 * MIB), 0);
    getrusage(RUSAGE_SELF, &before);
    ck_assert_int_eq(source_of_file(&s, fd, 256 * MIB, &e), 0);
    while (source_want(&s, 1))
        s.at = s.end;
    getrusage(RUSAGE_SELF, &after);
    ck_assert_uint_eq(source_offset(&s), 256 * MIB);
    ck_assert_int_lt(after.ru_maxrss - before.ru_maxrss, 40 * 1024);
    source_close(&s);
    close(fd);
}
END_TEST

static const struct giver givers[] = {
    {0, 0, UINT64_MAX, 1},
    {0, 1, UINT64_MAX, 1},
    {0, 70000, UINT64_MAX, 1},
    {0, 3 * MIB + 17, UINT64_MAX, 4096},
    {0, 3 * MIB + 17, UINT64_MAX, 4 * MIB},
    {0, 2 * MIB, UINT64_MAX, 65535},
};

START_TEST(reads_what_is_pulled_in_any_portions)
{
    struct giver giver = givers[_i];
    struct source s;

    source_of_pull(&s, give, &giver, UINT64_MAX);
    ck_assert_uint_eq(walk(&s), giver.size);
    ck_assert_int_eq(s.error.kind, ERROR_NONE);
    source_close(&s);
    source_close(&s);
}
END_TEST

START_TEST(pulls_what_is_skipped_too)
{
    struct giver giver = {0, 5 * MIB, UINT64_MAX, 100000};
    struct source s;

    source_of_pull(&s, give, &giver, 5 * MIB);
    ck_assert(source_skip(&s, 3 * MIB + 1));
    ck_assert_uint_eq(source_offset(&s), 3 * MIB + 1);
    ck_assert(source_want(&s, 1));
    ck_assert_uint_eq(*s.at, byte_at(3 * MIB + 1));
    source_drain(&s);
    ck_assert_uint_eq(giver.given, 5 * MIB);
    ck_assert_uint_eq(source_offset(&s), 5 * MIB);
    ck_assert(!source_skip(&s, 1));
    source_close(&s);
}
END_TEST

static int
give_again(void *context, void *bytes, size_t size, uint64_t offset,
           size_t *got, struct error *error)
{
    struct giver again = *(struct giver *)context;

    again.given = offset;
    return give(&again, bytes, size, got, error);
}

START_TEST(asks_again_where_it_is_told_how)
{
    struct giver giver = {.size = MIB, .fails_at = UINT64_MAX, .portion = 1000};
    unsigned char byte;
    struct source s;
    size_t got;

    source_of_pull(&s, give, &giver, MIB);
    ck_assert(!source_is_again(&s));
    ck_assert_int_eq(source_read_at(&s, &byte, 1, 0, &got, &e), -1);
    source_set_again(&s, give_again);
    ck_assert(source_is_again(&s) && source_skip(&s, 3000));
    ck_assert_int_eq(source_read_at(&s, &byte, 1, 77, &got, &e), 0);
    ck_assert(got == 1 && byte == byte_at(77));
    ck_assert_int_eq(source_read_at(&s, &byte, 1, MIB, &got, &e), 0);
    ck_assert_uint_eq(got, 0);
    ck_assert(source_want(&s, 1) && *s.at == byte_at(3000));
    source_close(&s);
}
END_TEST

START_TEST(keeps_the_reason_of_a_failed_pull)
{
    struct giver giver = {0, 5 * MIB, 200000, 100000};
    struct source s;

    source_of_pull(&s, give, &giver, UINT64_MAX);
    ck_assert_uint_eq(walk(&s), 200000);
    ck_assert(!source_want(&s, 1));
    ck_assert_int_eq(s.error.kind, ERROR_DAMAGED);
    ck_assert_str_eq(s.error.text, "bad frame");
    source_close(&s);
}
END_TEST

START_TEST(gives_no_more_in_a_row_than_it_says)
{
    struct giver giver = {0, 5 * MIB, UINT64_MAX, 4 * MIB};
    struct source s;

    source_of_pull(&s, give, &giver, UINT64_MAX);
    ck_assert(source_want(&s, SOURCE_WANT_MAX));
    s.at = s.end - 1;
    ck_assert(!source_want(&s, SOURCE_WANT_MAX + 1));
    ck_assert(source_want(&s, SOURCE_WANT_MAX));
    source_close(&s);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("source");
    TCase *cases = tcase_create("source");
    SRunner *runner;
    int failed;

    tcase_add_test(cases, reads_memory_and_no_byte_more);
    tcase_add_loop_test(cases, reads_a_file_of_any_size_window_by_window, 0,
                        (int)(sizeof file_sizes / sizeof *file_sizes));
    tcase_add_test(cases, stops_at_the_size_it_was_given);
    tcase_add_test(cases, skips_in_a_file_without_reading);
    tcase_add_test(cases, knows_a_file_that_shrank_by_pages);
    tcase_add_test(cases, knows_a_file_that_shrank_by_a_byte);
    tcase_add_test(cases, keeps_two_shrinking_files_apart);
    tcase_add_test(cases, leaves_other_faults_to_the_system);
    tcase_add_test(cases, holds_little_memory_however_long_the_file);
    tcase_add_loop_test(cases, reads_what_is_pulled_in_any_portions, 0,
                        (int)(sizeof givers / sizeof *givers));
    tcase_add_test(cases, pulls_what_is_skipped_too);
    tcase_add_test(cases, asks_again_where_it_is_told_how);
    tcase_add_test(cases, keeps_the_reason_of_a_failed_pull);
    tcase_add_test(cases, gives_no_more_in_a_row_than_it_says);
    suite_add_tcase(suite, cases);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
