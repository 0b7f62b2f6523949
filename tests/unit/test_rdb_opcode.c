#include "test_rdb_bytes.h"

#define BYTES(text) text, sizeof(text) - 1

#define ZEROS4 "\0\0\0\0"
#define ZEROS8 ZEROS4 ZEROS4
#define MODULE_ID "\x81\xb5\xeb\x2d\xff\xfa\xdd\x6c\x01"
#define KEY "\x00\x01k\x01v"
#define KEY2 "\x00\x01l\x01v"
#define JOB \
    "\x28"  \
    "0123456789012345678901234567890123456789"

static const struct {
    const char *magic;
    const char *body;
    size_t size;
    uint64_t keys, expires;
    int64_t expire_ms; /* of the first key */
    uint64_t offset;   /* of the first key, in the body */
} good[] = {
    {"REDIS0011",
     BYTES("\xfa\x01"
           "a\x01"
           "b" KEY),
     1, 0, -1, 5},
    {"REDIS0011", BYTES("\xfa\xc0\x01\xc0\x02" KEY), 1, 0, -1, 5},
    {"REDIS0011", BYTES("\xfe\x03\xfb\x01\x00" KEY), 1, 0, -1, 5},
    {"REDIS0011", BYTES("\xfd\xe8\x03\0\0" KEY), 1, 1, 1000000, 0},
    {"REDIS0011", BYTES("\xfd\xff\xff\xff\xff" KEY), 1, 1, -1000, 0},
    {"REDIS0011", BYTES("\xfc\xe8\x03\0\0\1\0\0\0" KEY), 1, 1, 4294968296, 0},
    {"REDIS0008", BYTES("\xfc\xe8\x03\0\0\1\0\0\0" KEY), 1, 1, 4294968296, 0},
    {"REDIS0011", BYTES("\xfc\xff\xff\xff\xff\xff\xff\xff\xff" KEY), 1, 0, -1,
     0},
    {"REDIS0011", BYTES("\xf9\xff" KEY), 1, 0, -1, 0},
    {"REDIS0011", BYTES("\xf8\x05" KEY), 1, 0, -1, 0},
    {"REDIS0011", BYTES("\xfc\1\0\0\0\0\0\0\0\xf8\x40\xff" KEY KEY2), 2, 1, 1,
     0},
    {"REDIS0011", BYTES(KEY "\xfd\1\0\0\0" KEY2 KEY), 3, 1, -1, 0},
    {"REDIS0011", BYTES("\xfd\1\0\0\0"), 0, 0, 0, 0},
    {"REDIS0011", BYTES("\xf7" MODULE_ID "\x02\x01\x01\x05\x05\x02hi\x00"), 0,
     0, 0, 0},
    {"REDIS0011", BYTES("\xf5\x0d#!lua name=a\n"), 0, 0, 0, 0},
    {"REDIS0012", BYTES("\xf4\x05\x01\x00" KEY), 1, 0, -1, 4},
    {"REDIS0013",
     BYTES("\xfd\1\0\0\0\xf3\x02"
           "abcd\x02\x05\x00"
           "efgh\x00" KEY),
     1, 1, 1000, 0},
    {"REDIS0013", BYTES("\xf3\x00" KEY), 1, 0, -1, 0},
    {"VALKEY080", BYTES("\xf3" JOB "\x02\x01\x05\x06\x07" KEY), 1, 0, -1, 47},
    {"VALKEY080", BYTES("\xf4\x05\x01\x00" KEY), 1, 0, -1, 4},
};

START_TEST(reads_every_opcode)
{
    struct bytes b = make_rdb(good[_i].magic, good[_i].body, good[_i].size);
    struct walked w = walk_memory(&b);

    if (w.result.verdict != VERDICT_SOUND)
        ck_abort_msg("%s", w.report.findings[0].text);
    ck_assert_uint_eq(w.result.keys, good[_i].keys);
    ck_assert_uint_eq(w.key_count, good[_i].keys);
    ck_assert_uint_eq(w.result.expires, good[_i].expires);
    ck_assert_uint_eq(w.result.end_offset, b.size);
    if (good[_i].keys > 0) {
        ck_assert_int_eq(w.keys[0].expire_ms, good[_i].expire_ms);
        ck_assert_uint_eq(w.keys[0].offset, 9 + good[_i].offset);
    }
    assert_same_in_steps(&b, &w);
    report_clear(&w.report);
    free(b.data);
}
END_TEST

