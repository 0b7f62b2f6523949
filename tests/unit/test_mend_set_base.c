#include <stdlib.h>

#include "test_mend_set_scene.h"

#define CONTAINED(n) "set-aside " #n ".incr.aof"
#define MANIFEST "write-manifest manifest"
#define KEEPS "=> 2.base.rdb 2.incr.aof"

/* What a crash in and behind a rewrite leaves, and the manifest gone too. */
static const struct plan_scene scenes[] = {
    {"what ended before the base was made is in it already",
     {AGED("2.base.rdb", RDB2000, 2003), AGED("1.incr.aof", SET, 1999),
      AGED("2.incr.aof", SET, 2500)},
     .plan = CONTAINED(1) ", ?adopt 2.incr.aof, ?" MANIFEST " " KEEPS},
    {"in the very second, if there is a next one",
     {AGED("2.base.rdb", RDB2000, 2003), AGED("1.incr.aof", SET, 2000),
      AGED("2.incr.aof", SET, 2500)},
     .plan = "?" CONTAINED(1) ", ?adopt 2.incr.aof, ?" MANIFEST " " KEEPS},
    {"and not, if there is none",
     {AGED("2.base.rdb", RDB2000, 2000), AGED("2.incr.aof", SET, 2000)},
     .plan = "?adopt 2.incr.aof, ?" MANIFEST " " KEEPS},
    {"annotations say it though the files are copies",
     {ITEM("2.base.rdb", RDB2000), ITEM("1.incr.aof", TS("1500") TS("2001")),
      ITEM("2.incr.aof", TS("2001"))},
     .plan = "?" CONTAINED(1) ", ?adopt 2.incr.aof, ?" MANIFEST " " KEEPS},
    {"times that contradict each other take nothing away",
     {AGED("1.base.rdb", RDB2000, 2003), AGED("1.incr.aof", SET, 2500),
      AGED("2.incr.aof", SET, 1500)},
     .plan = "?adopt 1.incr.aof, ?" MANIFEST " => 1.base.rdb 1.incr.aof "
             "2.incr.aof"},
    {"of two bases that which a rewrite ended with",
     {AGED("1.base.rdb", RDB1000, 1003), AGED("2.base.rdb", RDB2000, 2003),
      AGED("1.incr.aof", SET, 1999), AGED("2.incr.aof", SET, 2500)},
     .plan = "set-aside 1.base.rdb, " CONTAINED(1) ", ?adopt 2.incr.aof, "
                                                   "?" MANIFEST " " KEEPS},
    {"of two bases in copies, by number",
     {ITEM("1.base.rdb", RDB1000), ITEM("2.base.rdb", RDB2000),
      ITEM("1.incr.aof", SET), ITEM("2.incr.aof", SET)},
     .plan = "?set-aside 1.base.rdb, ?" CONTAINED(1) ", ?adopt 2.incr.aof, "
                                                     "?" MANIFEST " " KEEPS},
    {"of two bases that tell nothing, the older with all",
     {ITEM("2.base.rdb", RDB1000), ITEM("3.base.rdb", RDB2000),
      ITEM("4.incr.aof", SET), ITEM("5.incr.aof", SET)},
     .plan = "?set-aside 3.base.rdb, ?adopt 4.incr.aof, ?" MANIFEST
             " => 2.base.rdb 4.incr.aof 5.incr.aof"},
    {"of two bases the whole one",
     {AGED("1.base.rdb", RDB1000, 1003),
      AGED("2.base.rdb", AT("\xd0\x07") "x", 2003),
      AGED("1.incr.aof", SET, 1999), AGED("2.incr.aof", SET, 2500)},
     .plan = "?set-aside 2.base.rdb, ?adopt 1.incr.aof, ?" MANIFEST
             " => 1.base.rdb 1.incr.aof 2.incr.aof"},
    {"of two bases in the manifest the same",
     {ITEM("manifest", "file appendonly.aof.1.base.rdb seq 1 type b\n"
                       "file appendonly.aof.2.base.rdb seq 2 type b\n" I1 I2),
      AGED("1.base.rdb", RDB1000, 1003), AGED("2.base.rdb", RDB2000, 2003),
      AGED("1.incr.aof", SET, 1999), AGED("2.incr.aof", SET, 2500)},
     .plan = "drop-base 1.base.rdb, " CONTAINED(1) ", " MANIFEST " " KEEPS},
    {"a manifest that is right is believed, whatever the times",
     {ITEM("manifest", "file appendonly.aof.2.base.rdb seq 2 type b\n" I1 I2
                       "file appendonly.aof.3.incr.aof seq 3 type i\n"),
      AGED("2.base.rdb", RDB2000, 2003), AGED("1.incr.aof", SET, 1999),
      AGED("2.incr.aof", SET, 2500)},
     .plan = "drop-entry 3.incr.aof, " MANIFEST
             " => 2.base.rdb 1.incr.aof 2.incr.aof"},
    {"what a torn manifest half says is what times say",
     {ITEM("manifest", "file appendonly.aof.2.base.rdb seq 2 type b\n"
                       "file appendonly.aof.1.incr.aof seq 1 ty"),
      AGED("2.base.rdb", RDB2000, 2003), AGED("1.incr.aof", SET, 1999),
      AGED("2.incr.aof", SET, 2500)},
     .plan = CONTAINED(1) ", ?adopt 2.incr.aof, ?" MANIFEST " " KEEPS},
    {"a base of commands goes by numbers",
     {ITEM("2.base.aof", SET), ITEM("1.incr.aof", SET),
      ITEM("2.incr.aof", SET)},
     .plan = "?" CONTAINED(1) ", ?adopt 2.incr.aof, ?" MANIFEST
                              " => 2.base.aof 2.incr.aof"},
    {"of two such by the end of the rewrite",
     {AGED("2.base.aof", SET, 1000), AGED("3.base.aof", SET, 2000),
      AGED("4.incr.aof", SET, 1999), AGED("5.incr.aof", SET, 2500)},
     .plan = "?set-aside 2.base.aof, ?" CONTAINED(
         4) ", ?adopt 5.incr.aof, "
            "?" MANIFEST " => 3.base.aof 5.incr.aof"},
    {"an incr behind an old base may be behind a newer one too",
     {ITEM("manifest", "file appendonly.aof.1.base.rdb seq 1 type b\n"
                       "file appendonly.aof.2.base.rdb seq 2 type b\n"
                       "file appendonly.aof.2.incr.aof seq 2 type h\n"
                       "file appendonly.aof.3.incr.aof seq 3 type i\n"),
      ITEM("1.base.rdb", RDB1000), ITEM("2.base.rdb", RDB2000),
      ITEM("3.incr.aof", TS("2000"))},
     .plan = "drop-base 1.base.rdb, " MANIFEST " => 2.base.rdb 3.incr.aof"},
    {"copies go by numbers",
     {ITEM("manifest", "file appendonly.aof.2.base.rdb seq 2 type b\nfi"),
      ITEM("2.base.rdb", RDB2000), ITEM("1.incr.aof", SET),
      ITEM("2.incr.aof", SET)},
     .plan = "?" CONTAINED(1) ", ?adopt 2.incr.aof, ?" MANIFEST " " KEEPS},
    {"the first base without the first incr is not the base",
     {AGED("1.base.rdb", RDB1000, 1003), AGED("2.base.rdb", RDB2000, 2003),
      AGED("3.incr.aof", SET, 2500)},
     .plan = "?set-aside 1.base.rdb, ?adopt 3.incr.aof, ?" MANIFEST
             " => 2.base.rdb 3.incr.aof"},
    {"but for numbers that began anew",
     {ITEM("5.base.aof", SET), ITEM("1.incr.aof", SET)},
     .plan = "?adopt 1.incr.aof, ?" MANIFEST " => 5.base.aof 1.incr.aof"},
    {"a base that was replaced is not the base",
     {ITEM("manifest", "file appendonly.aof.3.base.rdb seq 3 type b\n"
                       "file appendonly.aof.2.base.rdb seq 2 type h\n"
                       "file appendonly.aof.1.base.rdb seq 1 type b\n" I2),
      ITEM("3.base.rdb", KEY), ITEM("1.base.rdb", KEY),
      ITEM("2.incr.aof", SET)},
     .plan = "drop-base 1.base.rdb, write-manifest manifest => 3.base.rdb "
             "2.incr.aof"},
    {"what was written in the first second of the first base is not in it",
     {AGED("1.base.rdb", RDB2000, 2003), AGED("1.incr.aof", SET, 2000),
      AGED("2.incr.aof", SET, 2500)},
     .plan = "?adopt 1.incr.aof, ?" MANIFEST
             " => 1.base.rdb 1.incr.aof 2.incr.aof"},
    {"a newer base that stands in takes no writes twice",
     {ITEM("manifest", B I1 I2), AGED("2.base.rdb", RDB2000, 2003),
      AGED("1.incr.aof", SET, 1999), AGED("2.incr.aof", SET, 2500)},
     .plan = "drop-entry 1.base.rdb, ?adopt 2.base.rdb, " CONTAINED(
         1) ", ?" MANIFEST " " KEEPS},
};

