#include <check.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

#include "formats/crc64.h"

static const char digits[] = "123456789";

START_TEST(gives_the_check_value_of_crc_64_jones)
{
    ck_assert_uint_eq(crc64_update(0, digits, 9), 0xe9c6d914c4b8d9ca);
}
END_TEST

START_TEST(is_zero_over_nothing_and_over_zeros)
{
    static const char zeros[100];

    ck_assert_uint_eq(crc64_update(0, zeros, 0), 0);
    ck_assert_uint_eq(crc64_update(0, zeros, sizeof zeros), 0);
}
END_TEST

START_TEST(goes_on_where_it_was_left)
{
    for (size_t first = 0; first <= 9; first++) {
        uint64_t crc = crc64_update(0, digits, first);

        ck_assert_uint_eq(crc64_update(crc, digits + first, 9 - first),
                          0xe9c6d914c4b8d9ca);
    }
}
END_TEST

/* Bit by bit, as the polynomial is defined (reflected 0xad93d23594c935a9). */
static uint64_t
crc_by_bits(const unsigned char *p, size_t size)
{
    uint64_t crc = 0;

    for (size_t i = 0; i < size * 8; i++) {
        unsigned bit = (unsigned)(p[i / 8] >> i % 8 & 1);
        bool carry = ((crc & 1) ^ bit) != 0;

        crc = crc >> 1 ^ (carry ? 0x95ac9329ac4bc9b5 : 0);
    }
    return crc;
}

START_TEST(agrees_with_the_definition_at_any_size)
{
    unsigned char bytes[700];

    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (unsigned char)(i * 31 + i / 7);
    for (size_t size = 0; size <= sizeof bytes; size++)
        ck_assert_uint_eq(crc64_update(0, bytes, size),
                          crc_by_bits(bytes, size));
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("crc64");
    TCase *tests = tcase_create("crc64");
    SRunner *runner;
    int failed;

    tcase_add_test(tests, gives_the_check_value_of_crc_64_jones);
    tcase_add_test(tests, is_zero_over_nothing_and_over_zeros);
    tcase_add_test(tests, goes_on_where_it_was_left);
    tcase_add_test(tests, agrees_with_the_definition_at_any_size);
    suite_add_tcase(suite, tests);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
