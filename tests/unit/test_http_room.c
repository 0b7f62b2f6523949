#include "daemon/http_room.h"

#include <check.h>
#include <stdlib.h>
#include <sys/resource.h>

/* Limits before, and how many of 100 connections there is room for. */
static const struct {
    rlim_t soft, hard, after;
    unsigned room;
} limits[] = {
    {1024, 4096, 1024, 100}, {328, 328, 328, 100}, {64, 4096, 328, 100},
    {64, 228, 228, 50},      {64, 140, 140, 8},    {64, 64, 64, 8},
};
enum { LIMITS = sizeof limits / sizeof *limits };

START_TEST(leaves_descriptors_for_others)
{
    struct rlimit limit = {limits[_i].soft, limits[_i].hard};

    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
    ck_assert_uint_eq(http_room_find(100), limits[_i].room);
    ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
    ck_assert_uint_eq(limit.rlim_cur, limits[_i].after);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("http_room");
    TCase *cases = tcase_create("all");
    SRunner *runner = srunner_create(suite);
    int failed;

    suite_add_tcase(suite, cases);
    tcase_add_loop_test(cases, leaves_descriptors_for_others, 0, LIMITS);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
