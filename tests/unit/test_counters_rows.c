#include "jobs/counters_rows.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { ROWS = 20000 };

static struct error e;
static struct counters_rows rows;

/* Of very different sizes. */
static size_t
write_row(char text[COUNTERS_LINE_MAX], unsigned i)
{
    size_t size = i % 1000 == 7 ? COUNTERS_LINE_MAX - 1 : 5 + i % 90;

    memset(text, 'a' + (int)(i % 26), size);
    return size;
}

static void
begin(void)
{
    static char text[COUNTERS_LINE_MAX];

    ck_assert_int_eq(counters_rows_begin(&rows, &e), 0);
    for (unsigned i = 0; i < ROWS; i++) {
        const struct counters_row row = {.db_max = i,
                                         .size = (uint32_t)write_row(text, i),
                                         .key_at = i % 3,
                                         .key_size = i % 5,
                                         .text = text};

        ck_assert_int_eq(counters_rows_add(&rows, &row, &e), 0);
    }
    ck_assert_int_eq(counters_rows_end(&rows, &e), 0);
    ck_assert_uint_eq(rows.count, ROWS);
}

static void
end(void)
{
    counters_rows_clear(&rows);
}

START_TEST(gives_back_what_it_got_to_each_reader)
{
    static char text[COUNTERS_LINE_MAX];
    struct counters_cursor ahead, behind;
    struct counters_row row;

    counters_cursor_begin(&ahead, &rows, UINT64_MAX, 1);
    counters_cursor_begin(&behind, &rows, UINT64_MAX, 1);
    for (unsigned i = 0; i < 5000; i++)
        ck_assert(counters_cursor_next(&ahead, &row));
    for (unsigned i = 0; i < ROWS; i++) {
        ck_assert(counters_cursor_next(&behind, &row));
        ck_assert_uint_eq(row.db_max, i);
        ck_assert_uint_eq(row.size, write_row(text, i));
        ck_assert_int_eq(memcmp(row.text, text, row.size), 0);
        ck_assert_uint_eq(row.key_at, i % 3);
        ck_assert_uint_eq(row.key_size, i % 5);
        ck_assert(counters_cursor_next(&ahead, &row) == (i + 5000 < ROWS));
    }
    ck_assert(!counters_cursor_next(&behind, &row));
    ck_assert_int_eq(counters_cursor_end(&ahead, &e), 0);
    ck_assert_int_eq(counters_cursor_end(&behind, &e), 0);
}
END_TEST

static const uint64_t wanted[] = {1, 10, 5000, ROWS - 1, ROWS, UINT64_MAX};

START_TEST(chooses_so_many_and_with_a_seed_the_same)
{
    struct counters_cursor a, b;
    struct counters_row one, other;
    uint64_t count = 0, last = 0;

    counters_cursor_begin(&a, &rows, wanted[_i], 42);
    counters_cursor_begin(&b, &rows, wanted[_i], 42);
    for (; counters_cursor_next(&a, &one); count++) {
        ck_assert(counters_cursor_next(&b, &other));
        ck_assert_uint_eq(one.db_max, other.db_max);
        ck_assert(count == 0 || one.db_max > last);
        last = one.db_max;
    }
    ck_assert_uint_eq(count, wanted[_i] < ROWS ? wanted[_i] : ROWS);
    ck_assert_int_eq(counters_cursor_end(&a, &e), 0);
    ck_assert_int_eq(counters_cursor_end(&b, &e), 0);
}
END_TEST

/* 4000 choices of 1 in 20000: each quarter has about 1000 of them. */
START_TEST(every_row_has_the_same_chance)
{
    unsigned quarters[4] = {0};

    for (uint64_t seed = 0; seed < 20; seed++) {
        struct counters_cursor c;
        struct counters_row row;

        counters_cursor_begin(&c, &rows, 200, seed);
        while (counters_cursor_next(&c, &row))
            quarters[row.db_max / (ROWS / 4)]++;
        ck_assert_int_eq(counters_cursor_end(&c, &e), 0);
    }
    for (int i = 0; i < 4; i++) {
        ck_assert_uint_gt(quarters[i], 850);
        ck_assert_uint_lt(quarters[i], 1150);
    }
}
END_TEST

START_TEST(a_scratch_file_that_was_cut_is_told)
{
    struct counters_cursor c;
    struct counters_row row;

    ck_assert_int_eq(ftruncate(rows.fd, (off_t)(rows.size_bytes / 2)), 0);
    counters_cursor_begin(&c, &rows, UINT64_MAX, 1);
    while (counters_cursor_next(&c, &row))
        continue;
    ck_assert_int_eq(counters_cursor_end(&c, &e), -1);
    ck_assert_str_eq(e.text, "the scratch file (TMPDIR) was cut");
}
END_TEST

START_TEST(there_may_be_no_rows)
{
    struct counters_rows none = {.fd = -1};
    struct counters_cursor c;
    struct counters_row row;

    counters_rows_clear(&none);
    ck_assert_int_eq(counters_rows_begin(&none, &e), 0);
    ck_assert_int_eq(counters_rows_end(&none, &e), 0);
    counters_cursor_begin(&c, &none, UINT64_MAX, 1);
    ck_assert(!counters_cursor_next(&c, &row));
    ck_assert_int_eq(counters_cursor_end(&c, &e), 0);
    counters_rows_clear(&none);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("counters_rows");
    TCase *tc = tcase_create("all");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_add_checked_fixture(tc, begin, end);
    tcase_add_test(tc, gives_back_what_it_got_to_each_reader);
    tcase_add_loop_test(tc, chooses_so_many_and_with_a_seed_the_same, 0,
                        (int)(sizeof wanted / sizeof *wanted));
    tcase_add_test(tc, every_row_has_the_same_chance);
    tcase_add_test(tc, a_scratch_file_that_was_cut_is_told);
    tcase_add_test(tc, there_may_be_no_rows);
    suite_add_tcase(suite, tc);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
