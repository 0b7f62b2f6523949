#include <stdlib.h>

#include "test_mend_set_scene.h"

#define YES .appendonly = DATASET_APPENDONLY_YES
#define NO .appendonly = DATASET_APPENDONLY_NO
#define LEFT_NOTHING                                                   \
    "no file that holds data is left of the AOF: restore a snapshot: " \
    "redkeep restore latest --to DIR"
#define IF_NEVER "; if there never was data, remove the manifest"
#define B2 "file appendonly.aof.2.base.rdb seq 2 type b\n"
#define I3 "file appendonly.aof.3.incr.aof seq 3 type i\n"

static const struct plan_scene scenes[] = {
    {"a sound set needs nothing",
     {ITEM("manifest", B I1), ITEM("1.base.rdb", KEY), ITEM("1.incr.aof", SET)},
     .plan = "=> 1.base.rdb 1.incr.aof"},
    {"nothing at all needs nothing", {{0}}, YES, "=>"},
    {"an orphan beside a sound set is left where it is",
     {ITEM("manifest", B I1), ITEM("1.base.rdb", KEY), ITEM("1.incr.aof", SET),
      ITEM("2.incr.aof", SET)},
     .plan = "=> 1.base.rdb 1.incr.aof"},
    {"torn files are mended, each by itself",
     {ITEM("manifest", B I1 I2), ITEM("1.base.rdb", BAD_CRC),
      ITEM("1.incr.aof", SET HALF), ITEM("2.incr.aof", "")},
     .plan = "=> 1.base.rdb* 1.incr.aof* 2.incr.aof"},
    {"a dump is mended by itself",
     {ITEM("/dump.rdb", BAD_CRC)},
     .plan = "=> dump.rdb*"},
    {"a single AOF too",
     {ITEM("/appendonly.aof", SET HALF)},
     .plan = "=> appendonly.aof*"},
    {"without a manifest the files are the set",
     {ITEM("1.base.rdb", KEY), ITEM("1.incr.aof", SET), ITEM("2.incr.aof", SET),
      ITEM("10.incr.aof", SET)},
     .plan = "?adopt 1.incr.aof, ?write-manifest manifest => 1.base.rdb "
             "1.incr.aof 2.incr.aof 10.incr.aof"},
    {"an empty incr that no manifest names is nothing",
     {ITEM("1.base.rdb", KEY), ITEM("1.incr.aof", SET), ITEM("2.incr.aof", "")},
     .plan = "?adopt 1.incr.aof, ?write-manifest manifest => 1.base.rdb "
             "1.incr.aof"},
    {"what a manifest should have become is read where there is none",
     {ITEM("/appendonlydir/temp-appendonly.aof.manifest", B I1 I2),
      ITEM("1.base.rdb", KEY), ITEM("1.incr.aof", SET), ITEM("2.incr.aof", "")},
     .plan = "write-manifest manifest => 1.base.rdb 1.incr.aof 2.incr.aof"},
    {"a file that the manifest names and that is gone",
     {ITEM("manifest", B I1 I2), ITEM("1.base.rdb", KEY),
      ITEM("2.incr.aof", SET)},
     .plan = "drop-entry 1.incr.aof, write-manifest manifest => 1.base.rdb "
             "2.incr.aof"},
    {"a gap is filled by what has its number",
     {ITEM("manifest", B "file foo.aof seq 1 type i\n" I2),
      ITEM("1.base.rdb", KEY), ITEM("1.incr.aof", SET),
      ITEM("2.incr.aof", SET)},
     .plan = "?adopt 1.incr.aof, ?write-manifest manifest => 1.base.rdb "
             "1.incr.aof 2.incr.aof"},
    {"what comes next behind the last is taken along",
     {ITEM("manifest", B I1 I2), ITEM("1.base.rdb", KEY),
      AGED("2.incr.aof", SET, 1200), AGED("3.incr.aof", SET, 3001),
      AGED("4.incr.aof", SET, 2999), ITEM("6.incr.aof", SET)},
     .plan = "drop-entry 1.incr.aof, ?set-aside 4.incr.aof, ?adopt "
             "3.incr.aof, ?write-manifest manifest => 1.base.rdb 2.incr.aof "
             "3.incr.aof"},
    {"another base stands in for the one that is gone",
     {ITEM("manifest", B I1), ITEM("2.base.rdb", KEY), ITEM("1.incr.aof", SET)},
     .plan = "drop-entry 1.base.rdb, ?adopt 2.base.rdb, ?write-manifest "
             "manifest => 2.base.rdb 1.incr.aof"},
    {"what a rewrite had replaced is better than nothing",
     {ITEM("manifest", B2 "file appendonly.aof.1.base.rdb seq 1 type h\n"
                          "file appendonly.aof.1.incr.aof seq 1 type h\n" I2),
      ITEM("1.base.rdb", KEY), ITEM("1.incr.aof", SET),
      ITEM("2.incr.aof", SET)},
     .plan = "drop-entry 2.base.rdb, ?adopt 1.base.rdb, ?write-manifest "
             "manifest => 1.base.rdb 1.incr.aof 2.incr.aof"},
    {"incrs without their base are kept where there is nothing better",
     {ITEM("manifest", B I1), ITEM("1.incr.aof", SET)},
     .plan = "drop-entry 1.base.rdb, write-manifest manifest => 1.incr.aof"},
    {"a base of zero bytes is none",
     {ITEM("manifest", B I1), ITEM("1.base.rdb", ""), ITEM("1.incr.aof", SET)},
     .plan = "drop-base 1.base.rdb, write-manifest manifest => 1.incr.aof"},
    {"nothing is left", {ITEM("manifest", B I1)}, .plan = LEFT_NOTHING},
    {"nothing is left, and there may never have been",
     {ITEM("manifest", "")},
     .plan = LEFT_NOTHING IF_NEVER},
    {"a name that was exchanged is exchanged back",
     {ITEM("manifest", B I1 I2), ITEM("1.base.rdb", SET SET),
      ITEM("1.incr.aof", KEY), ITEM("2.incr.aof", SET)},
     .plan = "reorder 1.base.rdb => 1.base.rdb<1.incr.aof "
             "1.incr.aof<1.base.rdb 2.incr.aof"},
    {"even where the RDB holds no key",
     {ITEM("manifest", B I1), ITEM("1.base.rdb", SET), ITEM("1.incr.aof", RDB)},
     .plan = "reorder 1.base.rdb => 1.base.rdb<1.incr.aof "
             "1.incr.aof<1.base.rdb"},
    {"a file named twice is loaded once",
     {ITEM("manifest", B I1 "file appendonly.aof.1.incr.aof seq 2 type i\n"),
      ITEM("1.base.rdb", KEY), ITEM("1.incr.aof", SET)},
     .plan = "write-manifest manifest => 1.base.rdb 1.incr.aof"},
    {"a file named as data is not one that was replaced",
     {ITEM("manifest", B "file appendonly.aof.1.incr.aof seq 1 type h\n" I1),
      ITEM("1.base.rdb", KEY), ITEM("1.incr.aof", SET)},
     .plan = "write-manifest manifest => 1.base.rdb 1.incr.aof"},
    {"what a server would append to is the set's",
     {ITEM("manifest", B), ITEM("1.base.rdb", KEY), ITEM("1.incr.aof", SET)},
     .plan = "?adopt 1.incr.aof, ?write-manifest manifest => 1.base.rdb "
             "1.incr.aof"},
    {"or out of its way",
     {ITEM("manifest", B), ITEM("1.base.rdb", RDB2000),
      AGED("1.incr.aof", SET, 1999)},
     .plan = "set-aside 1.incr.aof => 1.base.rdb"},
    {"an RDB behind data is nobody's to guess at",
     {ITEM("manifest", B I1), ITEM("1.base.rdb", KEY), ITEM("1.incr.aof", KEY)},
     .plan = "appendonlydir/appendonly.aof.1.incr.aof: an RDB lies where "
             "commands are expected, behind other data, and what it belongs "
             "to cannot be told; restore a snapshot, or take the file away "
             "that does not belong"},
    {"an incr's name on an RDB is no name for a base",
     {ITEM("3.incr.aof", KEY), ITEM("4.incr.aof", SET)},
     .plan = "?adopt 3.incr.aof, ?adopt 4.incr.aof, ?write-manifest manifest "
             "=> 3.base.rdb<3.incr.aof 4.incr.aof"},
    {"another server's files in the folder are not ours",
     {ITEM("/appendonlydir/other.aof.1.base.rdb", KEY),
      ITEM("/appendonlydir/other.aof.1.incr.aof", SET),
      ITEM("/appendonlydir/appendonly.aof-old.1.incr.aof", SET),
      ITEM("1x.incr.aof", SET), ITEM(".incr.aof", SET),
      ITEM("1.incr.aof", SET)},
     .plan = "?adopt 1.incr.aof, ?write-manifest manifest => 1.incr.aof"},
    {"a newer version is not repair's business",
     {ITEM("manifest", B I1), ITEM("1.base.rdb", RDB12),
      ITEM("1.incr.aof", SET)},
     .plan = "appendonlydir/appendonly.aof.1.base.rdb: there is nothing to "
             "mend: the data is whole, and this server cannot read it; start "
             "it with a newer one, or with that which wrote it"},
    {"nor are modules",
     {ITEM("/dump.rdb", MODULE)},
     .plan = "dump.rdb: there is nothing to mend: it holds data of modules; "
             "start the server with those that wrote it: loadmodule in its "
             "configuration"},
    {"nor are databases",
     {ITEM("/dump.rdb", DB16)},
     .plan = "dump.rdb: there is nothing to mend: it needs more databases "
             "than the server has; raise databases in its configuration"},
    {"nor is what we do not know",
     {ITEM("manifest", B), ITEM("1.base.rdb", RDB99)},
     .plan = "appendonlydir/appendonly.aof.1.base.rdb: it is newer than this "
             "program, and stays as it is; a newer redkeep can judge it"},
    {"nor is a server that is not told to load it",
     {ITEM("manifest", B I1), ITEM("1.base.rdb", KEY), ITEM("1.incr.aof", SET)},
     NO,
     "there is nothing to mend: with appendonly no the server ignores the "
     "AOF; start it with appendonly yes"},
    {"what is newer stays as it is while the rest is mended",
     {ITEM("manifest", B I1), ITEM("1.base.rdb", RDB99),
      ITEM("1.incr.aof", HALF)},
     .plan = "=> 1.base.rdb 1.incr.aof*"},
    {"numbers may be as long as they like",
     {ITEM("1.base.rdb", KEY), ITEM("4294967296.incr.aof", SET),
      ITEM("9223372036854000000.incr.aof", SET)},
     .plan = "?adopt 4294967296.incr.aof, ?write-manifest manifest => "
             "1.base.rdb 4294967296.incr.aof 9223372036854000000.incr.aof"},
    {"to a limit",
     {ITEM("1.base.rdb", KEY), ITEM("99999999999999999999.incr.aof", SET)},
     .plan = "appendonly.aof.99999999999999999999.incr.aof: no server counts "
             "that far; rename it"},
};