START_TEST(no_write_counts_twice)
{
    expect_plan(&scenes[_i]);
}
END_TEST

START_TEST(both_candidates_are_named)
{
    const struct judge_options none = {0};
    const struct judge_options options = complete_options(&none);
    struct mend_set set;
    struct error e = {0};

    put_bytes("appendonlydir/appendonly.aof.1.base.rdb", RDB1000,
              sizeof RDB1000 - 1);
    put_bytes("appendonlydir/appendonly.aof.2.base.rdb", RDB2000,
              sizeof RDB2000 - 1);
    ck_assert_int_eq(find_plan(&set, &options, &e), 0);
    ck_assert_str_eq(
        set.steps[0].text,
        "the base is appendonly.aof.1.base.rdb and not "
        "appendonly.aof.2.base.rdb: it is the older one, and all incr files "
        "since go with it; whether the newer one holds them already cannot be told");
    ck_assert_int_eq(set.steps[0].keys_lost, -1);
    ck_assert(set.steps[0].guess);
    mend_set_clear(&set);
}
END_TEST

int
main(void)
{
    TCase *c = tcase_create("mend_set_base");

    tcase_add_loop_test(c, no_write_counts_twice, 0,
                        (int)(sizeof scenes / sizeof *scenes));
    tcase_add_test(c, both_candidates_are_named);
    return run_tests(c, "mend_set_base");
}
