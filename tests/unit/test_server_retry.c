#include "daemon/server_retry.h"

#include <check.h>

static const struct {
    const char *delays;
    unsigned number;
    uint64_t ms;
} delays[] = {
    {"1s,2s,4s", 0, 1000}, {"1s,2s,4s", 1, 2000},   {"1s,2s,4s", 2, 4000},
    {"1s,2s,4s", 3, 4000}, {"1s,2s,4s", -1U, 4000}, {" 1ms , 2ms ", 1, 2},
    {"500ms", 0, 500},     {"500ms", 7, 500},
};

START_TEST(takes_the_delays_in_turn_and_repeats_the_last)
{
    ck_assert_uint_eq(
        server_retry_delay_ms(delays[_i].delays, delays[_i].number),
        delays[_i].ms);
}
END_TEST

START_TEST(jitter_is_added_up_to_its_percent)
{
    ck_assert_uint_eq(server_retry_jitter_ms(2000, 10, 0), 0);
    ck_assert_uint_eq(server_retry_jitter_ms(2000, 10, UINT32_MAX), 200);
    ck_assert_uint_eq(server_retry_jitter_ms(2000, 10, UINT32_MAX / 2), 99);
    ck_assert_uint_eq(server_retry_jitter_ms(2000, 0, UINT32_MAX), 0);
    ck_assert_uint_eq(server_retry_jitter_ms(3600000, 50, UINT32_MAX), 1800000);
}
END_TEST

START_TEST(tells_of_the_first_five_and_then_of_each_tenth)
{
    unsigned told = 0;

    for (unsigned i = 1; i <= 40; i++)
        told += server_retry_is_told(i);
    ck_assert_uint_eq(told, 5 + 4);
    ck_assert(server_retry_is_told(5));
    ck_assert(!server_retry_is_told(6));
    ck_assert(server_retry_is_told(30));
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("server_retry");
    TCase *t = tcase_create("server_retry");
    SRunner *runner = srunner_create(suite);
    int failed;

    suite_add_tcase(suite, t);
    tcase_add_loop_test(t, takes_the_delays_in_turn_and_repeats_the_last, 0,
                        sizeof delays / sizeof *delays);
    tcase_add_test(t, jitter_is_added_up_to_its_percent);
    tcase_add_test(t, tells_of_the_first_five_and_then_of_each_tenth);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
