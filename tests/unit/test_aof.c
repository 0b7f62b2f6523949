#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "formats/aof.h"

#define SET "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1\r\nv\r\n" /* 27 bytes */
#define MULTI "*1\r\n$5\r\nMULTI\r\n"                   /* 15 bytes */
#define EXEC "*1\r\n$4\r\nEXEC\r\n"                     /* 14 bytes */
#define STAMP "#TS:1700000000\r\n"                      /* 16 bytes */
#define RDB "REDIS0010\xff\0\0\0\0\0\0\0\0"             /* 18 bytes */

/* Delivers a few bytes a time. */
struct drip {
    const char *bytes;
    size_t left, step;
};

static int
pull_drip(void *context, void *bytes, size_t size, size_t *got, struct error *e)
{
    struct drip *d = context;

    (void)e;
    *got = d->step < size ? d->step : size;
    if (*got > d->left)
        *got = d->left;
    memcpy(bytes, d->bytes, *got);
    d->bytes += *got;
    d->left -= *got;
    return 0;
}

static void
scan_memory(const char *bytes, size_t size, struct report *report,
            struct aof_result *r)
{
    struct source s;
    struct error e = {0};

    source_of_memory(&s, bytes, size);
    ck_assert_msg(aof_scan(&s, NULL, report, r, &e) == 0, "%s", e.text);
    source_close(&s);
}

static void
scan_drip(const char *bytes, size_t size, size_t step, struct report *report,
          struct aof_result *r)
{
    struct drip d = {.bytes = bytes, .left = size, .step = step};
    struct source s;
    struct error e = {0};

    source_of_pull(&s, pull_drip, &d, size);
    ck_assert_msg(aof_scan(&s, NULL, report, r, &e) == 0, "%s", e.text);
    source_close(&s);
}

static void
assert_equal(const struct aof_result *a, const struct aof_result *b)
{
    ck_assert_str_eq(verdict_name(a->verdict), verdict_name(b->verdict));
    ck_assert_uint_eq(a->commands, b->commands);
    ck_assert_uint_eq(a->size_bytes, b->size_bytes);
    ck_assert_uint_eq(a->good_end, b->good_end);
    ck_assert_uint_eq(a->server_end, b->server_end);
    ck_assert_uint_eq(a->damage_offset, b->damage_offset);
    ck_assert_int_eq(a->ends_in_command, b->ends_in_command);
    ck_assert_int_eq(a->ends_in_multi, b->ends_in_multi);
    ck_assert_int_eq(a->ends_in_annotation, b->ends_in_annotation);
    ck_assert_int_eq(a->server_refuses, b->server_refuses);
    ck_assert_int_eq(a->has_rdb, b->has_rdb);
    ck_assert_int_eq(a->first_time, b->first_time);
    ck_assert_int_eq(a->last_time, b->last_time);
}

static void
assert_same_findings(const struct report *a, const struct report *b)
{
    ck_assert_uint_eq(a->count, b->count);
    for (size_t i = 0; i < a->count; i++) {
        ck_assert_str_eq(a->findings[i].code, b->findings[i].code);
        ck_assert_int_eq(a->findings[i].offset, b->findings[i].offset);
        ck_assert_str_eq(a->findings[i].text, b->findings[i].text);
    }
}

/* Commands that take two words and more, by length of name. */
static const char *const names[] = {"del", "mget", "touch"};

static size_t
write_command(char *out, size_t count, const size_t sizes[])
{
    size_t at = (size_t)sprintf(out, "*%zu\r\n", count);

    for (size_t i = 0; i < count; i++) {
        at += (size_t)sprintf(out + at, "$%zu\r\n", sizes[i]);
        memset(out + at, 'a' + (int)(i % 26), sizes[i]);
        if (i == 0 && sizes[0] >= 3 && sizes[0] <= 5)
            memcpy(out + at, names[sizes[0] - 3], sizes[0]);
        at += sizes[i];
        at += (size_t)sprintf(out + at, "\r\n");
    }
    return at;
}

/* Everything in one file, long enough for the fast path. */
static size_t
write_composite(char *out, bool rdb)
{
    static const size_t shapes[][3] = {
        {3, 1, 1},   {4, 9, 10},    {5, 99, 100},
        {5, 0, 999}, {4, 20, 1000}, {3, 7, 12000},
    };
    size_t at = 0, many[130];

    if (rdb) {
        memcpy(out, RDB, 18);
        at = 18;
    }
    at += (size_t)sprintf(out + at, SET STAMP SET);
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        at += write_command(out + at, 3, shapes[i]);
        at += (size_t)sprintf(out + at, MULTI SET);
        at += write_command(out + at, 2, shapes[i]);
        at += (size_t)sprintf(out + at, EXEC "#TS:1700000%03zu\r\n", i);
    }
    for (size_t i = 0; i < 130; i++)
        many[i] = i % 13;
    many[0] = 5;
    at += write_command(out + at, 9, many);
    at += write_command(out + at, 10, many);
    at += write_command(out + at, 99, many);
    at += write_command(out + at, 130, many);
    return at;
}

