#include "test_rdb_bytes.h"

#define BYTES(text) text, sizeof(text) - 1

/* Newer than we know, at the head or in the middle; code of the warning. */
static const struct {
    const char *magic, *body;
    size_t size;
    const char *code, *text;
} newer[] = {
    {"REDIS0015", BYTES("\x63 what do we know"), "rdb-version",
     "version 15 is newer than 14, the newest that this program knows"},
    {"REDIS9999", BYTES("x"), "rdb-version",
     "version 9999 is newer than 14, the newest that this program knows"},
    {"VALKEY081", BYTES("\x17 what do we know"), "rdb-version",
     "version 81 is newer than 80, the newest that this program knows"},
    {"REDIS0014", BYTES("\x1d and so on"), "rdb-type",
     "type 29 is newer than this program"},
    {"REDIS0014", BYTES("\xf2 and so on"), "rdb-opcode",
     "opcode 242 is newer than this program"},
    {"VALKEY080", BYTES("\x17 and so on"), "rdb-type",
     "type 23 is newer than this program"},
    {"VALKEY080", BYTES("\x00\x01k\x01v\xf2 and so on"), "rdb-opcode",
     "opcode 242 is newer than this program"},
    {"REDIS0012", BYTES("\x00\x01k\x01v\x6b@C"), "rdb-enterprise",
     "byte 107 is an extension of Redis Enterprise"},
};

START_TEST(of_what_is_newer_only_the_checksum_is_judged)
{
    struct bytes b = make_rdb(newer[_i].magic, newer[_i].body, newer[_i].size);
    struct walked right = walk_memory(&b), off, wrong, short_one;

    ck_assert_int_eq(right.result.verdict, VERDICT_UNKNOWN);
    ck_assert_int_eq(right.result.checksum, RDB_CHECKSUM_OK);
    ck_assert_uint_eq(right.result.end_offset, b.size);
    ck_assert_uint_eq(right.report.count, 1);
    ck_assert_str_eq(right.report.findings[0].code, newer[_i].code);
    ck_assert_str_eq(right.report.findings[0].text, newer[_i].text);
    assert_same_in_steps(&b, &right);

    b.size--;
    short_one = walk_memory(&b);
    ck_assert_int_eq(short_one.result.verdict, VERDICT_DAMAGED);
    b.size++;
    b.data[b.size - 1] ^= 1;
    wrong = walk_memory(&b);
    ck_assert_int_eq(wrong.result.verdict, VERDICT_DAMAGED);
    ck_assert_int_eq(wrong.result.checksum, RDB_CHECKSUM_BAD);
    memset(b.data + b.size - 8, 0, 8);
    off = walk_memory(&b);
    ck_assert_int_eq(off.result.verdict, VERDICT_UNKNOWN);
    ck_assert_int_eq(off.result.checksum, RDB_CHECKSUM_DISABLED);
    report_clear(&right.report);
    report_clear(&short_one.report);
    report_clear(&wrong.report);
    report_clear(&off.report);
    free(b.data);
}
END_TEST

START_TEST(a_newer_version_without_a_known_end_is_unknown)
{
    struct bytes b = make_rdb("REDIS0015", BYTES("x"));
    struct walked w = walk_stream(&b, 3, false);

    ck_assert_int_eq(w.result.verdict, VERDICT_UNKNOWN);
    ck_assert_int_eq(w.result.checksum, RDB_CHECKSUM_NONE);
    report_clear(&w.report);
    free(b.data);
}
END_TEST

START_TEST(a_compressed_container_is_told_as_such)
{
    struct bytes b = {0};
    struct walked w;

    add(&b, "VKCS\1\1\0\0 whatever", 17);
    w = walk_memory(&b);
    ck_assert_int_eq(w.result.verdict, VERDICT_UNKNOWN);
    ck_assert(w.result.container);
    ck_assert_int_eq(w.result.version, 0);
    ck_assert_str_eq(w.report.findings[0].code, "rdb-container");
    report_clear(&w.report);
    free(b.data);
}
END_TEST

static void
fill(TCase *tests)
{
    tcase_add_loop_test(tests, of_what_is_newer_only_the_checksum_is_judged, 0,
                        sizeof newer / sizeof *newer);
    tcase_add_test(tests, a_newer_version_without_a_known_end_is_unknown);
    tcase_add_test(tests, a_compressed_container_is_told_as_such);
}

int
main(void)
{
    return run_tests("rdb_newer", fill);
}
