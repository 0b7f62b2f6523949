#include "test_rdb_bytes.h"

#define BYTES(text) text, sizeof(text) - 1

#define ID16 "0123456789abcdef"
#define LISTPACK8 "\x08\x08\0\0\0\1\0\0\xff" /* a string of 8 bytes */
#define MODULE_ID "\x81\xb5\xeb\x2d\xff\xfa\xdd\x6c\x01"

static const struct {
    const char *magic;
    unsigned char type;
    const char *value;
    size_t size;
    const char *code, *error;
    uint64_t offset; /* from the value on */
} bad[] = {
    {"REDIS0006", 3,
     BYTES("\x01\x01"
           "a\xfd"),
     "rdb-value", "a score is not a number (zset, text scores, key at byte 9)",
     3},
    {"REDIS0006", 3,
     BYTES("\x01\x01"
           "a\x03nan"),
     "rdb-value", "a score is not a number (zset, text scores, key at byte 9)",
     3},
    {"REDIS0006", 3,
     BYTES("\x01\x01"
           "a\x01x"),
     "rdb-value", "a score is not a number (zset, text scores, key at byte 9)",
     3},
    {"REDIS0006", 3,
     BYTES("\x01\x01"
           "a\x00"),
     "rdb-value", "a score is not a number (zset, text scores, key at byte 9)",
     3},
    {"REDIS0008", 5,
     BYTES("\x01\x01"
           "a\1\0\0\0\0\0\xf0\x7f"),
     "rdb-value", "a score is not a number (zset, key at byte 9)", 3},
    {"REDIS0008", 5,
     BYTES("\x01\x01"
           "a\0\0\0\0\0\0\xf8\xff"),
     "rdb-value", "a score is not a number (zset, key at byte 9)", 3},
    {"REDIS0008", 6, BYTES("\x00"), "rdb-type",
     "type 6 (module, before 4.0) is refused by every server", 0},
    {"REDIS0008", 7, BYTES(MODULE_ID "\x06"), "rdb-value",
     "a part of a module of kind 6, not 0 to 5 (module, key at byte 9)", 9},
    {"REDIS0008", 7, BYTES(MODULE_ID "\xc0\x05"), "rdb-length",
     "the byte c0 does not begin a length (module, key at byte 9)", 9},
    {"REDIS0011", 8, BYTES("\x00"), "rdb-type", "there is no type or opcode 8",
     0},
    {"REDIS0002", 9, BYTES("\x01z"), "rdb-value",
     "a zipmap is shorter than its head (hash, zipmap, key at byte 9)", 0},
    {"REDIS0002", 9, BYTES("\xc2zzzz"), "rdb-value",
     "a zipmap does not end with FF, at byte 1 of it (hash, zipmap, key at "
     "byte 9)",
     0},
    {"REDIS0002", 10,
     BYTES("\x0a"
           "0123456789"),
     "rdb-value",
     "a ziplist is shorter than its head (list, ziplist, key at byte 9)", 0},
    {"REDIS0002", 11, BYTES("\x08\2\0\0\0\0\0\0\0"), "rdb-value",
     "an intset without numbers (set, intset, key at byte 9)", 0},
    {"REDIS0010", 16,
     BYTES("\x06"
           "012345"),
     "rdb-value",
     "a listpack is shorter than its head (hash, listpack, key at byte 9)", 0},
    {"REDIS0010", 16, BYTES("\xc3\x08\x07\x06\x07\0\0\0\0\0\xfe"), "rdb-value",
     "a listpack does not end with FF (hash, listpack, key at byte 9)", 0},
    {"REDIS0007", 14, BYTES("\x01\x00"), "rdb-value",
     "a ziplist is shorter than its head (list, quicklist, key at byte 9)", 1},
    {"REDIS0007", 14,
     BYTES("\x01\x0a"
           "0123456789"),
     "rdb-value",
     "a ziplist is shorter than its head (list, quicklist, key at byte 9)", 1},
    {"REDIS0010", 18, BYTES("\x01\x03\x01x"), "rdb-value",
     "a list node of kind 3, not 1 or 2 (list, quicklist 2, key at byte 9)", 1},
    {"REDIS0010", 18, BYTES("\x01\x00\x01x"), "rdb-value",
     "a list node of kind 0, not 1 or 2 (list, quicklist 2, key at byte 9)", 1},
    {"REDIS0010", 18, BYTES("\x01\x01\x00"), "rdb-value",
     "a list node of 0 bytes (list, quicklist 2, key at byte 9)", 1},
    {"REDIS0010", 18,
     BYTES("\x01\x02\x06"
           "012345"),
     "rdb-value",
     "a listpack is shorter than its head (list, quicklist 2, key at byte 9)",
     2},
    {"REDIS0009", 15,
     BYTES("\x01\x0f"
           "0123456789abcde" LISTPACK8 "\0\0\0\0"),
     "rdb-value",
     "the id of a stream node has 15 bytes, not 16 (stream, key "
     "at byte 9)",
     1},
    {"REDIS0009", 15, BYTES("\x01\x10" ID16 "\x07\7\0\0\0\0\0\xff\0\0\0\0"),
     "rdb-value", "a stream node holds nothing (stream, key at byte 9)", 18},
    {"REDIS0009", 15, BYTES("\x00\x00\xc1\x00\x00"), "rdb-length",
     "the byte c1 does not begin a length (stream, key at byte 9)", 2},
    {"REDIS0012", 22,
     BYTES("\x01\x81\0\1\0\0\0\0\0\0\x01"
           "a\x01"
           "A"),
     "rdb-value",
     "the expiry of a field is out of range (hash, times, before "
     "7.4, key at byte 9)",
     1},
    {"REDIS0012", 24, BYTES("\1\0\0\0\0\0\1\0\x00"), "rdb-value",
     "the expiry of a hash is out of range (hash, times, key at byte 9)", 0},
    {"REDIS0012", 24, BYTES("\xff\xff\xff\xff\xff\xff\xff\xff\x00"),
     "rdb-value",
     "the expiry of a hash is out of range (hash, times, key at byte 9)", 0},
    {"REDIS0012", 24,
     BYTES("\xff\xff\xff\xff\xff\xff\0\0\x01\x02\x01"
           "a\x01"
           "A"),
     "rdb-value",
     "the expiry of a field is out of range (hash, times, key at byte 9)", 9},
    {"REDIS0012", 25, BYTES("\1\0\0\0\0\0\1\0" LISTPACK8), "rdb-value",
     "the expiry of a hash is out of range (hash, listpack, times, key at byte "
     "9)",
     0},
    {"VALKEY080", 22,
     BYTES("\x01\x01"
           "a\x01"
           "A\xfe\xff\xff\xff\xff\xff\xff\xff"),
     "rdb-value",
     "the expiry of a field is out of range (hash, times, key at byte 9)", 5},
    {"REDIS0014", 28, BYTES("\x00\x00"), "rdb-value",
     "an array without elements (array, key at byte 9)", 0},
    {"REDIS0014", 28, BYTES("\x01\x02"), "rdb-value",
     "the flag of an array is 2, not 0 or 1 (array, key at byte 9)", 1},
    {"REDIS0014", 28, BYTES("\x01\x00\x00\x04"), "rdb-value",
     "an array element of kind 4, not 0 to 3 (array, key at byte 9)", 3},
    {"REDIS0014", 28,
     BYTES("\x01\x00\x00\x03\x08"
           "01234567"),
     "rdb-value", "a small string of 8 bytes (array, key at byte 9)", 3},
    {"REDIS0011", 34, BYTES("\x00"), "rdb-type",
     "there is no type or opcode 34", 0},
    {"REDIS0011", 29, BYTES("\x00"), "rdb-type",
     "there is no type or opcode 29", 0},
    {"REDIS0014", 64, BYTES("\x00"), "rdb-type",
     "there is no type or opcode 64", 0},
    {"REDIS0014", 241, BYTES("\x00"), "rdb-type",
     "there is no type or opcode 241", 0},
};

