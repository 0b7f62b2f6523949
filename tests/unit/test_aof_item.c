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

#define TEXT(t) t, sizeof t - 1

/* Files that every server loads, in whole or but for their tail. */
static const struct {
    const char *bytes;
    size_t size;
    enum verdict verdict;
    uint64_t commands, good_end, server_end;
    const char *code; /* of the first finding; NULL none */
} loaded[] = {
    {TEXT(""), VERDICT_SOUND, 0, 0, 0, NULL},
    {TEXT(SET), VERDICT_SOUND, 1, 27, 27, NULL},
    {TEXT(SET SET SET SET), VERDICT_SOUND, 4, 108, 108, NULL},
    {TEXT(STAMP SET STAMP), VERDICT_SOUND, 1, 59, 59, NULL},
    {TEXT("# any words\n" SET), VERDICT_SOUND, 1, 39, 39, NULL},
    {TEXT(MULTI SET EXEC), VERDICT_SOUND, 3, 56, 56, NULL},
    {TEXT("*1\r\n$5\r\nmUlTi\r\n" SET "*1\r\n$4\r\nexeC\r\n" SET SET),
     VERDICT_SOUND, 5, 110, 110, NULL},
    {TEXT("*1\r\n$0\r\n\r\n"), VERDICT_DAMAGED, 1, 0, 10,
     "aof-command-unknown"},
    {TEXT("*01\r\n$04\r\nPING\r\n"), VERDICT_SOUND, 1, 16, 16, NULL},
    {TEXT(RDB), VERDICT_SOUND, 0, 18, 18, "rdb-checksum-disabled"},
    {TEXT(RDB SET), VERDICT_SOUND, 1, 45, 45, "rdb-checksum-disabled"},
    /* Unfinished tails. */
    {TEXT(SET "*"), VERDICT_TORN, 1, 27, 27, "aof-torn"},
    {TEXT(SET "*3"), VERDICT_TORN, 1, 27, 27, "aof-torn"},
    {TEXT(SET "*3\r\n$"), VERDICT_TORN, 1, 27, 27, "aof-torn"},
    {TEXT(SET "*3\r\n$3\r\nSE"), VERDICT_TORN, 1, 27, 27, "aof-torn"},
    {TEXT(SET "*1\r\n$3\r\nGET\r"), VERDICT_TORN, 1, 27, 27, "aof-torn"},
    {TEXT(SET STAMP "*1\r\n"), VERDICT_TORN, 1, 43, 27, "aof-torn"},
    {TEXT(SET "#"), VERDICT_TORN, 1, 27, 28, "aof-annotation-torn"},
    {TEXT(SET "#TS:17"), VERDICT_TORN, 1, 27, 33, "aof-annotation-torn"},
    {TEXT(SET MULTI SET), VERDICT_TORN, 3, 27, 27, "aof-multi-open"},
    {TEXT(SET STAMP MULTI), VERDICT_TORN, 2, 43, 27, "aof-multi-open"},
    {TEXT(SET MULTI SET "*1"), VERDICT_TORN, 3, 27, 69, "aof-torn"},
    {TEXT(SET MULTI "#TS:1"), VERDICT_TORN, 2, 27, 27, "aof-multi-open"},
    /* What no server writes: it is passed over. */
    {TEXT(SET EXEC SET), VERDICT_SOUND, 3, 68, 68, "aof-exec-alone"},
    {TEXT(MULTI MULTI EXEC), VERDICT_SOUND, 3, 44, 44, "aof-multi-nested"},
    {TEXT(SET MULTI SET MULTI), VERDICT_TORN, 4, 27, 69, "aof-multi-nested"},
    {TEXT(SET "*1\r\n$4\r\nTIMExx" SET), VERDICT_DAMAGED, 3, 27, 68,
     "aof-crlf"},
    {TEXT(SET "*1\n$4\nTIME\r\n" SET), VERDICT_DAMAGED, 3, 27, 66,
     "aof-number"},
    {TEXT("*1x\r\n$ +4\r\nTIME\r\n"), VERDICT_DAMAGED, 1, 0, 17, "aof-number"},
    {TEXT(SET "*1\r\n$4\r\nTIMExx*2\r\n"), VERDICT_DAMAGED, 2, 27, 41,
     "aof-crlf"},
    {TEXT(SET "*1\r\n$3x"), VERDICT_DAMAGED, 1, 27, 27, "aof-number"},
    {TEXT(SET "*2\r\n$3\r\nGET\r\n$999999999\r\n"), VERDICT_DAMAGED, 1, 27, 27,
     "aof-length-unusual"},
};

START_TEST(loads_what_a_server_loads)
{
    struct report report = {0};
    struct aof_result r;

    scan_memory(loaded[_i].bytes, loaded[_i].size, &report, &r);
    ck_assert_str_eq(verdict_name(r.verdict), verdict_name(loaded[_i].verdict));
    ck_assert_uint_eq(r.commands, loaded[_i].commands);
    ck_assert_uint_eq(r.good_end, loaded[_i].good_end);
    ck_assert_uint_eq(r.server_end, loaded[_i].server_end);
    ck_assert_uint_eq(r.size_bytes, loaded[_i].size);
    ck_assert(!r.server_refuses);
    if (loaded[_i].code == NULL)
        ck_assert_uint_eq(report.count, 0);
    else
        ck_assert_str_eq(report.findings[0].code, loaded[_i].code);
    report_clear(&report);
}
END_TEST

