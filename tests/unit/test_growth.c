#include "jobs/growth.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

enum { HOUR = 3600 * 1000, MB = 1000 * 1000 };

static const int64_t DAY = 24 * INT64_C(3600) * 1000;

/* One a step, from 100 MB on: what each is more than that, in MB. */
static struct growth
judge(const int *more, size_t count, int64_t step_ms)
{
    struct growth_point points[400];
    struct growth g;

    for (size_t i = 0; i < count; i++)
        points[i] = (struct growth_point){(int64_t)i * step_ms,
                                          (100 + more[i]) * (int64_t)MB};
    growth_judge(&g, points, count);
    return g;
}

#define JUDGE(step, ...)              \
    judge((const int[]){__VA_ARGS__}, \
          sizeof((const int[]){__VA_ARGS__}) / sizeof(int), step)

static void
ck_assert_near(double found, double expected)
{
    ck_assert(found > expected * 0.99 - 1 && found < expected * 1.01 + 1);
}

START_TEST(a_line_is_found)
{
    struct growth g = JUDGE(HOUR, 0, 10, 20, 30, 40, 50, 60);

    ck_assert_int_eq(g.verdict, GROWTH_GROWS);
    ck_assert_near(g.bytes_per_day, 240.0 * MB);
    ck_assert_uint_eq(g.points, 7);
    ck_assert_int_eq(g.to_ms - g.from_ms, 6 * HOUR);
    g = JUDGE(HOUR, 60, 50, 40, 30, 20, 10, 0);
    ck_assert_int_eq(g.verdict, GROWTH_SHRINKS);
    ck_assert(g.bytes_per_day < 0);
    ck_assert_int_eq(growth_full_in_ms(&g, 100 * MB, 200 * MB), -1);
}
END_TEST

START_TEST(a_single_peak_does_not_bend_it)
{
    struct growth g = JUDGE(HOUR, 0, 10, 900, 30, 40, 50, 60, 70, 80, 90);

    ck_assert_int_eq(g.verdict, GROWTH_GROWS);
    ck_assert(g.bytes_per_day > 200.0 * MB && g.bytes_per_day < 260.0 * MB);
}
END_TEST

START_TEST(noise_is_not_growth)
{
    struct growth g = JUDGE(HOUR, 0, 50, 10, 60, 5, 40, 0, 55, 20, 60);

    ck_assert_int_eq(g.verdict, GROWTH_UNCLEAR);
    ck_assert(g.bytes_per_day == 0);
    g = JUDGE(HOUR, 0, 1, 0, 2, 1, 0, 1, 2, 0);
    ck_assert_int_eq(g.verdict, GROWTH_STEADY);
    g = JUDGE(HOUR, 0, 0, 0, 0, 0, 0, 0);
    ck_assert_int_eq(g.verdict, GROWTH_STEADY);
    ck_assert_int_eq(growth_full_in_ms(&g, 100 * MB, 200 * MB), -1);
}
END_TEST

/* Up by day, down by night, for a week. */
START_TEST(a_wave_is_not_growth)
{
    int more[24 * 7];
    struct growth g;

    for (int i = 0; i < 24 * 7; i++)
        more[i] = 5 * (i % 24 < 12 ? i % 24 : 24 - i % 24);
    g = judge(more, sizeof more / sizeof *more, HOUR);
    ck_assert_int_eq(g.verdict, GROWTH_UNCLEAR);
}
END_TEST

/* Never wrong about chance more often than now and then. */
START_TEST(chance_rarely_looks_like_growth)
{
    unsigned seed = 7, grows = 0;

    for (unsigned trial = 0; trial < 500; trial++) {
        int more[30];
        struct growth g;

        for (size_t i = 0; i < 30; i++) {
            seed = seed * 1103515245 + 12345;
            more[i] = (int)(seed >> 16 & 63);
        }
        g = judge(more, 30, HOUR);
        grows += g.verdict == GROWTH_GROWS || g.verdict == GROWTH_SHRINKS;
    }
    ck_assert_uint_le(grows, 10);
}
END_TEST

START_TEST(too_little_tells_nothing)
{
    struct growth g = JUDGE(HOUR, 0, 10, 20, 30, 40);

    ck_assert_int_eq(g.verdict, GROWTH_UNKNOWN);
    ck_assert_uint_eq(g.points, 5);
    g = JUDGE(HOUR / 60, 0, 10, 20, 30, 40, 50, 60, 70);
    ck_assert_int_eq(g.verdict, GROWTH_UNKNOWN);
    growth_judge(&g, NULL, 0);
    ck_assert_int_eq(g.verdict, GROWTH_UNKNOWN);
    ck_assert_int_eq(g.from_ms, -1);
}
END_TEST

