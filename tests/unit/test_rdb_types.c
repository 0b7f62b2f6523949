#include "test_rdb_bytes.h"

#define BYTES(text) text, sizeof(text) - 1

#define ZEROS4 "\0\0\0\0"
#define ZEROS8 ZEROS4 ZEROS4
#define ID16 "0123456789abcdef"
#define LISTPACK8 "\x08\x08\0\0\0\1\0\0\xff" /* a string of 8 bytes */
#define PAIR "\x0b\x0b\0\0\0\2\0\0\1\1\1\xff"
#define TRIPLE "\x0d\x0d\0\0\0\3\0\0\1\1\1\0\1\xff"
#define ZIPLIST1                         \
    "\x0e\x0e\0\0\0\x0a\0\0\0\1\0\0\x01" \
    "a\xff"
#define ZIPLIST2                         \
    "\x11\x11\0\0\0\x0d\0\0\0\2\0\0\x01" \
    "a\3\x01"                            \
    "b\xff"
#define NODE "\x10" ID16 LISTPACK8
#define NODE2 "\x10z123456789abcdef" LISTPACK8
#define PEL "\x01" ID16 ZEROS8 "\x03"

/* Name, last id, entries read by version 2 and later, pending entries. */
#define GROUP1 "\x01g\x05\x06" PEL
#define GROUP2 "\x01g\x05\x06\x81\xff\xff\xff\xff\xff\xff\xff\xff" PEL
#define CONSUMER1 \
    "\x01\x01"    \
    "c" ZEROS8 "\x01" ID16
#define CONSUMER3 \
    "\x01\x01"    \
    "c" ZEROS8 ZEROS8 "\x01" ID16
#define PRODUCERS "\x05\x06\x01\x03pid\x02\x02ia\x01\x02\x02ib\x03\x04\x07\x08"

#define MODULE_ID "\x81\xb5\xeb\x2d\xff\xfa\xdd\x6c\x01"
#define MODULE_PARTS \
    "\x01\x05\x02\x06\x03" ZEROS4 "\x04" ZEROS8 "\x05\x02hi\x00"