/* Files that stop a server; offset is where. */
static const struct {
    const char *bytes;
    size_t size;
    uint64_t offset, good_end;
    const char *code, *text;
} refused[] = {
    {TEXT(SET "!!!\r\n" SET), 27, 27, "aof-format",
     "expected a command ('*') or annotation ('#'): found '!!!'"},
    {TEXT(SET "PING\r\n"), 27, 27, "aof-format",
     "expected a command ('*') or annotation ('#'): found 'PING'"},
    {TEXT(SET "\0\0\0\0"), 27, 27, "aof-format",
     "zero bytes, as a power cut leaves them: found '\\x00\\x00\\x00\\x00'"},
    {TEXT(SET "*0\r\n"), 27, 27, "aof-count", "no arguments: found '*0'"},
    {TEXT(SET "*-1\r\n"), 27, 27, "aof-count",
     "not a number of arguments: found '*-1'"},
    {TEXT(SET "*x\r\n"), 27, 27, "aof-count", "no arguments: found '*x'"},
    {TEXT(SET "*2147483648\r\n"), 27, 27, "aof-count",
     "not a number of arguments: found '*2147483648'"},
    {TEXT(SET "*1\r\n:3\r\n"), 31, 27, "aof-format",
     "expected an argument ('$'): found ':3'"},
    {TEXT(SET "*1\r\n$-1\r\n"), 31, 27, "aof-length",
     "not a length of an argument: found '$-1'"},
    {TEXT(SET "*1\r\n$99999999999999\r\n"), 31, 27, "aof-length",
     "not a length of an argument: found '$99999999999999'"},
    {TEXT(SET "*2\r\n$3\r\nGET\r\n" SET), 40, 27, "aof-format",
     "expected an argument ('$'): found '*3'"},
    {TEXT(SET MULTI SET "bad\r\n"), 69, 27, "aof-format",
     "expected a command ('*') or annotation ('#'): found 'bad'"},
    {TEXT(SET "#TS:17" SET), 37, 37, "aof-format",
     "expected a command ('*') or annotation ('#'): found '$3'"},
    {TEXT("REDI"), 0, 0, "aof-format",
     "expected a command ('*') or annotation ('#'): found 'REDI'"},
    {TEXT(RDB "x"), 18, 18, "aof-format",
     "expected a command ('*') or annotation ('#'): found 'x'"},
};

START_TEST(refuses_what_a_server_refuses_and_says_where)
{
    struct report report = {0};
    struct aof_result r;
    const struct finding *last;

    scan_memory(refused[_i].bytes, refused[_i].size, &report, &r);
    last = &report.findings[report.count - 1];
    ck_assert_str_eq(last->code, refused[_i].code);
    ck_assert_str_eq(last->text, refused[_i].text);
    ck_assert_int_eq(last->offset, (int64_t)refused[_i].offset);
    ck_assert_int_eq(r.verdict, VERDICT_DAMAGED);
    ck_assert(r.server_refuses);
    ck_assert_uint_eq(r.damage_offset, refused[_i].offset);
    ck_assert_uint_eq(r.good_end, refused[_i].good_end);
    ck_assert(!r.ends_in_multi);
    report_clear(&report);
}
END_TEST

START_TEST(lines_have_a_limit_of_1023_bytes)
{
    char bytes[2200];
    struct report report = {0};
    struct aof_result r;

    memset(bytes, 'x', sizeof bytes);
    bytes[0] = '#';
    memcpy(bytes + 1021, "\r\n" SET, 29);
    scan_memory(bytes, 1050, &report, &r);
    ck_assert_int_eq(r.verdict, VERDICT_SOUND);
    memset(bytes, 'x', sizeof bytes);
    bytes[0] = '#';
    memcpy(bytes + 1022, "\r\n" SET, 29);
    scan_memory(bytes, 1051, &report, &r);
    ck_assert_int_eq(r.verdict, VERDICT_DAMAGED);
    ck_assert_uint_eq(r.damage_offset, 1023);
    memset(bytes, '0', sizeof bytes);
    bytes[0] = '*';
    bytes[1022] = '1';
    scan_memory(bytes, sizeof bytes, &report, &r);
    ck_assert(r.server_refuses);
    ck_assert_uint_eq(r.damage_offset, 0);
    report_clear(&report);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("aof_item");
    TCase *tc = tcase_create("aof_item");
    SRunner *runner = srunner_create(suite);
    int failed;

    suite_add_tcase(suite, tc);
    tcase_add_loop_test(tc, loads_what_a_server_loads, 0,
                        sizeof loaded / sizeof *loaded);
    tcase_add_loop_test(tc, refuses_what_a_server_refuses_and_says_where, 0,
                        sizeof refused / sizeof *refused);
    tcase_add_test(tc, lines_have_a_limit_of_1023_bytes);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
