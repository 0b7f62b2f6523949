#include <check.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/source.h"

#define MIB (UINT64_C(1) << 20)

static struct error e;

static unsigned char
byte_at(uint64_t offset)
{
    return (unsigned char)(offset * 31 + (offset >> 13));
}

static int
file_of(uint64_t size)
{
    unsigned char *bytes = memory_new((size_t)size);
    char name[] = "/tmp/test_source_seek.XXXXXX";
    int fd = mkstemp(name);

    ck_assert_int_ge(fd, 0);
    unlink(name);
    for (uint64_t i = 0; i < size; i++)
        bytes[i] = byte_at(i);
    ck_assert_int_eq(write(fd, bytes, (size_t)size), (ssize_t)size);
    free(bytes);
    return fd;
}

/* In windows of every kind, from any place to any other. */
START_TEST(goes_back_and_forward_in_a_file)
{
    const uint64_t size = 41 * MIB;
    const uint64_t places[] = {0,        70,       MIB + 5,  40 * MIB,
                               39 * MIB, MIB,      size,     size - 1,
                               3,        99 * MIB, 20 * MIB, 36 * MIB};
    struct source s;
    int fd = file_of(size);

    ck_assert_int_eq(source_of_file(&s, fd, size, &e), 0);
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        uint64_t to = places[i] < size ? places[i] : size;

        source_seek(&s, places[i]);
        ck_assert_uint_eq(source_offset(&s), to);
        ck_assert_int_eq(source_want(&s, 1), to < size);
        if (to < size)
            ck_assert_uint_eq(*s.at, byte_at(to));
    }
    source_seek(&s, 0);
    ck_assert(source_skip(&s, size));
    ck_assert(!source_want(&s, 1));
    source_close(&s);
    close(fd);
}
END_TEST

START_TEST(passes_over_the_holes_of_a_sparse_file)
{
    const uint64_t size = 1000 * MIB;
    struct source s;
    int fd = file_of(100);

    ck_assert_int_eq(ftruncate(fd, (off_t)size), 0);
    ck_assert_int_eq(source_of_file(&s, fd, size, &e), 0);
    ck_assert_uint_eq(source_data(&s, 5), 5);
    ck_assert_uint_eq(source_data(&s, MIB), size);
    ck_assert_uint_eq(source_data(&s, size), size);
    ck_assert_int_eq(pwrite(fd, "x", 1, 800 * MIB), 1);
    ck_assert_uint_gt(source_data(&s, MIB), 799 * MIB);
    ck_assert_uint_le(source_data(&s, MIB), 800 * MIB);
    source_close(&s);
    close(fd);
    source_of_memory(&s, "abc", 3);
    ck_assert_uint_eq(source_data(&s, 1), 1);
    source_close(&s);
}
END_TEST

START_TEST(goes_back_and_forward_in_memory)
{
    struct source s;

    source_of_memory(&s, "abc", 3);
    source_seek(&s, 5);
    ck_assert(!source_want(&s, 1));
    source_seek(&s, 1);
    ck_assert(source_want(&s, 2));
    ck_assert_int_eq(*s.at, 'b');
    source_close(&s);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("source_seek");
    TCase *cases = tcase_create("source_seek");
    SRunner *runner;
    int failed;

    tcase_add_test(cases, goes_back_and_forward_in_a_file);
    tcase_add_test(cases, goes_back_and_forward_in_memory);
    tcase_add_test(cases, passes_over_the_holes_of_a_sparse_file);
    suite_add_tcase(suite, cases);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