START_TEST(every_way_to_read_a_file_gives_the_same_result)
{
    char *bytes = malloc(1 << 16);
    size_t size = write_composite(bytes, _i % 2 == 0);
    struct report one = {0}, two = {0};
    struct aof_result a, b;

    scan_memory(bytes, size, &one, &a);
    ck_assert_int_eq(a.verdict, VERDICT_SOUND);
    ck_assert_uint_eq(a.commands, 2 + 6 * 5 + 4);
    ck_assert_uint_eq(a.good_end, size);
    ck_assert_int_eq(a.first_time, 1700000000);
    ck_assert_int_eq(a.last_time, 1700000005);
    scan_drip(bytes, size, (size_t)_i + 1, &two, &b);
    assert_equal(&a, &b);
    assert_same_findings(&one, &two);
    report_clear(&one);
    report_clear(&two);
    free(bytes);
}
END_TEST

/* Each is cut off just behind a command; more would not be read. */
static void
check_prefix(const char *bytes, size_t size, bool boundary[])
{
    char *copy = malloc(size + 1); /* so that reading beyond it is seen */
    struct report one = {0}, two = {0};
    struct aof_result a, b;

    memcpy(copy, bytes, size);
    scan_memory(copy, size, &one, &a);
    scan_drip(copy, size, 7, &two, &b);
    assert_equal(&a, &b);
    assert_same_findings(&one, &two);
    ck_assert_int_eq(a.verdict, boundary[size] ? VERDICT_SOUND : VERDICT_TORN);
    ck_assert(!a.server_refuses);
    ck_assert_uint_le(a.good_end, size);
    ck_assert(boundary[a.good_end]);
    ck_assert_uint_le(a.server_end, size);
    report_clear(&one);
    report_clear(&two);
    free(copy);
}

/* Marks where a cut is clean: behind items outside a MULTI. */
static void
mark(void *context, const struct aof_command *c)
{
    bool *boundary = context;
    bool closes = c->name_size == 4 && memcmp(c->name, "EXEC", 4) == 0;

    if (!c->in_multi || closes)
        boundary[c->end_offset] = true;
}

START_TEST(every_prefix_is_sound_or_torn_and_safe_to_cut)
{
    char *bytes = malloc(1 << 16);
    size_t size = write_composite(bytes, false);
    bool *boundary = calloc(size + 1, sizeof(bool));
    struct aof_options options = {.command_seen = mark, .context = boundary};
    struct aof_result r;
    struct source s;
    struct error e = {0};

    source_of_memory(&s, bytes, size);
    ck_assert_int_eq(aof_scan(&s, &options, NULL, &r, &e), 0);
    boundary[0] = true;
    for (size_t i = 0; i + 16 <= size; i++)
        if (memcmp(bytes + i, "#TS:1700000", 11) == 0)
            boundary[i + 16] = true;
    /* All around the items, and samples inside the long arguments. */
    for (size_t i = 0; i < size; i++)
        if (i < 800 || i % 97 == 0 || boundary[i] || boundary[i + 1] ||
            i + 1500 > size)
            check_prefix(bytes, i, boundary);
    free(boundary);
    free(bytes);
}
END_TEST

START_TEST(a_torn_rdb_in_front_is_damage)
{
    static const char bytes[] = RDB;
    struct report report = {0};
    struct aof_result r;

    scan_memory(bytes, (size_t)_i, &report, &r);
    ck_assert_int_eq(r.verdict, VERDICT_DAMAGED);
    ck_assert(r.server_refuses);
    ck_assert_uint_eq(r.good_end, 0);
    report_clear(&report);
}
END_TEST

START_TEST(an_unfinished_first_command_behind_an_rdb_costs_the_rdb)
{
    static const char *const tails[] = {"*3\r\n$3", MULTI SET};
    char bytes[100];
    size_t size;
    struct report report = {0};
    struct aof_result r;

    memcpy(bytes, RDB, 18);
    size = 18 + (size_t)sprintf(bytes + 18, "%s", tails[_i]);
    scan_memory(bytes, size, &report, &r);
    ck_assert_int_eq(r.verdict, VERDICT_TORN);
    ck_assert_uint_eq(r.good_end, 18);
    ck_assert_uint_eq(r.server_end, 0);
    ck_assert_str_eq(report.findings[report.count - 1].code, "aof-torn-front");
    report_clear(&report);
}
END_TEST

START_TEST(an_rdb_newer_than_ours_is_not_judged)
{
    static const char bytes[] = "REDIS0099\xff\0\0\0\0\0\0\0\0";
    struct report report = {0};
    struct aof_result r;

    scan_memory(bytes, 18, &report, &r);
    ck_assert_int_eq(r.verdict, VERDICT_UNKNOWN);
    ck_assert_int_eq(r.rdb.version, 99);
    ck_assert(!r.server_refuses);
    report_clear(&report);
}
END_TEST

/* What the callback is told, as one line a command. */
static void
note(void *context, const struct aof_command *c)
{
    char *out = context;

    sprintf(out + strlen(out), "%llu-%llu %llu %.*s%s %lld\n",
            (unsigned long long)c->offset, (unsigned long long)c->end_offset,
            (unsigned long long)c->argc, (int)c->name_size, c->name,
            c->in_multi ? " in" : "", (long long)c->time);
}

