#include "test_rdb_bytes.h"

#include <unistd.h>

#define BYTES(text) text, sizeof(text) - 1

/* Aux fields, two databases, expiry, several types, a module, a function. */
static const char composite[] =
    "\xfa\x09redis-ver\x06"
    "7.2.11\xfa\x05"
    "ctime\xc2\x7a\x18\x15\x61"
    "\xf7\x81\0\0\0\0\0\0\0\x05\x02\x01\x05\x01m\x00"
    "\xf5\x0d#!lua name=a\n"
    "\xfe\x00\xfb\x06\x02"
    "\x00\x03key\x05value"
    "\xfc\x88\x13\0\0\0\0\0\0\xf9\x07\x10\x01h\x0b\x0b\0\0\0\2\0\0\1\1\1\xff"
    "\x02\x03set\x03\x01"
    "a\xc0\x05\x40\x02"
    "bb"
    "\x05\x01z\x01\x01m\0\0\0\0\0\0\xf0\x3f"
    "\x07\x02mo\x05\x02\x09\x00"
    "\xfe\x09\xfb\x01\x01"
    "\xfd\x88\x13\0\0\x00\xc1\x39\x30\xc3\x05\x1d\x00"
    "a\xe0\x13\x00";

START_TEST(reads_a_dump_and_tells_what_is_in_it)
{
    struct bytes b = make_rdb("REDIS0011", BYTES(composite));
    struct walked w = walk_memory(&b);

    ck_assert_int_eq(w.rc, 0);
    ck_assert_int_eq(w.result.verdict, VERDICT_SOUND);
    ck_assert_int_eq(w.result.checksum, RDB_CHECKSUM_OK);
    ck_assert_int_eq(w.result.version, 11);
    ck_assert(!w.result.valkey_magic && !w.result.container);
    ck_assert(!w.result.cut_short && !w.result.enterprise);
    ck_assert(w.result.functions);
    ck_assert_uint_eq(w.result.keys, 6);
    ck_assert_uint_eq(w.result.expires, 2);
    ck_assert_uint_eq(w.result.modules, 2);
    ck_assert_uint_eq(w.result.databases, 10);
    ck_assert_uint_eq(w.result.end_offset, b.size);
    ck_assert_uint_eq(w.result.damage_offset, 0);
    ck_assert_int_eq(w.result.created, 1628772474);
    ck_assert_str_eq(w.result.server, "redis 7.2.11");
    ck_assert_uint_eq(w.key_count, 6);
    ck_assert_int_eq(w.keys[1].expire_ms, 5000);
    ck_assert_int_eq(w.keys[2].expire_ms, -1);
    ck_assert_uint_eq(w.keys[5].db, 9);
    assert_same_in_steps(&b, &w);
    report_clear(&w.report);
    free(b.data);
}
END_TEST

START_TEST(keys_lie_behind_one_another)
{
    struct bytes b = make_rdb("REDIS0011", BYTES(composite));
    struct walked w = walk_memory(&b);

    ck_assert_uint_eq(w.keys[0].end_offset, w.keys[1].offset);
    for (size_t i = 0; i < w.key_count; i++) {
        ck_assert_uint_lt(w.keys[i].offset, w.keys[i].value_offset);
        ck_assert_uint_lt(w.keys[i].value_offset, w.keys[i].end_offset);
    }
    /* The first byte of a key is its expiry, if it has one, else its type. */
    ck_assert_uint_eq(b.data[w.keys[1].offset], 0xfc);
    ck_assert_uint_eq(b.data[w.keys[2].offset], 0x02);
    ck_assert_uint_eq(b.data[w.keys[5].offset], 0xfd);
    report_clear(&w.report);
    free(b.data);
}
END_TEST

START_TEST(finds_a_dump_cut_anywhere)
{
    struct bytes b = make_rdb("REDIS0011", BYTES(composite));

    assert_each_cut_is_found(&b);
    free(b.data);
}
END_TEST

START_TEST(finds_any_flipped_bit)
{
    struct bytes b = make_rdb("REDIS0011", BYTES(composite));

    for (size_t bit = 0; bit < b.size * 8; bit++) {
        struct walked w;

        b.data[bit / 8] ^= (unsigned char)(1 << bit % 8);
        w = walk_memory(&b);
        /* One of them makes it version 1, which has no checksum. */
        ck_assert_msg(w.result.verdict == VERDICT_DAMAGED ||
                          w.result.version == 1,
                      "bit %zu of byte %zu", bit % 8, bit / 8);
        report_clear(&w.report);
        b.data[bit / 8] ^= (unsigned char)(1 << bit % 8);
    }
    free(b.data);
}
END_TEST