START_TEST(finds_every_opcode_cut_anywhere)
{
    struct bytes b = make_rdb(good[_i].magic, good[_i].body, good[_i].size);

    assert_each_cut_is_found(&b);
    free(b.data);
}
END_TEST

static const struct {
    const char *magic;
    const char *body;
    size_t size;
    const char *code, *error;
    uint64_t offset; /* in the body */
} bad[] = {
    {"REDIS0011", BYTES("\xf6\x01x"), "rdb-opcode",
     "opcode 246 (a function of a release candidate of 7.0) is refused by "
     "every server",
     0},
    {"REDIS0011", BYTES("\xf2\x01x"), "rdb-opcode", "there is no opcode 242",
     0},
    {"REDIS0011", BYTES("\xfe\xc0\x01"), "rdb-length",
     "the byte c0 does not begin a length", 1},
    {"REDIS0011", BYTES("\xfe\x81\xff\xff\xff\xff\xff\xff\xff\xff"),
     "rdb-length",
     "a count of 18446744073709551615 is more than any file can hold", 1},
    {"REDIS0011", BYTES("\xfb\x01\xc1"), "rdb-length",
     "the byte c1 does not begin a length", 2},
    {"REDIS0011", BYTES("\xf8\xc3\x01"), "rdb-length",
     "the byte c3 does not begin a length", 1},
    {"REDIS0011", BYTES("\xf7" MODULE_ID "\x01\x01\x00"), "rdb-value",
     "module data begins with kind 1, not 2", 10},
    {"REDIS0011", BYTES("\xf7" MODULE_ID "\x02\x01\x07"), "rdb-value",
     "a part of a module of kind 7, not 0 to 5", 12},
    {"REDIS0012", BYTES("\xf4\x01\x02\xc0"), "rdb-length",
     "the byte c0 does not begin a length", 3},
    {"REDIS0013",
     BYTES("\xf3\x01"
           "abcd\x00\xfd\1\0\0\0" KEY),
     "rdb-opcode",
     "metadata of a key is followed by opcode 253, not by the key", 7},
    {"VALKEY080", BYTES("\xf3" JOB "\x02\x01\xff"), "rdb-length",
     "the byte ff does not begin a length", 44},
    {"REDIS0011", BYTES("\x02\x01k\xc0\x05"), "rdb-length",
     "the byte c0 does not begin a length (set, key at byte 9)", 3},
    {"REDIS0011", BYTES("\x04\x01k\x81\0\2\0\0\0\0\0\0"), "rdb-length",
     "a count of 562949953421312 is more than any file can hold (hash, key at "
     "byte 9)",
     3},
};

START_TEST(finds_bad_opcodes_and_says_why)
{
    struct bytes b = make_rdb(bad[_i].magic, bad[_i].body, bad[_i].size);
    struct walked w = walk_memory(&b);
    const struct finding *f = find_finding(&w.report, SEVERITY_ERROR);

    ck_assert_int_eq(w.result.verdict, VERDICT_DAMAGED);
    ck_assert_str_eq(f->text, bad[_i].error);
    ck_assert_str_eq(f->code, bad[_i].code);
    ck_assert_str_ne(f->remedy, "");
    ck_assert_uint_eq(w.result.damage_offset, 9 + bad[_i].offset);
    assert_same_in_steps(&b, &w);
    report_clear(&w.report);
    free(b.data);
}
END_TEST

static const struct {
    const char *body;
    size_t size;
    const char *server;
    int64_t created;
} auxes[] = {
    {BYTES("\xfa\x09redis-ver\x06"
           "7.0.15\xfa\x05"
           "ctime\xc2\x7a\x18\x15\x61"),
     "redis 7.0.15", 1628772474},
    {BYTES("\xfa\x09REDIS-VER\x05"
           "4.0.0\xfa\x05"
           "CTIME\x0a"
           "1700000000"),
     "redis 4.0.0", 1700000000},
    {BYTES("\xfa\x0avalkey-ver\x05"
           "8.1.1"),
     "valkey 8.1.1", -1},
    {BYTES("\xfa\x09redis-ver\x00"), "", -1},
    {BYTES("\xfa\x09redis-ver\x03"
           "7 0"),
     "", -1},
    {BYTES("\xfa\x09redis-ver\x04"
           "7\x1b[1"),
     "", -1},
    {BYTES("\xfa\x09redis-ver\x28"
           "7.0.012345678901234567890123456789012345"),
     "", -1},
    {BYTES("\xfa\x03lua\xc3\x05\x1e\0a\xe0\x14\0"), "", -1},
    {BYTES("\xfa\x07unknown\x01x"), "", -1},
};