START_TEST(tells_each_command)
{
    static const char bytes[] = SET STAMP MULTI SET EXEC
        "*10\r\n$11\r\nINCRBYFLOAT\r\n$1\r\n1\r\n$1\r\n2\r\n$1\r\n3\r\n"
        "$1\r\n4\r\n$1\r\n5\r\n$1\r\n6\r\n$1\r\n7\r\n$1\r\n8\r\n$1\r\n9\r\n";
    char told[1000] = "";
    struct aof_options options = {.command_seen = note, .context = told};
    struct drip d = {.bytes = bytes, .left = sizeof bytes - 1, .step = 3};
    struct aof_result r;
    struct source s;
    struct error e = {0};

    if (_i == 0)
        source_of_memory(&s, bytes, sizeof bytes - 1);
    else
        source_of_pull(&s, pull_drip, &d, UINT64_MAX);
    ck_assert_int_eq(aof_scan(&s, &options, NULL, &r, &e), 0);
    source_close(&s);
    ck_assert_str_eq(told, "0-27 3 SET -1\n"
                           "43-58 1 MULTI in 1700000000\n"
                           "58-85 3 SET in 1700000000\n"
                           "85-99 1 EXEC in 1700000000\n"
                           "99-185 10 INCRBYFLOAT 1700000000\n");
    ck_assert_uint_eq(r.size_bytes, sizeof bytes - 1);
}
END_TEST

START_TEST(a_name_is_told_up_to_its_limit)
{
    char bytes[400], told[200] = "", expected[200];
    size_t sizes[] = {200};
    struct aof_options options = {.command_seen = note, .context = told};
    struct aof_result r;
    struct source s;
    struct error e = {0};
    size_t size = write_command(bytes, 1, sizes);

    memcpy(bytes + size, SET SET, 54);
    source_of_memory(&s, bytes, size + (_i == 0 ? 0 : 54));
    ck_assert_int_eq(aof_scan(&s, &options, NULL, &r, &e), 0);
    sprintf(expected, "0-212 1 %064d -1\n", 0);
    for (char *at = strstr(expected, "000"); *at == '0'; at++)
        *at = 'a';
    told[strlen(expected)] = '\0';
    ck_assert_str_eq(told, expected);
}
END_TEST

START_TEST(an_argument_may_be_larger_than_any_window)
{
    size_t size = 5 << 20, at;
    char *bytes = malloc(size + 200);
    struct report report = {0};
    struct aof_result a, b;

    at = (size_t)sprintf(bytes, SET "*2\r\n$3\r\nGET\r\n$%zu\r\n", size);
    memset(bytes + at, '*', size);
    at += size;
    at += (size_t)sprintf(bytes + at, "\r\n" SET);
    scan_memory(bytes, at, &report, &a);
    ck_assert_int_eq(a.verdict, VERDICT_SOUND);
    ck_assert_uint_eq(a.commands, 3);
    scan_drip(bytes, at, 1 << 20, &report, &b);
    assert_equal(&a, &b);
    scan_drip(bytes, at - 30, 1 << 20, &report, &b);
    ck_assert_int_eq(b.verdict, VERDICT_TORN);
    ck_assert_uint_eq(b.good_end, 27);
    report_clear(&report);
    free(bytes);
}
END_TEST

static int
pull_nothing(void *context, void *bytes, size_t size, size_t *got,
             struct error *e)
{
    (void)context;
    (void)bytes;
    (void)size;
    *got = 0;
    return error_set(e, ERROR_CHANGED, "it shrank");
}

START_TEST(a_source_that_fails_is_no_verdict)
{
    struct source s;
    struct aof_result r;
    struct error e = {0};

    source_of_pull(&s, pull_nothing, NULL, 100);
    ck_assert_int_eq(aof_scan(&s, NULL, NULL, &r, &e), -1);
    ck_assert_int_eq(e.kind, ERROR_CHANGED);
    source_close(&s);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("aof");
    TCase *tc = tcase_create("aof");
    SRunner *runner = srunner_create(suite);
    int failed;

    suite_add_tcase(suite, tc);
    tcase_add_loop_test(tc, every_way_to_read_a_file_gives_the_same_result, 0,
                        40);
    tcase_add_test(tc, every_prefix_is_sound_or_torn_and_safe_to_cut);
    tcase_add_loop_test(tc, a_torn_rdb_in_front_is_damage, 1, 18);
    tcase_add_loop_test(
        tc, an_unfinished_first_command_behind_an_rdb_costs_the_rdb, 0, 2);
    tcase_add_test(tc, an_rdb_newer_than_ours_is_not_judged);
    tcase_add_loop_test(tc, tells_each_command, 0, 2);
    tcase_add_loop_test(tc, a_name_is_told_up_to_its_limit, 0, 2);
    tcase_add_test(tc, an_argument_may_be_larger_than_any_window);
    tcase_add_test(tc, a_source_that_fails_is_no_verdict);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