static const struct {
    const char *bytes;
    size_t size;
    const char *code, *error;
    uint64_t offset;
    bool cut;
} beginnings[] = {
    {BYTES(""), "rdb-truncated", "it is empty", 0, true},
    {BYTES("RED"), "rdb-truncated",
     "the data ends at byte 3, inside the magic that begins here", 0, true},
    {BYTES("REDIS001"), "rdb-truncated",
     "the data ends at byte 8, inside the magic that begins here", 0, true},
    {BYTES("V"), "rdb-truncated",
     "the data ends at byte 1, inside the magic that begins here", 0, true},
    {BYTES("REDIS0011"), "rdb-truncated",
     "the data ends at byte 9, where a key or the end mark should be", 9, true},
    {BYTES("RODIS0011"), "rdb-magic", "does not begin with REDIS or VALKEY", 0,
     false},
    {BYTES("redis0011"), "rdb-magic", "does not begin with REDIS or VALKEY", 0,
     false},
    {BYTES("*3\r\n$3\r\nSET"), "rdb-magic",
     "does not begin with REDIS or VALKEY", 0, false},
    {BYTES("X"), "rdb-magic", "does not begin with REDIS or VALKEY", 0, false},
    {BYTES("REDIS0000\xff"), "rdb-version",
     "there is no version 0 of this "
     "magic",
     5, false},
    {BYTES("REDIS00x1\xff"), "rdb-version", "the version is not a number", 5,
     false},
    {BYTES("REDIS  11\xff"), "rdb-version", "the version is not a number", 5,
     false},
    {BYTES("VALKEY011\xff"), "rdb-version",
     "there is no version 11 of this magic", 6, false},
    {BYTES("VALKEY08x\xff"), "rdb-version", "the version is not a number", 6,
     false},
};

START_TEST(says_what_is_wrong_at_the_beginning)
{
    struct bytes b = {0};
    struct walked w;

    add(&b, beginnings[_i].bytes, beginnings[_i].size);
    w = walk_memory(&b);
    ck_assert_int_eq(w.rc, 0);
    ck_assert_int_eq(w.result.verdict, VERDICT_DAMAGED);
    ck_assert_uint_eq(w.report.count, 1);
    ck_assert_str_eq(w.report.findings[0].text, beginnings[_i].error);
    ck_assert_str_eq(w.report.findings[0].code, beginnings[_i].code);
    ck_assert_uint_eq(w.result.damage_offset, beginnings[_i].offset);
    ck_assert_uint_eq(w.result.cut_short, beginnings[_i].cut);
    assert_same_in_steps(&b, &w);
    report_clear(&w.report);
    free(b.data);
}
END_TEST

START_TEST(a_wrong_checksum_is_damage_at_the_checksum)
{
    struct bytes b = make_rdb("REDIS0011", BYTES("\x00\x01k\x01v"));
    struct walked w;

    b.data[13] = 'w';
    w = walk_memory(&b);
    ck_assert_int_eq(w.result.verdict, VERDICT_DAMAGED);
    ck_assert_int_eq(w.result.checksum, RDB_CHECKSUM_BAD);
    ck_assert_str_eq(w.report.findings[0].code, "rdb-checksum");
    ck_assert_uint_eq(w.result.damage_offset, b.size - 8);
    ck_assert_uint_eq(w.result.end_offset, b.size);
    ck_assert_uint_eq(w.result.keys, 1);
    assert_same_in_steps(&b, &w);
    report_clear(&w.report);
    free(b.data);
}
END_TEST

START_TEST(a_checksum_of_zero_is_switched_off)
{
    struct bytes b = make_rdb("REDIS0011", BYTES("\x00\x01k\x01v"));
    struct walked w;

    memset(b.data + b.size - 8, 0, 8);
    w = walk_memory(&b);
    ck_assert_int_eq(w.result.verdict, VERDICT_SOUND);
    ck_assert_int_eq(w.result.checksum, RDB_CHECKSUM_DISABLED);
    ck_assert_str_eq(find_finding(&w.report, SEVERITY_INFO)->code,
                     "rdb-checksum-disabled");
    report_clear(&w.report);
    free(b.data);
}
END_TEST