START_TEST(finds_bad_values_and_says_why)
{
    struct bytes b =
        make_one_key(bad[_i].magic, bad[_i].type, bad[_i].value, bad[_i].size);
    struct walked w = walk_memory(&b);
    bool of_type = strcmp(bad[_i].code, "rdb-type") == 0;
    const struct finding *f = find_finding(&w.report, SEVERITY_ERROR);
    uint64_t offset = of_type ? 9 : 12 + bad[_i].offset;

    ck_assert_int_eq(w.result.verdict, VERDICT_DAMAGED);
    ck_assert(!w.result.cut_short);
    ck_assert_str_eq(f->text, bad[_i].error);
    ck_assert_str_eq(f->code, bad[_i].code);
    ck_assert_int_eq(f->offset, (int64_t)offset);
    ck_assert_uint_eq(w.result.damage_offset, offset);
    ck_assert_uint_eq(w.key_count, 0);
    assert_same_in_steps(&b, &w);
    report_clear(&w.report);
    free(b.data);
}
END_TEST

START_TEST(goes_on_behind_a_value_that_is_bad_inside)
{
    static const char body[] = "\x10\x01"
                               "a\x01x" /* a listpack too small */
                               "\x00\x01"
                               "b\x01x"
                               "\x10\x01"
                               "c\x01x";
    struct bytes b = make_rdb("REDIS0011", BYTES(body));
    struct walked w = walk_memory(&b);

    ck_assert_int_eq(w.result.verdict, VERDICT_DAMAGED);
    ck_assert_int_eq(w.result.checksum, RDB_CHECKSUM_OK);
    ck_assert_uint_eq(w.result.keys, 3);
    ck_assert_uint_eq(w.key_count, 1);
    ck_assert_uint_eq(w.keys[0].offset, 14);
    ck_assert_uint_eq(w.report.count, 2);
    ck_assert_uint_eq(w.result.damage_offset, 12);
    ck_assert_uint_eq(w.result.end_offset, b.size);
    report_clear(&w.report);
    free(b.data);
}
END_TEST