START_TEST(learns_from_aux_fields_what_is_plain_text)
{
    struct bytes b = make_rdb("REDIS0011", auxes[_i].body, auxes[_i].size);
    struct walked w = walk_memory(&b);

    ck_assert_int_eq(w.result.verdict, VERDICT_SOUND);
    ck_assert_str_eq(w.result.server, auxes[_i].server);
    ck_assert_int_eq(w.result.created, auxes[_i].created);
    assert_same_in_steps(&b, &w);
    report_clear(&w.report);
    free(b.data);
}
END_TEST

START_TEST(tells_each_module_once_and_counts_all)
{
    static const char body[] = "\x07\x01"
                               "a" MODULE_ID "\x00"
                               "\x07\x01"
                               "b" MODULE_ID "\x00"
                               "\x07\x01"
                               "c\x05\x00"
                               "\xf7" MODULE_ID "\x02\x01\x00";
    struct bytes b = make_rdb("REDIS0011", BYTES(body));
    struct walked w = walk_memory(&b);

    ck_assert_int_eq(w.result.verdict, VERDICT_SOUND);
    ck_assert_uint_eq(w.result.modules, 4);
    ck_assert_uint_eq(w.report.count, 2);
    ck_assert_str_eq(w.report.findings[0].code, "rdb-module");
    ck_assert_str_eq(w.report.findings[0].text,
                     "a value of the module type test__rdb, encoding 1");
    ck_assert_int_eq(w.report.findings[0].severity, SEVERITY_INFO);
    ck_assert_str_eq(w.report.findings[1].text,
                     "a value of the module type AAAAAAAAA, encoding 5");
    report_clear(&w.report);
    free(b.data);
}
END_TEST

START_TEST(notes_databases_and_functions)
{
    static const char body[] = "\xf5\x0d#!lua name=a\n\xfe\x00" KEY
                               "\xfe\x40\x63" KEY;
    struct bytes b = make_rdb("REDIS0011", BYTES(body));
    struct walked w = walk_memory(&b);

    ck_assert(w.result.functions);
    ck_assert_uint_eq(w.result.databases, 100);
    ck_assert_uint_eq(w.keys[0].db, 0);
    ck_assert_uint_eq(w.keys[1].db, 99);
    report_clear(&w.report);
    free(b.data);
}
END_TEST

static const struct {
    const char *bytes;
    bool doubted;
} ends[] = {
    {"REDIS0011\xff"
     "12345678",
     false},
    {"REDIS0011\xff"
     "12345678more",
     true},
    {"REDIS0011\xff"
     "12345678*1\r\n",
     false}, /* the AOF behind it */
};

START_TEST(doubts_a_wrong_end_with_data_behind_it)
{
    struct bytes b = {.data = (unsigned char *)memory_dup(ends[_i].bytes),
                      .size = strlen(ends[_i].bytes)};
    struct walked w = walk_memory(&b);

    ck_assert_str_eq(w.report.findings[0].code, "rdb-checksum");
    ck_assert(ends[_i].doubted ==
              (strstr(w.report.findings[0].text, "taken for the end") != NULL));
    report_clear(&w.report);
    free(b.data);
}
END_TEST

static void
fill(TCase *tests)
{
    tcase_add_loop_test(tests, reads_every_opcode, 0,
                        sizeof good / sizeof *good);
    tcase_add_loop_test(tests, finds_every_opcode_cut_anywhere, 0,
                        sizeof good / sizeof *good);
    tcase_add_loop_test(tests, finds_bad_opcodes_and_says_why, 0,
                        sizeof bad / sizeof *bad);
    tcase_add_loop_test(tests, learns_from_aux_fields_what_is_plain_text, 0,
                        sizeof auxes / sizeof *auxes);
    tcase_add_test(tests, tells_each_module_once_and_counts_all);
    tcase_add_loop_test(tests, doubts_a_wrong_end_with_data_behind_it, 0,
                        sizeof ends / sizeof *ends);
    tcase_add_test(tests, notes_databases_and_functions);
}

int
main(void)
{
    return run_tests("rdb_opcode", fill);
}
