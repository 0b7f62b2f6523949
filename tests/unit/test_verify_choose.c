/* Which snapshots a verification reads, and in which order. */
#include "jobs/verify.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { COUNT = 5, NOW_MS = 100000 };

static struct catalog_item items[COUNT];
static struct catalog catalog = {.items = items, .count = COUNT};
static struct verify_choice choice;

/* a, b, c ... of 100 bytes each, stored at 1000, 2000 ... */
static void
begin(void)
{
    memset(items, 0, sizeof items);
    for (int i = 0; i < COUNT; i++) {
        snprintf(items[i].id, sizeof items[i].id, "%c", 'a' + i);
        items[i].entry.archive.size_bytes = 100;
        items[i].entry.finished_ms = 1000 * (i + 1);
        items[i].entry.verified_ms = -1;
    }
}

static void
end(void)
{
    verify_choice_clear(&choice);
}

static const char *
chosen(void)
{
    static char text[64];

    text[0] = '\0';
    for (size_t i = 0; i < choice.count; i++)
        strcat(text, choice.items[i]->id);
    return text;
}

static const char *
sample(double percent)
{
    verify_choice_clear(&choice);
    verify_choose_sample(&choice, &catalog, percent, NOW_MS);
    return chosen();
}

START_TEST(takes_so_many_percent_of_the_bytes_and_at_least_one)
{
    ck_assert_str_eq(sample(0.1), "a");
    ck_assert_str_eq(sample(20), "a");
    ck_assert_str_eq(sample(20.1), "ab");
    ck_assert_str_eq(sample(100), "abcde");
    items[0].entry.archive.size_bytes = 100000;
    ck_assert_str_eq(sample(50), "a");
}
END_TEST

START_TEST(what_waited_longest_comes_first)
{
    items[0].entry.verified_ms = 2500;
    ck_assert_str_eq(sample(60), "bac");
}
END_TEST

START_TEST(what_failed_is_read_again_first)
{
    items[3].entry.verified_ms = 90000;
    items[3].entry.failed = true;
    ck_assert_str_eq(sample(20), "da");
    items[4].broken.kind = ERROR_DAMAGED;
    memset(&items[4].entry, 0, sizeof items[4].entry);
    ck_assert_str_eq(sample(20), "eda");
    ck_assert_str_eq(sample(40), "edab");
}
END_TEST

START_TEST(a_time_to_come_is_of_a_clock_that_was_ahead)
{
    items[2].entry.verified_ms = NOW_MS + 1;
    ck_assert_str_eq(sample(20), "c");
}
END_TEST

START_TEST(as_many_runs_as_there_are_shares_read_all)
{
    bool seen[COUNT] = {false};

    for (int run = 0; run < COUNT; run++) {
        sample(100.0 / COUNT);
        for (size_t i = 0; i < choice.count; i++) {
            size_t n = (size_t)(choice.items[i] - items);

            seen[n] = true;
            items[n].entry.verified_ms = 50000 + run;
        }
    }
    for (int i = 0; i < COUNT; i++)
        ck_assert(seen[i]);
}
END_TEST

START_TEST(the_newest_comes_with_those_that_cannot_be_read)
{
    verify_choose_newest(&choice, &catalog);
    ck_assert_str_eq(chosen(), "e");
    items[4].broken.kind = ERROR_DAMAGED;
    verify_choice_clear(&choice);
    verify_choose_newest(&choice, &catalog);
    ck_assert_str_eq(chosen(), "ed");
}
END_TEST

START_TEST(each_comes_once)
{
    verify_choose(&choice, &items[1]);
    verify_choose_sample(&choice, &catalog, 40, NOW_MS);
    verify_choose_all(&choice, &catalog);
    ck_assert_str_eq(chosen(), "bacde");
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("verify_choose");
    TCase *cases = tcase_create("verify_choose");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_add_checked_fixture(cases, begin, end);
    tcase_add_test(cases, takes_so_many_percent_of_the_bytes_and_at_least_one);
    tcase_add_test(cases, what_waited_longest_comes_first);
    tcase_add_test(cases, what_failed_is_read_again_first);
    tcase_add_test(cases, a_time_to_come_is_of_a_clock_that_was_ahead);
    tcase_add_test(cases, as_many_runs_as_there_are_shares_read_all);
    tcase_add_test(cases, the_newest_comes_with_those_that_cannot_be_read);
    tcase_add_test(cases, each_comes_once);
    suite_add_tcase(suite, cases);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
