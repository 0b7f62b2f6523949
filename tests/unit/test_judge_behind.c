#include <check.h>
#include <stdlib.h>

#include "formats/judge.h"
#include "test_judge_scene.h"

#define LIBRARY "\xf5\x0d#!lua name=a\n"
#define COMMAND(key) "*3\r\n$3\r\nSET\r\n$1\r\n" key "\r\n$1\r\nv\r\n"
#define SELECT(db) "*2\r\n$6\r\nselect\r\n$1\r\n" db "\r\n"
#define BEHIND(what, before, rdb, then)                                  \
    {                                                                    \
        .name = what, .manifest = BYTES(I1 I2), .incr1 = BYTES(before),  \
        .incr2 = BYTES(rdb), .verdict = VERDICT_DAMAGED, .server = then, \
        .codes = "aof-rdb-behind",                                       \
    }

/* KEY holds "k" in database 0. */
static const struct scene scenes[] = {
    BEHIND("the same key, by a command", SET, KEY, JUDGE_REFUSES),
    BEHIND("another key, by a command", COMMAND("l"), KEY, JUDGE_LOADS),
    BEHIND("the same in another database", SELECT("1") SET, KEY, JUDGE_LOADS),
    BEHIND("and back again", SELECT("1") SELECT("0") SET, KEY, JUDGE_REFUSES),
    BEHIND("the same key, by an RDB", KEY, KEY, JUDGE_REFUSES),
    BEHIND("another key, by an RDB", "REDIS0010\xfe\0\0\1l\1v" END, KEY,
           JUDGE_LOADS),
    BEHIND("keys of both kinds", "REDIS0010\xfe\0\0\1l\1v" END SET, KEY,
           JUDGE_REFUSES),
    BEHIND("a number and its digits", COMMAND("7"),
           "REDIS0010\xfe\0\0\xc0\7\1v" END, JUDGE_REFUSES),
    {.name = "a key without elements is not there",
     .manifest = BYTES(I1 I2),
     .incr1 = BYTES(SET),
     .incr2 = BYTES("REDIS0010\xfe\0\2\1k\0\0\1l\1v" END),
     .verdict = VERDICT_DAMAGED,
     .codes = "rdb-empty-key aof-rdb-behind"},
    BEHIND("a library in both", "REDIS0010" LIBRARY END,
           "REDIS0010" LIBRARY END, JUDGE_REFUSES),
    BEHIND("a library in one", SET, "REDIS0010" LIBRARY END, JUDGE_LOADS),
    {.name = "nothing before",
     .manifest = BYTES(I1 I2),
     .incr1 = BYTES(""),
     .incr2 = BYTES(KEY),
     .codes = "aof-incr-empty"},
    {.name = "nothing in it",
     .manifest = BYTES(I1 I2),
     .incr1 = BYTES(SET),
     .incr2 = BYTES(RDB),
     .codes = ""},
};

START_TEST(tells_whether_a_server_crashes)
{
    assert_scene(&scenes[_i]);
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("judge_behind");
    TCase *c = tcase_create("judge_behind");
    SRunner *r;
    int failed;

    tcase_add_checked_fixture(c, make_dir, remove_dir);
    tcase_add_loop_test(c, tells_whether_a_server_crashes, 0,
                        (int)(sizeof scenes / sizeof *scenes));
    suite_add_tcase(s, c);
    r = srunner_create(s);
    srunner_run_all(r, CK_NORMAL);
    failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