START_TEST(finds_the_set)
{
    expect_plan(&scenes[_i]);
}
END_TEST

/* Manifests that no server reads, over two bases' worth of files. */
static const struct {
    const char *bytes;
    size_t size;
    const char *plan;
} damaged[] = {
#define M(bytes) bytes, sizeof(bytes) - 1
#define SAME "write-manifest manifest => 1.base.rdb 1.incr.aof 2.incr.aof"
#define BEHIND "?write-manifest manifest => 1.base.rdb 1.incr.aof 2.incr.aof"
    {M(""), "?adopt 1.incr.aof, " BEHIND},
    {M("# nothing\n"), "?adopt 1.incr.aof, " BEHIND},
    {M("\n\n"), "?adopt 1.incr.aof, " BEHIND},
    {M("\0\0\0\0"), "?adopt 1.incr.aof, " BEHIND},
    {M(B I1 "\n" I2), SAME},
    {M(B I1 I2 "\0\0\0\0"), SAME},
    {M("\xff\xfe" B I1 I2), SAME},
    {M(B I1 "file appendonly.aof.2.incr.aof seq 2 type i"), SAME},
    {M(B I1 "file appendonly.aof.2.incr.aof seq"), SAME},
    {M(B I1 "file appendonly.aof.2.in"), "?adopt 2.incr.aof, " BEHIND},
    {M(B I1 "fi"), "?adopt 2.incr.aof, " BEHIND},
    {M(B I2 I1), "reorder 2.incr.aof, " SAME},
    {M(B B I1 I2), SAME},
    {M(B I1 I1 I2), SAME},
    {M("file ../appendonly.aof.1.base.rdb seq 1 type b\n" I1 I2), SAME},
    {M("file \"appendonly.aof.1.base.rdb seq 1 type b\n" I1 I2), SAME},
    {M("FILE appendonly.aof.1.base.rdb type x seq 0\n" I1 I2), SAME},
    {M("file appendonly.aof.1.base.rdb seq 1 type i\n"
       "file appendonly.aof.1.incr.aof seq 1 type b\n" I2 I1),
     SAME},
    {M("! " B I1 I2), SAME},
    {M("file appendonly.aof.1.base.rdb seq 1 type bfile appendonly.aof.1."
       "incr.aof seq 1 type i\n" I2),
     "?adopt 1.incr.aof, " BEHIND},
};