static const struct {
    const char *magic;
    unsigned char type;
    bool empty;
    const char *value;
    size_t size;
} good[] = {
    {"REDIS0011", 0, false, BYTES("\x01v")},
    {"REDIS0011", 0, false, BYTES("\x00")},
    {"REDIS0011", 0, false, BYTES("\xc0\x7b")},
    {"REDIS0011", 0, false, BYTES("\xc1\x7b\x01")},
    {"REDIS0011", 0, false, BYTES("\xc2\x7b\x01\x00\x00")},
    {"REDIS0011", 0, false,
     BYTES("\xc3\x05\x1d\x00"
           "a\xe0\x13\x00")},
    {"REDIS0011", 0, false, BYTES("\x40\x05hello")},
    {"REDIS0011", 0, false, BYTES("\x80\0\0\0\x05hello")},
    {"REDIS0011", 0, false, BYTES("\x81\0\0\0\0\0\0\0\x05hello")},
    {"REDIS0001", 1, false,
     BYTES("\x02\x01"
           "a\xc0\x05")},
    {"REDIS0001", 1, true, BYTES("\x00")},
    {"REDIS0001", 2, false,
     BYTES("\x03\x01"
           "a\xc1\x05\x06\x02"
           "bb")},
    {"REDIS0001", 2, true, BYTES("\x00")},
    {"REDIS0001", 3, false,
     BYTES("\x04\x01"
           "a\x04-1.5\x01"
           "b\xfe\x01"
           "c\xff"
           "\x01"
           "d\x03inf")},
    {"REDIS0001", 3, true, BYTES("\x00")},
    {"REDIS0001", 4, false,
     BYTES("\x02\x01"
           "a\x01"
           "A\x01"
           "b\x01"
           "B")},
    {"REDIS0001", 4, true, BYTES("\x00")},
    {"REDIS0008", 5, false,
     BYTES("\x02\x01"
           "a" ZEROS8 "\xc0\x05\0\0\0\0\0\0"
           "\xf0\xff")},
    {"REDIS0008", 5, true, BYTES("\x00")},
    {"REDIS0008", 7, false, BYTES(MODULE_ID MODULE_PARTS)},
    {"REDIS0008", 7, false, BYTES(MODULE_ID "\x00")},
    {"REDIS0002", 9, false,
     BYTES("\x07\x01\x01"
           "a\x01\0b\xff")},
    {"REDIS0002", 10, false, BYTES(ZIPLIST1)},
    {"REDIS0002", 10, true, BYTES("\x0b\x0b\0\0\0\x0a\0\0\0\0\0\xff")},
    {"REDIS0002", 11, false, BYTES("\x0a\2\0\0\0\1\0\0\0\5\0")},
    {"REDIS0002", 12, false, BYTES(ZIPLIST2)},
    {"REDIS0004", 13, false, BYTES(ZIPLIST2)},
    {"REDIS0007", 14, false, BYTES("\x02" ZIPLIST1 ZIPLIST2)},
    {"REDIS0007", 14, true, BYTES("\x00")},
    {"REDIS0007", 14, true, BYTES("\x01\x0b\x0b\0\0\0\x0a\0\0\0\0\0\xff")},
    {"REDIS0009", 15, false, BYTES("\x02" NODE NODE2 "\x05\x06\x07\x00")},
    {"REDIS0009", 15, false, BYTES("\x00\x00\x00\x00\x00")},
    {"REDIS0009", 15, false,
     BYTES("\x01" NODE "\x05\x06\x07\x01" GROUP1 CONSUMER1)},
    {"REDIS0010", 16, false, BYTES(PAIR)},
    {"REDIS0010", 16, true, BYTES("\x07\7\0\0\0\0\0\xff")},
    {"REDIS0010", 17, false, BYTES(PAIR)},
    {"REDIS0010", 18, false,
     BYTES("\x02\x02" LISTPACK8 "\x01\x03"
           "big")},
    {"REDIS0010", 18, false, BYTES("\x01\x01\xc0\x07")},
    {"REDIS0010", 18, true, BYTES("\x00")},
    {"REDIS0010", 19, false,
     BYTES("\x01" NODE "\1\2\3\4\5\6\7\x08\x01" GROUP2 CONSUMER1)},
    {"REDIS0011", 20, false, BYTES(PAIR)},
    {"REDIS0011", 21, false,
     BYTES("\x01" NODE "\1\2\3\4\5\6\7\x08\x01" GROUP2 CONSUMER3)},
    {"REDIS0012", 22, false,
     BYTES("\x02\x00\x01"
           "a\x01"
           "A\x40\x99\x01"
           "b\x01"
           "B")},
    {"REDIS0012", 22, true, BYTES("\x00")},
    {"REDIS0012", 23, false, BYTES(TRIPLE)},
    {"REDIS0012", 24, false,
     BYTES("\0\0\0\0\x01\0\0\0\x02\x00\x01"
           "a\x01"
           "A\x01\x01"
           "b\x01"
           "B")},
    {"REDIS0012", 24, false,
     BYTES("\0\0\0\0\0\0\1\0\x01\x00\x01"
           "a\x01"
           "A")},
    {"REDIS0012", 25, false, BYTES("\0\0\0\0\x01\0\0\0" TRIPLE)},
    {"REDIS0013", 26, false,
     BYTES("\x01" NODE "\1\2\3\4\5\6\7\x08\x01" GROUP2 CONSUMER3 PRODUCERS)},
    {"REDIS0014", 27, false,
     BYTES("\x01" NODE "\1\2\3\4\5\6\7\x08\x01" GROUP2 "\x01\x01"
           "c" ZEROS8 ZEROS8 "\x00\x01" ID16 PRODUCERS)},
    {"REDIS0014", 28, false,
     BYTES("\x04\x01\x09\x00\x00\x03"
           "abc\x05\x01" ZEROS8 "\x06\x02" ZEROS8 "\x07\x03\x02xy")},
    {"REDIS0014", 28, false,
     BYTES("\x01\x00\x00\x00\x03"
           "abc")},
    {"VALKEY080", 22, false,
     BYTES("\x02\x01"
           "a\x01"
           "A" ZEROS8 "\x01"
           "b\x01"
           "B\xff\xff\xff\xff\xff\xff\xff\xff")},
    {"VALKEY080", 22, true, BYTES("\x00")},
    {"VALKEY080", 21, false,
     BYTES("\x01" NODE "\1\2\3\4\5\6\7\x08\x01" GROUP2 CONSUMER3)},
};

START_TEST(walks_every_type_to_its_end)
{
    struct bytes b = make_one_key(good[_i].magic, good[_i].type, good[_i].value,
                                  good[_i].size);
    bool has_checksum = strcmp(good[_i].magic, "REDIS0005") >= 0;
    struct walked w = walk_memory(&b);

    ck_assert_int_eq(w.rc, 0);
    if (w.result.verdict != VERDICT_SOUND)
        ck_abort_msg("type %u: %s", good[_i].type, w.report.findings[0].text);
    ck_assert_uint_eq(w.result.keys, 1);
    ck_assert_uint_eq(w.result.empty_keys, good[_i].empty);
    ck_assert_uint_eq(w.result.end_offset, b.size - (has_checksum ? 0 : 8));
    ck_assert_uint_eq(w.key_count, 1);
    ck_assert_uint_eq(w.keys[0].type, good[_i].type);
    ck_assert_uint_eq(w.keys[0].offset, 9);
    ck_assert_uint_eq(w.keys[0].value_offset, 12);
    ck_assert_uint_eq(w.keys[0].end_offset, 12 + good[_i].size);
    ck_assert_uint_eq(w.keys[0].empty, good[_i].empty);
    assert_same_in_steps(&b, &w);
    report_clear(&w.report);
    free(b.data);
}
END_TEST

START_TEST(finds_every_type_cut_anywhere)
{
    struct bytes b = make_one_key(good[_i].magic, good[_i].type, good[_i].value,
                                  good[_i].size);

    if (strcmp(good[_i].magic, "REDIS0005") < 0)
        b.size -= 8; /* these have no checksum */
    assert_each_cut_is_found(&b);
    free(b.data);
}
END_TEST

static void
fill(TCase *tests)
{
    tcase_add_loop_test(tests, walks_every_type_to_its_end, 0,
                        sizeof good / sizeof *good);
    tcase_add_loop_test(tests, finds_every_type_cut_anywhere, 0,
                        sizeof good / sizeof *good);
}

int
main(void)
{
    return run_tests("rdb_types", fill);
}
