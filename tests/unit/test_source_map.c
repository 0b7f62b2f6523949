/* The windows of a large file, and those made ready in a thread. */
#include "base/source_map.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { MIB = 1 << 20 };

static struct error e;

/* Zeros. */
static int
file_of(uint64_t size)
{
    int fd = memfd_create("source", MFD_CLOEXEC);

    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(ftruncate(fd, (off_t)size), 0);
    return fd;
}

static const uint64_t jumps[] = {
    0, 1, 2 * MIB, 15 * MIB, 16 * MIB, 17 * MIB, 31 * MIB, 33 * MIB, 40 * MIB,
};

/* Jumps about while the next window is made ready. */
START_TEST(reads_on_after_any_jump)
{
    const uint64_t size = 100 * MIB + 12345;
    struct source s;
    int fd = file_of(size);

    for (uint64_t at = 0; at + 8 < size; at += 65521)
        ck_assert_int_eq(pwrite(fd, &at, 8, (off_t)at), 8);
    ck_assert_int_eq(source_of_file(&s, fd, size, &e), 0);
    /* Into the second window: from here on there is a thread. */
    ck_assert(source_skip(&s, 65521 * 32) && source_want(&s, 65521));
    for (;;) {
        uint64_t here = source_offset(&s), found;

        ck_assert(source_want(&s, 8));
        memcpy(&found, s.at, 8);
        ck_assert_uint_eq(found, here);
        if (here + jumps[_i] + 2 * 65521 + 8 > size)
            break;
        ck_assert(source_want(&s, SOURCE_WANT_MAX));
        ck_assert(source_skip(&s, 65521 + jumps[_i] / 65521 * 65521));
    }
    ck_assert_int_eq(s.error.kind, ERROR_NONE);
    source_close(&s);
    close(fd);
}
END_TEST

START_TEST(knows_where_nothing_but_a_hole_follows)
{
    struct source s;
    int fd = file_of((uint64_t)1024 * MIB);

    for (uint64_t at = 0; at < 2 * MIB; at += 512)
        ck_assert_int_eq(pwrite(fd, "data", 4, (off_t)at), 4);
    ck_assert_int_eq(source_of_file(&s, fd, (uint64_t)1024 * MIB, &e), 0);
    ck_assert(!source_is_hole(&s));
    ck_assert(source_skip(&s, 2 * MIB - 1));
    ck_assert(!source_is_hole(&s));
    ck_assert(source_skip(&s, 1));
    ck_assert(source_is_hole(&s));

    /* A file that shrank has no hole there. */
    ck_assert_int_eq(ftruncate(fd, 1 * MIB), 0);
    ck_assert(!source_is_hole(&s));
    ck_assert_int_eq(s.error.kind, ERROR_CHANGED);
    source_close(&s);
    close(fd);
    source_of_memory(&s, "a", 1);
    ck_assert(!source_is_hole(&s));
}
END_TEST

START_TEST(knows_a_file_that_shrank_in_the_window_made_ready)
{
    struct source s;
    uint64_t seen = 0;
    int fd = file_of(50 * MIB);

    ck_assert_int_eq(source_of_file(&s, fd, 50 * MIB, &e), 0);
    ck_assert(source_skip(&s, 2 * MIB) && source_want(&s, 1));
    ck_assert_int_eq(ftruncate(fd, 20 * MIB), 0);
    while (source_want(&s, 1)) {
        seen += *s.at;
        s.at = s.end;
    }
    ck_assert_uint_eq(seen, 0);
    ck_assert_int_eq(s.error.kind, ERROR_CHANGED);
    source_close(&s);
    close(fd);
}
END_TEST

/* The pages of a window made ready that its file has no more. */
START_TEST(bridges_a_fault_in_the_window_made_ready)
{
    struct source s;
    int fd = file_of(50 * MIB);

    ck_assert_int_eq(source_of_file(&s, fd, 50 * MIB, &e), 0);
    ck_assert(source_skip(&s, 2 * MIB) && source_want(&s, 1));
    s.at = s.end - 1;
    ck_assert(source_want(&s, 2));
    ck_assert_uint_gt(source_offset(&s), 17 * MIB);
    ck_assert_int_eq(ftruncate(fd, 20 * MIB), 0);
    ck_assert_uint_eq(s.at[8 * MIB], 0);
    ck_assert_int_eq(s.error.kind, ERROR_CHANGED);
    source_close(&s);
    close(fd);
}
END_TEST

static int
refuse_fourth(void *context, uint64_t offset, struct error *error)
{
    (void)offset;
    return ++*(int *)context < 4 ? 0
                                 : error_set(error, ERROR_STOPPED, "enough");
}

START_TEST(stops_while_a_window_is_made_ready)
{
    int fd = file_of(100 * MIB), moves = 0;
    struct source s;

    ck_assert_int_eq(source_of_file(&s, fd, 100 * MIB, &e), 0);
    s.moved = refuse_fourth;
    s.moved_context = &moves;
    while (source_want(&s, 1))
        s.at = s.end;
    ck_assert_int_eq(s.error.kind, ERROR_STOPPED);
    ck_assert_uint_lt(source_offset(&s), 50 * MIB);
    source_close(&s);
    close(fd);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("source_map");
    TCase *cases = tcase_create("source_map");
    SRunner *runner;
    int failed;

    tcase_add_loop_test(cases, reads_on_after_any_jump, 0,
                        (int)(sizeof jumps / sizeof *jumps));
    tcase_add_test(cases, knows_where_nothing_but_a_hole_follows);
    tcase_add_test(cases, knows_a_file_that_shrank_in_the_window_made_ready);
    tcase_add_test(cases, bridges_a_fault_in_the_window_made_ready);
    tcase_add_test(cases, stops_while_a_window_is_made_ready);
    suite_add_tcase(suite, cases);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
