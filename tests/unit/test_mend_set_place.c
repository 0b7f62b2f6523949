#include <stdlib.h>

#include "test_mend_set_scene.h"

#define YES .appendonly = DATASET_APPENDONLY_YES
#define PLACED "=> 1.base.rdb<dump.rdb"
#define MANIFEST "write-manifest manifest"

static const struct plan_scene scenes[] = {
    {"a dump that would be ignored becomes the base",
     {ITEM("/dump.rdb", KEY)},
     YES,
     "place-base dump.rdb, " MANIFEST " " PLACED},
    {"without what lies behind its end",
     {ITEM("/dump.rdb", KEY "more")},
     YES,
     "place-base dump.rdb, " MANIFEST " " PLACED "*"},
    {"a damaged one is mended on its way",
     {ITEM("/dump.rdb", BAD_CRC)},
     YES,
     "place-base dump.rdb, " MANIFEST " " PLACED "*"},
    {"a set that holds nothing makes room for the dump",
     {ITEM("/dump.rdb", KEY), ITEM("manifest", B I1), ITEM("1.base.rdb", ""),
      ITEM("1.incr.aof", "")},
     YES,
     "place-base dump.rdb, " MANIFEST " " PLACED},
    {"a manifest of comments too",
     {ITEM("/dump.rdb", KEY), ITEM("manifest", "# nothing\n")},
     .plan = "place-base dump.rdb, " MANIFEST " " PLACED},
    {"and one of files that are gone",
     {ITEM("/dump.rdb", KEY), ITEM("manifest", B I1)},
     .plan = "drop-entry 1.base.rdb, place-base dump.rdb, " MANIFEST
             " " PLACED},
    {"the old single file becomes the base of a set of nothing",
     {ITEM("/appendonly.aof", SET), ITEM("manifest", B I1),
      ITEM("1.base.rdb", ""), ITEM("1.incr.aof", "")},
     .plan = "place-base appendonly.aof, " MANIFEST
             " => 1.base.aof<appendonly.aof"},
    {"not the dump beside it",
     {ITEM("/appendonly.aof", SET), ITEM("/dump.rdb", RDB2000),
      ITEM("manifest", "")},
     .plan = "?place-base appendonly.aof, ?" MANIFEST
             " => 1.base.aof<appendonly.aof"},
    {"unless that is newer",
     {AGED("/appendonly.aof", SET, 1500), ITEM("/dump.rdb", RDB2000),
      ITEM("manifest", "")},
     .plan = "?place-base dump.rdb, ?" MANIFEST " " PLACED},
    {"a dump is more than changes to a base that is gone",
     {ITEM("/dump.rdb", KEY), ITEM("manifest", B I1), ITEM("1.incr.aof", SET)},
     .plan = "drop-entry 1.base.rdb, ?place-base dump.rdb, ?" MANIFEST
             " " PLACED},
    {"not more than a set that never had a base",
     {ITEM("/dump.rdb", KEY), ITEM("manifest", I2 I1), ITEM("1.incr.aof", SET),
      ITEM("2.incr.aof", SET)},
     .plan = "reorder 2.incr.aof, " MANIFEST " => 1.incr.aof 2.incr.aof"},
    {"not more than a set whose base is commands, none so far",
     {ITEM("/dump.rdb", KEY),
      ITEM("manifest", "file appendonly.aof.1.base.aof seq 1 type b\n\n" I1),
      ITEM("1.base.aof", ""), ITEM("1.incr.aof", SET)},
     .plan = MANIFEST " => 1.base.aof 1.incr.aof"},
    {"but more than one that holds nothing at all",
     {ITEM("/dump.rdb", KEY),
      ITEM("manifest", "file appendonly.aof.1.base.aof seq 1 type b\n\n" I1),
      ITEM("1.base.aof", ""), ITEM("1.incr.aof", "")},
     .plan = "place-base dump.rdb, " MANIFEST " " PLACED},
    {"a damaged dump is not",
     {ITEM("/dump.rdb", BAD_CRC), ITEM("manifest", B I1),
      ITEM("1.incr.aof", SET)},
     .plan = "drop-entry 1.base.rdb, " MANIFEST " => 1.incr.aof"},
    {"AOF files without a manifest go before the dump",
     {ITEM("/dump.rdb", RDB2000), AGED("1.base.rdb", RDB1000, 1003),
      AGED("1.incr.aof", SET, 2000)},
     YES,
     "?adopt 1.incr.aof, ?" MANIFEST " => 1.base.rdb 1.incr.aof"},
    {"unless that was made after all of them",
     {ITEM("/dump.rdb", RDB2000), AGED("1.base.rdb", RDB1000, 1003),
      AGED("1.incr.aof", SET, 1999)},
     YES,
     "?place-base dump.rdb, ?" MANIFEST " " PLACED},
    {"where nobody knows the settings both are kept",
     {ITEM("/dump.rdb", BAD_CRC), ITEM("1.base.rdb", KEY),
      ITEM("1.incr.aof", SET)},
     .plan = "?adopt 1.incr.aof, ?" MANIFEST
             " => dump.rdb* 1.base.rdb 1.incr.aof"},
    {"orphans that hold nothing leave the dump alone",
     {ITEM("/dump.rdb", BAD_CRC), ITEM("1.incr.aof", "")},
     .plan = "=> dump.rdb*"},
    {"a dump of nothing is no base",
     {ITEM("/dump.rdb", RDB), ITEM("manifest", B)},
     .plan = "no file that holds data is left of the AOF: restore a "
             "snapshot: redkeep restore latest --to DIR"},
};

START_TEST(takes_what_lies_beside)
{
    expect_plan(&scenes[_i]);
}
END_TEST

START_TEST(the_dump_is_named_when_the_aof_is_taken)
{
    const struct judge_options some = {
        .names = {.appendonly = DATASET_APPENDONLY_YES}};
    const struct judge_options options = complete_options(&some);
    struct mend_set set;
    struct error e = {0};

    put_bytes("dump.rdb", RDB2000, sizeof RDB2000 - 1);
    put_bytes("appendonlydir/appendonly.aof.1.base.rdb", RDB1000,
              sizeof RDB1000 - 1);
    ck_assert_int_eq(find_plan(&set, &options, &e), 0);
    ck_assert_str_eq(set.steps[0].text,
                     "written anew (there is none): base "
                     "appendonly.aof.1.base.rdb; not the dump: servers with "
                     "an AOF go by that, and nothing shows that the dump is "
                     "newer");
    mend_set_clear(&set);
}
END_TEST

int
main(void)
{
    TCase *c = tcase_create("mend_set_place");

    tcase_add_loop_test(c, takes_what_lies_beside, 0,
                        (int)(sizeof scenes / sizeof *scenes));
    tcase_add_test(c, the_dump_is_named_when_the_aof_is_taken);
    return run_tests(c, "mend_set_place");
}