START_TEST(reads_what_is_left_of_a_manifest)
{
    const struct plan_scene scene = {
        "damaged manifest",
        {{"manifest", damaged[_i].bytes, damaged[_i].size, 0},
         ITEM("1.base.rdb", KEY),
         ITEM("1.incr.aof", SET),
         ITEM("2.incr.aof", SET)},
        YES,
        damaged[_i].plan};

    expect_plan(&scene);
}
END_TEST

/* The texts name what was taken, what was not, and what was wrong. */
START_TEST(says_what_and_why)
{
    const struct judge_options none = {0};
    const struct judge_options options = complete_options(&none);
    struct mend_set set;
    struct error e = {0};

    put("appendonlydir/appendonly.aof.manifest", "file x seq 1 type q\n" I1);
    put_bytes("appendonlydir/appendonly.aof.1.base.rdb", KEY, sizeof KEY - 1);
    put("appendonlydir/appendonly.aof.1.incr.aof", SET);
    ck_assert_int_eq(find_plan(&set, &options, &e), 0);
    ck_assert_uint_eq(set.step_count, 1);
    ck_assert_str_eq(set.steps[0].text,
                     "written anew (line 1: type is not b, i or h (Unknown AOF "
                     "file type)): base appendonly.aof.1.base.rdb, then "
                     "appendonly.aof.1.incr.aof");
    mend_set_clear(&set);
}
END_TEST

