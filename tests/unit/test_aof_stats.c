#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/source.h"
#include "formats/aof_stats.h"

#define PING "*1\r\n$4\r\nPING\r\n"
#define SET "*3\r\n$3\r\nset\r\n$1\r\nk\r\n$1\r\nv\r\n"
#define BIG "*3\r\n$3\r\nSet\r\n$1\r\nk\r\n$9\r\nvvvvvvvvv\r\n"
#define MULTI "*1\r\n$5\r\nMULTI\r\n"
#define EXEC "*1\r\n$4\r\nEXEC\r\n"

static void
count(void *context, const struct aof_command *c)
{
    aof_stats_add(context, c);
}

static void
count_aof(struct aof_stats *s, const char *bytes)
{
    struct aof_options options = {.command_seen = count, .context = s};
    struct aof_result result;
    struct report report = {0};
    struct error e = {0};
    struct source source;

    *s = (struct aof_stats){0};
    source_of_memory(&source, bytes, strlen(bytes));
    ck_assert_int_eq(aof_scan(&source, &options, &report, &result, &e), 0);
    ck_assert_uint_eq(result.commands, s->commands_total);
    aof_stats_end(s);
    report_clear(&report);
}

static void
assert_command(const struct aof_stats_command *c, const char *name,
               uint64_t times, uint64_t bytes)
{
    ck_assert_uint_eq(c->name_size, strlen(name));
    ck_assert_mem_eq(c->name, name, strlen(name));
    ck_assert_uint_eq(c->count, times);
    ck_assert_uint_eq(c->bytes, bytes);
}

START_TEST(counts_by_name_in_whatever_case)
{
    struct aof_stats s;

    count_aof(&s, SET BIG PING SET "*2\r\n$6\r\nSELECT");
    ck_assert_uint_eq(s.count, 2);
    assert_command(&s.commands[0], "SET", 3, 2 * strlen(SET) + strlen(BIG));
    assert_command(&s.commands[1], "PING", 1, strlen(PING));
    ck_assert_uint_eq(s.bytes_total, strlen(SET BIG PING SET));
    assert_command(&s.biggest, "SET", 3, strlen(BIG));
    ck_assert_uint_eq(s.biggest_offset, strlen(SET));
    aof_stats_clear(&s);
}
END_TEST

START_TEST(counts_whole_transactions)
{
    struct aof_stats s;

    count_aof(&s, MULTI SET EXEC EXEC MULTI SET SET EXEC MULTI SET);
    ck_assert_uint_eq(s.transactions, 2);
    aof_stats_clear(&s);
}
END_TEST

START_TEST(nothing_is_counted_of_nothing)
{
    struct aof_stats s;

    count_aof(&s, "");
    ck_assert_uint_eq(s.count + s.commands_total + s.biggest.bytes, 0);
    aof_stats_clear(&s);
}
END_TEST

START_TEST(names_beyond_the_table_are_counted_together)
{
    struct aof_stats s = {0};
    struct aof_command c = {.end_offset = 10, .argc = 1};
    char name[16];
    uint64_t sum = 0;

    for (unsigned round = 0; round < 2; round++)
        for (unsigned i = 0; i < AOF_STATS_NAMES + 10; i++) {
            c.name = name;
            c.name_size = (uint32_t)snprintf(name, sizeof name, "C%u", i);
            aof_stats_add(&s, &c);
        }
    aof_stats_end(&s);
    ck_assert_uint_le(s.count, AOF_STATS_NAMES);
    ck_assert_uint_ge(s.other.count, 20);
    for (size_t i = 0; i < s.count; i++)
        sum += s.commands[i].count;
    ck_assert_uint_eq(sum + s.other.count, 2 * (AOF_STATS_NAMES + 10));
    ck_assert_uint_eq(s.commands_total, sum + s.other.count);
    ck_assert_uint_eq(s.other.bytes, s.other.count * 10);
    aof_stats_clear(&s);
}
END_TEST

START_TEST(a_name_is_kept_whole_up_to_the_limit)
{
    char name[AOF_NAME_MAX];
    struct aof_command c = {
        .end_offset = 1, .argc = 1, .name = name, .name_size = AOF_NAME_MAX};
    struct aof_stats s = {0};

    memset(name, 'x', sizeof name);
    aof_stats_add(&s, &c);
    aof_stats_end(&s);
    ck_assert_uint_eq(s.commands[0].name_size, AOF_NAME_MAX);
    ck_assert_int_eq(s.commands[0].name[AOF_NAME_MAX - 1], 'X');
    aof_stats_clear(&s);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("aof_stats");
    TCase *tests = tcase_create("aof_stats");
    SRunner *runner;
    int failed;

    tcase_add_test(tests, counts_by_name_in_whatever_case);
    tcase_add_test(tests, counts_whole_transactions);
    tcase_add_test(tests, nothing_is_counted_of_nothing);
    tcase_add_test(tests, names_beyond_the_table_are_counted_together);
    tcase_add_test(tests, a_name_is_kept_whole_up_to_the_limit);
    suite_add_tcase(suite, tests);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