START_TEST(before_version_5_there_is_no_checksum)
{
    struct bytes b = make_rdb("REDIS0004", BYTES("\x00\x01k\x01v"));
    struct walked w = walk_memory(&b);

    ck_assert_int_eq(w.result.verdict, VERDICT_SOUND);
    ck_assert_int_eq(w.result.checksum, RDB_CHECKSUM_NONE);
    ck_assert_uint_eq(w.result.end_offset, b.size - 8);
    report_clear(&w.report);
    free(b.data);
}
END_TEST

START_TEST(stops_behind_its_end_whatever_follows)
{
    struct bytes b = make_rdb("REDIS0011", BYTES("\x00\x01k\x01v"));
    size_t end = b.size;
    struct walked w;

    add(&b, "*1\r\n$4\r\nPING\r\n", 14);
    w = walk_memory(&b);
    ck_assert_int_eq(w.result.verdict, VERDICT_SOUND);
    ck_assert_uint_eq(w.result.end_offset, end);
    ck_assert_uint_eq(w.offset, end);
    assert_same_in_steps(&b, &w);
    report_clear(&w.report);
    free(b.data);
}
END_TEST

START_TEST(a_type_newer_than_the_file_is_a_warning_once)
{
    struct bytes b = make_rdb("REDIS0006", BYTES("\x05\x01"
                                                 "a\x00"
                                                 "\x05\x01"
                                                 "b\x00"));
    struct walked w = walk_memory(&b);

    ck_assert_int_eq(w.result.verdict, VERDICT_SOUND);
    ck_assert_uint_eq(w.report.count, 2); /* the other: keys without elements */
    ck_assert_str_eq(w.report.findings[0].text,
                     "type 5 (zset) came with version 8, and the file is "
                     "version 6");
    ck_assert_str_eq(w.report.findings[1].code, "rdb-empty-key");
    report_clear(&w.report);
    free(b.data);
}
END_TEST

START_TEST(keys_without_elements_are_one_warning)
{
    struct bytes b = make_rdb("REDIS0011", BYTES("\x00\x01"
                                                 "a\x00"
                                                 "\x02\x01"
                                                 "b\x00"
                                                 "\x04\x01"
                                                 "c\x00"));
    struct walked w = walk_memory(&b);

    ck_assert_int_eq(w.result.verdict, VERDICT_SOUND);
    ck_assert_uint_eq(w.result.keys, 3);
    ck_assert_uint_eq(w.result.empty_keys, 2);
    ck_assert_uint_eq(w.report.count, 1);
    ck_assert_str_eq(w.report.findings[0].text,
                     "2 keys have no elements; the first is here");
    ck_assert_int_eq(w.report.findings[0].offset, 13);
    ck_assert_int_eq(w.report.findings[0].severity, SEVERITY_WARNING);
    report_clear(&w.report);
    free(b.data);
}
END_TEST

START_TEST(a_source_that_fails_is_no_verdict)
{
    struct bytes b = make_rdb("REDIS0011", BYTES(composite));

    for (size_t at = 1; at < b.size; at++) {
        struct stream stream = {.bytes = &b, .step = 1, .fails_at = at};
        struct walked w = {0};
        struct source s;

        source_of_pull(&s, deliver, &stream, b.size);
        walk_source(&s, &w);
        ck_assert_int_eq(w.rc, -1);
        ck_assert_str_eq(w.error.text, "the cable was pulled");
        for (size_t i = 0; i < w.report.count; i++)
            ck_assert_int_eq(w.report.findings[i].severity, SEVERITY_INFO);
        report_clear(&w.report);
    }
    free(b.data);
}
END_TEST

START_TEST(needs_neither_report_nor_callback)
{
    struct bytes b = make_rdb("REDIS0011", BYTES(composite));
    struct rdb_result result;
    struct error e = {0};
    struct source s;

    source_of_memory(&s, b.data, b.size);
    ck_assert_int_eq(rdb_walk(&s, NULL, NULL, &result, &e), 0);
    ck_assert_int_eq(result.verdict, VERDICT_SOUND);
    source_of_memory(&s, b.data, b.size - 20);
    ck_assert_int_eq(rdb_walk(&s, NULL, NULL, &result, &e), 0);
    ck_assert_int_eq(result.verdict, VERDICT_DAMAGED);
    free(b.data);
}
END_TEST

