#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "formats/aof_resync.h"
#include "formats/aof_select.h"

#define SET "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1\r\nv\r\n" /* 27 bytes */
#define INCR "*2\r\n$4\r\nINCR\r\n$1\r\nn\r\n"          /* 21 bytes */
#define BLA "*2\r\n$3\r\nbla\r\n$1\r\nn\r\n"            /* 20 bytes */
#define STAMP "#TS:1700000000\r\n"                      /* 16 bytes */
#define TEXT(t) t, sizeof t - 1

static uint64_t
find(const char *bytes, size_t size, struct aof_resync_hole hole,
     bool own_commands, bool *hides)
{
    struct source s;
    struct aof_resync r = {.from = &s, .own_commands = own_commands};
    struct error e = {0};
    uint64_t place = 12345;

    source_of_memory(&s, bytes, size);
    ck_assert_msg(aof_resync_find(&r, &hole, &place, hides, &e) == 0, "%s",
                  e.text);
    return place;
}

/* What does not parse begins at 0. */
static const struct {
    const char *bytes;
    size_t size;
    uint64_t place;
} holes[] = {
    {TEXT("x"), 1},
    {TEXT("xx" SET), 2},
    {TEXT("x\r\n" SET INCR), 3},
    {TEXT("x" STAMP SET), 1},
    {TEXT("x# words\r\n" SET), 10},
    {TEXT("*" SET), 1},
    {TEXT("*3\r\n" SET INCR), 4},
    /* One command alone, and something else behind it. */
    {TEXT("x" SET "x" SET INCR), 29},
    {TEXT("x" STAMP SET "x" SET), 1},
    {TEXT("$1\r\nk\r\n" SET "x" SET INCR), 35},
    {TEXT("!$1\r\nk\r\n" SET "x" SET), 8},
    /* Unknown names prove nothing, nor do they disprove. */
    {TEXT("x" BLA BLA BLA), 61},
    {TEXT("x" BLA SET INCR), 1},
    {TEXT("x" SET BLA "x"), 49},
    {TEXT("x*2\r\n$6\r\nXGROUP\r\n$1\r\nn\r\n" SET), 1},
    {TEXT("x*2\r\n$8\r\nJSON.GET\r\n$1\r\nn\r\n" SET), 1},
    /* Values with commands, whole and in a damaged one. */
    {TEXT("!$48\r\n" SET INCR "\r\n" INCR), 56},
    {TEXT("!$4!\r\n" SET INCR "\r\n" INCR), 56},
    {TEXT("!$4!\r\n" SET INCR "\r\n$1\r\nv\r\n" INCR), 63},
    /* Forms that are no command's. */
    {TEXT("x*0\r\n" SET), 5},
    {TEXT("x*1 \r\n$4\r\nPING\r\n" SET), 16},
    {TEXT("x*1\r\n$4\r\nPINGxx" SET), 15},
    {TEXT("x*99999999999999999\r\n" SET), 21},
    {TEXT("x*1\r\n$99999999999999999\r\n" SET), 25},
    /* The end of the file inside one. */
    {TEXT("x" SET INCR "*2\r\n$4\r\nIN"), 1},
    {TEXT("x" SET "*2\r\n$4\r\nIN"), 38},
};

START_TEST(finds_where_commands_parse)
{
    bool hides;

    ck_assert_uint_eq(find(holes[_i].bytes, holes[_i].size,
                           (struct aof_resync_hole){.command = 0}, false,
                           &hides),
                      holes[_i].place);
    ck_assert(!hides);
}
END_TEST

/* The file ends inside the command at 0. */
static const struct {
    const char *bytes;
    size_t size;
    uint64_t place;
    bool hides;
} unfinished[] = {
    {TEXT("*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$5\r\nv"), 25, false},
    {TEXT("*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$71\r\nv\r\n" SET SET), 28, false},
    {TEXT("*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$910\r\n0123456789\r\n" SET SET), 38,
     false},
    {TEXT("*3\r\n$3\r\nSET\r\n$901\r\nk\r\n$2\r\nvw\r\n" SET SET), 84, true},
    {TEXT("*3\r\n$3\r\nSET\r\n$91\r\nk\r\n$2\r\nvw\r\n" SET SET), 29, false},
    {TEXT("*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$900\r\n" SET SET "\r\n" SET), 109,
     true},
    {TEXT("*9\r\n$3\r\nSET\r\n$1\r\nk\r\n"), 20, false},
    {TEXT("*9"), 2, false},
};

