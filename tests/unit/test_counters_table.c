#include "jobs/counters_table.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct error e;
static char seen[1000];

static int
take(void *context, const struct counters_row *row, struct error *why)
{
    size_t used = strlen(seen);

    (void)context;
    (void)why;
    snprintf(seen + used, sizeof seen - used, "%.*s=%llu;", (int)row->key_size,
             row->text + row->key_at, (unsigned long long)row->db_max);
    return 0;
}

/* In pieces of step bytes. */
static int
read_in_pieces(struct counters_table *t, const char *text, size_t size,
               size_t step)
{
    seen[0] = '\0';
    e = (struct error){0};
    counters_table_begin(t, take, NULL);
    for (size_t at = 0; at < size; at += step)
        if (counters_table_feed(t, text + at,
                                size - at < step ? size - at : step, &e) != 0)
            return -1;
    return counters_table_end(t, &e);
}

static const struct {
    const char *text, *rows;
} good[] = {
    {"key\tdb_max\n", ""},
    {"key\tdb_max\na\t0\n", "a=0;"},
    {"id\tdb_max\tname\tkey\n1\t9223372036854775807\t\tk 1\n"
     "\t007\tx\tk\xff\n",
     "k 1=9223372036854775807;k\xff=7;"},
    {"key\tdb_max\r\na\t5\r\n", "a=5;"},
    {"db_max\tkey\n5\t\"a\\t\"\n", "\"a\\t\"=5;"},
};

START_TEST(reads_rows_however_they_come)
{
    static const size_t steps[] = {1, 2, 7, 100000};

    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        struct counters_table t;

        ck_assert_msg(read_in_pieces(&t, good[_i].text, strlen(good[_i].text),
                                     steps[i]) == 0,
                      "%s", e.text);
        ck_assert_str_eq(seen, good[_i].rows);
        counters_table_clear(&t);
    }
}
END_TEST

#define TEXT(text) text, sizeof text - 1

static const struct {
    const char *text;
    size_t size;
    const char *message;
} bad[] = {
    {TEXT(""), "it printed nothing, expected is a header"},
    {TEXT("\n"), "line 1: column 1 has no name"},
    {TEXT("key"), "line 1: 'key' does not end with a newline: half a line?"},
    {TEXT("key\n"), "line 1: the header names no column db_max; it is 'key', "
                    "expected are key, db_max and any others, with tabs in "
                    "between"},
    {TEXT("db_max\tkeys\n"),
     "line 1: the header names no column key; it is 'db_max\\x09keys', "
     "expected are key, db_max and any others, with tabs in between"},
    {TEXT("key\tdb_max\t\n"), "line 1: column 3 has no name"},
    {TEXT("key\tdb_max\tdb_max\n"), "line 1: column 'db_max' comes twice"},
    {TEXT("key\tdb_max\tredis_counter\n"),
     "line 1: the column name redis_counter is reserved"},
    {TEXT("key\tdb_max\t\xff\n"), "line 1: a column's name is no UTF-8"},
    {TEXT("key\tdb_max\n\n"), "line 2: 1 column, expected 2: ''"},
    {TEXT("key\tdb_max\na\t1\nb\t2\t3\n"),
     "line 3: 3 columns, expected 2: 'b\\x092\\x093'"},
    {TEXT("key\tdb_max\n\t1\n"), "line 2: the key is empty"},
    {TEXT("key\tdb_max\na\0b\t1\n"), "line 2: a NUL byte, expected is text"},
    {TEXT("key\tdb_max\na\t\n"),
     "line 2: db_max '' is no whole number from 0 to 9223372036854775807"},
    {TEXT("key\tdb_max\na\t 1\n"),
     "line 2: db_max ' 1' is no whole number from 0 to 9223372036854775807"},
    {TEXT("key\tdb_max\na\t1.0\n"),
     "line 2: db_max '1.0' is no whole number from 0 to 9223372036854775807"},
    {TEXT("key\tdb_max\na\t99999999999999999999999999\n"),
     "line 2: db_max '99999999999999999999999999' is no whole number from 0 to "
     "9223372036854775807"},
    {TEXT("key\tdb_max\na\t1\nb\t1"),
     "line 3: 'b\\x091' does not end with a newline: half a line?"},
};

START_TEST(tells_what_is_wrong_and_on_which_line)
{
    static const size_t steps[] = {1, 3, 100000};

    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        struct counters_table t;

        ck_assert_int_eq(
            read_in_pieces(&t, bad[_i].text, bad[_i].size, steps[i]), -1);
        ck_assert_str_eq(e.text, bad[_i].message);
        counters_table_clear(&t);
    }
}
END_TEST

START_TEST(a_line_has_an_end)
{
    static char text[2 * COUNTERS_LINE_MAX];
    static const char head[] = "key\tdb_max\n";
    static const size_t steps[] = {1, 1000, sizeof text};

    for (int over = 0; over < 2; over++)
        for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
            size_t line = COUNTERS_LINE_MAX + (size_t)over;
            size_t size = strlen(head) + line + 1;
            struct counters_table t;

            memset(text, 'k', sizeof text);
            memcpy(text, head, strlen(head));
            memcpy(text + size - 3, "\t1\n", 3);
            seen[0] = '\0';
            ck_assert_int_eq(read_in_pieces(&t, text, size, steps[i]), -over);
            if (over)
                ck_assert_str_eq(e.text, "line 2: longer than 16384 bytes");
            counters_table_clear(&t);
        }
}
END_TEST

START_TEST(takes_so_many_columns_and_no_more)
{
    char text[4096] = "key\tdb_max";
    struct counters_table t;

    for (int i = 2; i <= COUNTERS_COLUMNS_MAX; i++)
        snprintf(text + strlen(text), 20, "\tc%d", i);
    strcat(text, "\n");
    ck_assert_int_eq(read_in_pieces(&t, text, strlen(text), 4096), -1);
    ck_assert_str_eq(e.text, "line 1: more than 64 columns");
    counters_table_clear(&t);
}
END_TEST

START_TEST(finds_cells_by_their_place)
{
    static const char text[] = "a\t\tccc";
    const struct counters_row row = {.text = text, .size = sizeof text - 1};
    static const char *const cells[] = {"a", "", "ccc", ""};

    for (size_t i = 0; i < 4; i++) {
        size_t size;
        const char *cell = counters_table_cell(&row, i, &size);

        ck_assert_uint_eq(size, strlen(cells[i]));
        ck_assert_int_eq(strncmp(cell, cells[i], size), 0);
    }
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("counters_table");
    TCase *tc = tcase_create("all");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_add_loop_test(tc, reads_rows_however_they_come, 0,
                        (int)(sizeof good / sizeof *good));
    tcase_add_loop_test(tc, tells_what_is_wrong_and_on_which_line, 0,
                        (int)(sizeof bad / sizeof *bad));
    tcase_add_test(tc, a_line_has_an_end);
    tcase_add_test(tc, takes_so_many_columns_and_no_more);
    tcase_add_test(tc, finds_cells_by_their_place);
    suite_add_tcase(suite, tc);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
