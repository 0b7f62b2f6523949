#include "base/memory.h"

#include <check.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

START_TEST(gives_zeroed_memory_of_any_size)
{
    unsigned char *block = memory_new(1000);
    void *empty = memory_new(0);

    for (size_t i = 0; i < 1000; i++)
        ck_assert_uint_eq(block[i], 0);
    ck_assert_ptr_nonnull(empty);
    free(block);
    free(empty);
}
END_TEST

START_TEST(grows_an_array_and_keeps_what_is_in_it)
{
    size_t capacity = 0;
    unsigned *numbers = NULL;

    for (unsigned i = 0; i < 10000; i++) {
        numbers = memory_grow(numbers, i, &capacity, sizeof *numbers);
        ck_assert_uint_gt(capacity, i);
        numbers[i] = i;
    }
    for (unsigned i = 0; i < 10000; i++)
        ck_assert_uint_eq(numbers[i], i);
    free(numbers);
}
END_TEST

START_TEST(copies_bytes_with_a_nul_behind)
{
    char *copy = memory_copy("a\0b", 3);

    ck_assert_mem_eq(copy, "a\0b\0", 4);
    free(copy);
    copy = memory_copy(NULL, 0);
    ck_assert_str_eq(copy, "");
    free(copy);
}
END_TEST

START_TEST(copies_strings_and_nothing)
{
    char *copy = memory_dup("redis");

    ck_assert_str_eq(copy, "redis");
    free(copy);
    ck_assert_ptr_null(memory_dup(NULL));
}
END_TEST

START_TEST(ends_the_process_when_a_product_overflows)
{
    volatile size_t huge = SIZE_MAX / 2;

    free(memory_resize(NULL, huge, 4));
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("memory");
    TCase *cases = tcase_create("memory");
    SRunner *runner;
    int failed;

    tcase_add_test(cases, gives_zeroed_memory_of_any_size);
    tcase_add_test(cases, grows_an_array_and_keeps_what_is_in_it);
    tcase_add_test(cases, copies_bytes_with_a_nul_behind);
    tcase_add_test(cases, copies_strings_and_nothing);
    tcase_add_exit_test(cases, ends_the_process_when_a_product_overflows, 3);
    suite_add_tcase(suite, cases);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