START_TEST(points_of_one_moment_do_no_harm)
{
    struct growth_point points[8] = {{0, 0}};
    struct growth g;

    for (size_t i = 0; i < 8; i++)
        points[i] = (struct growth_point){i < 7 ? 0 : 2 * HOUR, MB};
    growth_judge(&g, points, 8);
    ck_assert_int_eq(g.verdict, GROWTH_STEADY);
}
END_TEST

START_TEST(full_is_told_no_farther_than_was_seen)
{
    struct growth g = JUDGE(HOUR, 0, 10, 20, 30, 40, 50, 60);

    ck_assert_near((double)growth_full_in_ms(&g, 160 * MB, 260 * MB),
                   10.0 * HOUR);
    ck_assert_int_eq(growth_full_in_ms(&g, 160 * MB, 100 * MB), 0);
    ck_assert_int_eq(growth_full_in_ms(&g, 160 * MB, 0), -1);
    ck_assert_int_eq(growth_full_in_ms(&g, -1, 100 * MB), -1);
    /* 61 hours; 6 were seen. */
    ck_assert_int_eq(growth_full_in_ms(&g, 160 * MB, 770 * MB), -1);
}
END_TEST

static struct catalog
make_catalog(size_t count)
{
    struct catalog c = {.count = count};

    c.items = calloc(count, sizeof *c.items);
    ck_assert_ptr_nonnull(c.items);
    for (size_t i = 0; i < count; i++) {
        struct catalog_entry *entry = &c.items[i].entry;

        entry->started_ms = (int64_t)i * HOUR;
        entry->server.known = true;
        entry->server.used_memory = (int64_t)(100 + i) * MB;
    }
    return c;
}

START_TEST(only_what_is_known_of_the_last_week_counts)
{
    struct catalog c = make_catalog(24 * 30);
    int64_t now = 24 * 30 * (int64_t)HOUR;
    struct growth g;

    c.items[720 - 1].entry.server.used_memory = 0; /* not told */
    c.items[720 - 2].entry.server.known = false;
    error_set(&c.items[720 - 3].broken, ERROR_DAMAGED, "bad");
    c.items[720 - 4].entry.started_ms = now + HOUR; /* a clock was ahead */
    growth_of_catalog(&g, &c, now, (100 + 720) * (int64_t)MB);
    ck_assert_int_eq(g.verdict, GROWTH_GROWS);
    ck_assert_near(g.bytes_per_day, 24.0 * MB);
    ck_assert_uint_eq(g.points, 7 * 24 - 1 - 4 + 1);
    ck_assert_int_eq(g.to_ms, now);
    ck_assert(g.from_ms > now - 7 * DAY);
    free(c.items);
}
END_TEST

START_TEST(thousands_are_thinned_out)
{
    struct catalog c = make_catalog(5000);
    struct growth g;

    for (size_t i = 0; i < 5000; i++)
        c.items[i].entry.started_ms = (int64_t)i * 100 * 1000;
    growth_of_catalog(&g, &c, 5000 * INT64_C(100000), -1);
    ck_assert_int_eq(g.verdict, GROWTH_GROWS);
    ck_assert_uint_le(g.points, GROWTH_POINTS_MAX);
    ck_assert_uint_ge(g.points, GROWTH_POINTS_MAX / 2);
    ck_assert_near(g.bytes_per_day, 864.0 * MB);
    ck_assert_int_eq(g.to_ms, 4999 * INT64_C(100000));
    free(c.items);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("growth");
    TCase *tests = tcase_create("growth");
    SRunner *runner;
    int failed;

    tcase_add_test(tests, a_line_is_found);
    tcase_add_test(tests, a_single_peak_does_not_bend_it);
    tcase_add_test(tests, noise_is_not_growth);
    tcase_add_test(tests, a_wave_is_not_growth);
    tcase_add_test(tests, chance_rarely_looks_like_growth);
    tcase_add_test(tests, too_little_tells_nothing);
    tcase_add_test(tests, points_of_one_moment_do_no_harm);
    tcase_add_test(tests, full_is_told_no_farther_than_was_seen);
    tcase_add_test(tests, only_what_is_known_of_the_last_week_counts);
    tcase_add_test(tests, thousands_are_thinned_out);
    suite_add_tcase(suite, tests);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