START_TEST(looks_into_an_unfinished_argument_only_if_a_digit_is_wrong)
{
    bool hides;

    ck_assert_uint_eq(find(unfinished[_i].bytes, unfinished[_i].size,
                           (struct aof_resync_hole){.unfinished = true}, false,
                           &hides),
                      unfinished[_i].place);
    ck_assert_int_eq(hides, unfinished[_i].hides);
}
END_TEST

START_TEST(finds_the_begin_that_an_argument_took)
{
    static const char bytes[] = "*2\r\n$4\r\nINCR\r\n$5\r\nn\r\n" SET INCR;
    struct source s;
    struct aof_resync r = {.from = &s};
    bool hides;

    source_of_memory(&s, bytes, sizeof bytes - 1);
    ck_assert(aof_resync_is_argument(&r, 25));
    ck_assert(!aof_resync_is_argument(&r, 21));
    ck_assert(!aof_resync_is_argument(&r, 9999));
    ck_assert_uint_eq(find(bytes, sizeof bytes - 1,
                           (struct aof_resync_hole){.argument = 25}, false,
                           &hides),
                      21);
}
END_TEST

START_TEST(takes_names_of_the_servers_own)
{
    bool hides;

    ck_assert_uint_eq(find(TEXT("x" BLA BLA "y"),
                           (struct aof_resync_hole){.command = 0}, true,
                           &hides),
                      1);
}
END_TEST

static const struct {
    const char *bytes;
    size_t size;
    int64_t database; /* -1: none */
} selects[] = {
    {TEXT(""), -1},
    {TEXT("$1\r\n3\r\n"), -1},
    {TEXT("*2\r\n$6\r\nSELECT\r\n$1\r\n3\r\n"), 3},
    {TEXT("$6\r\nselect\r\n$2\r\n15\r\n"), 15},
    {TEXT("????????????????????????????????????????????????????????????$6\r\n"
          "SELECT\r\n$1\r\n0\r\n"),
     0},
    {TEXT("*2\r\n$6\r\nSEL\0CT\r\n$1\r\n3\r\n"), 3},
    {TEXT("*2\r\n$6\r\nSELEXX\r\n$1\r\n3\r\n"), -1},
    {TEXT("*2\r\n$6\r\nSELECT\r\n$1\r\nx\r\n"), -1},
    {TEXT("*2\r\n$6\r\nSELECT\r\n$2\r\n3\r\n"), -1},
    {TEXT("*2\r\n$6\r\nSELECT\r\n$1\r\n3\r\n\r\n"), -1},
    {TEXT("*2\r\n$6\r\nSELECT\r\n$10\r\n9999999999\r\n"), -1},
};

START_TEST(finds_a_select_whose_name_is_one_letter_off)
{
    struct source s;
    uint64_t database = 77;
    bool found;

    source_of_memory(&s, selects[_i].bytes, selects[_i].size);
    found = aof_select_find(&s, 0, selects[_i].size, &database);
    ck_assert_int_eq(found, selects[_i].database >= 0);
    ck_assert_uint_eq(database, found ? (uint64_t)selects[_i].database : 77);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("aof_resync");
    TCase *tc = tcase_create("aof_resync");
    SRunner *runner = srunner_create(suite);
    int failed;

    suite_add_tcase(suite, tc);
    tcase_add_loop_test(tc, finds_where_commands_parse, 0,
                        sizeof holes / sizeof *holes);
    tcase_add_loop_test(
        tc, looks_into_an_unfinished_argument_only_if_a_digit_is_wrong, 0,
        sizeof unfinished / sizeof *unfinished);
    tcase_add_test(tc, finds_the_begin_that_an_argument_took);
    tcase_add_test(tc, takes_names_of_the_servers_own);
    tcase_add_loop_test(tc, finds_a_select_whose_name_is_one_letter_off, 0,
                        sizeof selects / sizeof *selects);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