START_TEST(zeros_are_told_once_and_end_the_walk)
{
    static const char body[] = "\x00\x01k\x01v\0\0\0\0\0\0\0\0\0\0\0\0";
    struct bytes b = make_rdb("REDIS0011", BYTES(body));
    struct walked w = walk_memory(&b);

    ck_assert_uint_eq(w.report.count, 1);
    ck_assert_str_eq(w.report.findings[0].code, "rdb-zeros");
    ck_assert_uint_eq(w.result.damage_offset, 14);
    ck_assert_uint_eq(w.result.keys, 1);
    assert_same_in_steps(&b, &w);
    report_clear(&w.report);
    free(b.data);
}
END_TEST

/* A key without name and text is right, be it followed by a zero. */
START_TEST(an_empty_name_is_no_hole)
{
    static const char body[] = "\0\0\0\0\1k\0";
    struct bytes b = make_rdb("REDIS0011", BYTES(body));
    struct walked w = walk_memory(&b);

    ck_assert_int_eq(w.result.verdict, VERDICT_SOUND);
    ck_assert_uint_eq(w.result.keys, 2);
    report_clear(&w.report);
    free(b.data);
}
END_TEST

/* Of a set that would go on for ever; it is not read to its end. */
START_TEST(a_hole_to_the_end_ends_the_walk)
{
    static const char head[] = "REDIS0011\x02\x01k\x81\0\x01\0\0\0\0\0\0";
    char name[] = "/tmp/test_rdb.XXXXXX";
    int fd = mkstemp(name);
    struct walked w = {0};
    struct source s;

    unlink(name);
    ck_assert_int_eq(write(fd, head, sizeof head - 1), sizeof head - 1);
    ck_assert_int_eq(ftruncate(fd, (off_t)1 << 40), 0);
    ck_assert_int_eq(source_of_file(&s, fd, UINT64_C(1) << 40, &w.error), 0);
    walk_source(&s, &w);
    ck_assert_int_eq(w.rc, 0);
    ck_assert(w.result.cut_short);
    ck_assert_uint_eq(w.report.count, 1);
    ck_assert_str_eq(w.report.findings[0].code, "rdb-truncated");
    report_clear(&w.report);
    close(fd);
}
END_TEST

START_TEST(names_of_checksums_are_what_scripts_read)
{
    ck_assert_str_eq(rdb_checksum_name(RDB_CHECKSUM_OK), "ok");
    ck_assert_str_eq(rdb_checksum_name(RDB_CHECKSUM_BAD), "bad");
    ck_assert_str_eq(rdb_checksum_name(RDB_CHECKSUM_DISABLED), "disabled");
    ck_assert_str_eq(rdb_checksum_name(RDB_CHECKSUM_NONE), "none");
}
END_TEST

static void
fill(TCase *tests)
{
    tcase_add_test(tests, reads_a_dump_and_tells_what_is_in_it);
    tcase_add_test(tests, keys_lie_behind_one_another);
    tcase_add_test(tests, finds_a_dump_cut_anywhere);
    tcase_add_test(tests, finds_any_flipped_bit);
    tcase_add_loop_test(tests, says_what_is_wrong_at_the_beginning, 0,
                        sizeof beginnings / sizeof *beginnings);
    tcase_add_test(tests, a_wrong_checksum_is_damage_at_the_checksum);
    tcase_add_test(tests, a_checksum_of_zero_is_switched_off);
    tcase_add_test(tests, before_version_5_there_is_no_checksum);
    tcase_add_test(tests, stops_behind_its_end_whatever_follows);
    tcase_add_test(tests, a_type_newer_than_the_file_is_a_warning_once);
    tcase_add_test(tests, keys_without_elements_are_one_warning);
    tcase_add_test(tests, a_source_that_fails_is_no_verdict);
    tcase_add_test(tests, needs_neither_report_nor_callback);
    tcase_add_test(tests, zeros_are_told_once_and_end_the_walk);
    tcase_add_test(tests, an_empty_name_is_no_hole);
    tcase_add_test(tests, a_hole_to_the_end_ends_the_walk);
    tcase_add_test(tests, names_of_checksums_are_what_scripts_read);
}

int
main(void)
{
    return run_tests("rdb", fill);
}