/* Names are quoted, in the manifest and in words. */
START_TEST(a_name_may_hold_anything)
{
    const struct judge_options some = {
        .names = {.appendfilename = "a \"b\"\n'c'"}};
    const struct judge_options options = complete_options(&some);
    struct mend_set set;
    struct error e = {0};

    put_bytes("appendonlydir/a \"b\"\n'c'.1.base.rdb", KEY, sizeof KEY - 1);
    put("appendonlydir/a \"b\"\n'c'.1.incr.aof", SET HALF);
    ck_assert_int_eq(find_plan(&set, &options, &e), 0);
    expect_readable(&set);
    ck_assert_uint_eq(set.part_count, 2);
    ck_assert_str_eq(set.parts[1].from,
                     "appendonlydir/a \"b\"\n'c'.1.incr.aof");
    ck_assert(set.parts[1].salvage);
    ck_assert_ptr_nonnull(strstr(set.steps[0].text, "\\x0a"));
    mend_set_clear(&set);
}
END_TEST

START_TEST(thousands_of_files_are_one_step)
{
    const struct judge_options none = {0};
    const struct judge_options options = complete_options(&none);
    struct mend_set set;
    struct error e = {0};
    char name[80];

    for (int i = 1; i <= 1200; i++) {
        snprintf(name, sizeof name, "appendonlydir/appendonly.aof.%d.incr.aof",
                 i);
        put(name, SET);
    }
    ck_assert_int_eq(find_plan(&set, &options, &e), 0);
    ck_assert_uint_eq(set.part_count, 1200);
    ck_assert_str_eq(short_name(set.parts[9].path), "10.incr.aof");
    ck_assert_uint_eq(set.step_count, 2);
    ck_assert_ptr_nonnull(strstr(set.steps[0].text, "(1200 files)"));
    mend_set_clear(&set);
}
END_TEST

int
main(void)
{
    TCase *c = tcase_create("mend_set");

    tcase_set_timeout(c, 30);
    tcase_add_loop_test(c, finds_the_set, 0,
                        (int)(sizeof scenes / sizeof *scenes));
    tcase_add_loop_test(c, reads_what_is_left_of_a_manifest, 0,
                        (int)(sizeof damaged / sizeof *damaged));
    tcase_add_test(c, says_what_and_why);
    tcase_add_test(c, a_name_may_hold_anything);
    tcase_add_test(c, thousands_of_files_are_one_step);
    return run_tests(c, "mend_set");
}