/* Servers take the low bits of what should be a string's. */
START_TEST(goes_on_behind_a_length_of_another_form)
{
    static const char body[] = "\xfb\xc2\xc0\xfe\xc1\x02\x01"
                               "k\xc1\x01"
                               "a\x00\x01"
                               "l\x01v";
    struct bytes b = make_rdb("REDIS0011", BYTES(body));
    struct walked w = walk_memory(&b);

    ck_assert_int_eq(w.result.verdict, VERDICT_DAMAGED);
    ck_assert_uint_eq(w.result.refused_by, 0);
    ck_assert_uint_eq(w.result.keys, 2);
    ck_assert_uint_eq(w.result.databases, 2);
    ck_assert_uint_eq(w.key_count, 1);
    ck_assert_uint_eq(w.result.damage_offset, 10);
    ck_assert_str_eq(w.report.findings[0].code, "rdb-length");
    report_clear(&w.report);
    free(b.data);
}
END_TEST

START_TEST(a_bad_value_is_told_once_a_key)
{
    static const char scores[] = "\x02\x01"
                                 "a\0\0\0\0\0\0\xf8\xff"
                                 "\x01"
                                 "b\0\0\0\0\0\0\xf8\xff";
    struct bytes b = make_one_key("REDIS0011", 5, BYTES(scores));
    struct walked w = walk_memory(&b);

    ck_assert_uint_eq(w.report.count, 1);
    ck_assert_uint_eq(w.result.keys, 1);
    report_clear(&w.report);
    free(b.data);
}
END_TEST

static void
fill(TCase *tests)
{
    tcase_add_loop_test(tests, finds_bad_values_and_says_why, 0,
                        sizeof bad / sizeof *bad);
    tcase_add_test(tests, goes_on_behind_a_value_that_is_bad_inside);
    tcase_add_test(tests, goes_on_behind_a_length_of_another_form);
    tcase_add_test(tests, a_bad_value_is_told_once_a_key);
}

int
main(void)
{
    return run_tests("rdb_values", fill);
}
