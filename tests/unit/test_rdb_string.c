#include "test_rdb_bytes.h"

#include <stdio.h>

#include "formats/rdb_lzf.h"
#include "formats/rdb_string.h"

#define BYTES(text) text, sizeof(text) - 1

static const struct {
    const char *bytes;
    size_t size;
    const char *text; /* as rdb_string_text gives it */
    uint64_t length;
} good[] = {
    {BYTES("\x00"), "", 0},
    {BYTES("\x05hello"), "hello", 5},
    {BYTES("\x40\x05hello"), "", 5},
    {BYTES("\x80\0\0\0\x05hello"), "", 5},
    {BYTES("\x81\0\0\0\0\0\0\0\x05hello"), "", 5},
    {BYTES("\x10"
           "0123456789abcdef"),
     "", 16},
    {BYTES("\xc0\x7b"), "123", 1},
    {BYTES("\xc0\xff"), "-1", 1},
    {BYTES("\xc1\x39\x30"), "12345", 1},
    {BYTES("\xc1\x00\x80"), "-32768", 1},
    {BYTES("\xc2\x15\xcd\x5b\x07"), "123456789", 1},
    {BYTES("\xc2\0\0\0\x80"), "-2147483648", 1},
    {BYTES("\xc3\x04\x1e\x00"
           "aaa"),
     "", 30},
    {BYTES("\xc3\x01\x41\x08x"), "", 264},
};

START_TEST(reads_every_form_of_string)
{
    struct rdb_result result = {0};
    char text[16];
    uint64_t length = 99;
    struct rdb_read r;
    struct source s;

    source_of_memory(&s, good[_i].bytes, good[_i].size);
    rdb_read_begin(&r, &s, NULL, &result);
    ck_assert(rdb_string_skip(&r, &length));
    ck_assert_uint_eq(length, good[_i].length);
    ck_assert_uint_eq(source_offset(&s), good[_i].size);
    rdb_lzf_free(&r);

    source_of_memory(&s, good[_i].bytes, good[_i].size);
    rdb_read_begin(&r, &s, NULL, &result);
    ck_assert(rdb_string_text(&r, text, sizeof text));
    ck_assert_str_eq(text, good[_i].text);
    ck_assert_uint_eq(source_offset(&s), good[_i].size);
    rdb_lzf_free(&r);
}
END_TEST

/* Each in the place of a value, of a key and of an element. */
static const struct {
    const char *bytes;
    size_t size;
    const char *code, *error;
    bool cut;
} bad[] = {
    {BYTES("\x82hello"), "rdb-length", "the byte 82 does not begin a length",
     false},
    {BYTES("\xbfhello"), "rdb-length", "the byte bf does not begin a length",
     false},
    {BYTES("\xc4hello"), "rdb-length", "the byte c4 does not begin a string",
     false},
    {BYTES("\xffhello"), "rdb-length", "the byte ff does not begin a string",
     false},
    {BYTES("\xc3\x00\x05"), "rdb-length",
     "a compressed string of 0 bytes cannot hold 5", false},
    {BYTES("\xc3\x01\x00x"), "rdb-length",
     "a compressed string of 1 bytes cannot hold 0", false},
    {BYTES("\xc3\x01\x41\x09x"), "rdb-length",
     "a compressed string of 1 bytes cannot hold 265", false},
    {BYTES("\x81\0\0\1\0\0\0\0\1x"), "rdb-length",
     "a string of 1099511627777 bytes is longer than any server can hold",
     false},
    {BYTES("\x81\xff\xff\xff\xff\xff\xff\xff\xff"), "rdb-length",
     "a string of 18446744073709551615 bytes is longer than any server can "
     "hold",
     false},
    {BYTES("\xc3\x81\xff\xff\xff\xff\xff\xff\xff\xff\x01"), "rdb-length",
     "a compressed string of 18446744073709551615 bytes cannot hold 1", false},
    {BYTES("\x3fhello"), "rdb-truncated", NULL, true},
    {BYTES("\x7f\xffhello"), "rdb-truncated", NULL, true},
    {BYTES("\x80\xff\xff\xff\xffhello"), "rdb-truncated", NULL, true},
    {BYTES("\x81\0\0\1\0\0\0\0\0hello"), "rdb-truncated", NULL, true},
    {BYTES("\xc3\x3f\x3fhello"), "rdb-truncated", NULL, true},
};

static const struct {
    const char *bytes;
    size_t size;
    const char *place;
} before[] = {
    {BYTES("\x00\x01k"), " (string, key at byte 9)"},
    {BYTES("\x00"), ""},
    {BYTES("\x02\x01k\x03\x01"
           "a"),
     " (set, key at byte 9)"},
    {BYTES("\x05\x01k\x01"), " (zset, key at byte 9)"},
    {BYTES("\xfa\x01k"), ""},
    {BYTES("\xfa"), ""},
    {BYTES("\xf5"), ""},
};

START_TEST(finds_bad_strings_in_every_place)
{
    struct bytes body = {0}, b;
    struct walked w;
    char text[300];

    for (size_t i = 0; i < sizeof before / sizeof *before; i++) {
        body.size = 0;
        add(&body, before[i].bytes, before[i].size);
        add(&body, bad[_i].bytes, bad[_i].size);
        b = make_rdb("REDIS0011", body.data, body.size);
        w = walk_memory(&b);
        ck_assert_int_eq(w.result.verdict, VERDICT_DAMAGED);
        ck_assert_uint_eq(w.report.count, 1);
        ck_assert_str_eq(w.report.findings[0].code, bad[_i].code);
        ck_assert_uint_eq(w.result.cut_short, bad[_i].cut);
        if (bad[_i].error != NULL) {
            snprintf(text, sizeof text, "%s%s", bad[_i].error, before[i].place);
            ck_assert_str_eq(w.report.findings[0].text, text);
        }
        assert_same_in_steps(&b, &w);
        report_clear(&w.report);
        free(b.data);
    }
    free(body.data);
}
END_TEST

/* A set whose members have every length around the bounds of the windows. */
static struct bytes
make_large_set(unsigned members, bool zset)
{
    struct bytes body = {0}, b;
    unsigned char *text = memory_new(70000);
    unsigned state = 1;

    add(&body, zset ? "\x05\x01k\x80" : "\x02\x01k\x80", 4);
    add(&body,
        (unsigned char[]){0, 0, (unsigned char)(members >> 8),
                          (unsigned char)members},
        4);
    for (unsigned i = 0; i < members; i++) {
        unsigned size;

        state = state * 1103515245 + 12345;
        size = i % 97 == 0 ? state >> 16 & 0xffff : state >> 16 & 0x3f;
        add(&body,
            (unsigned char[]){0x80, 0, 0, (unsigned char)(size >> 8),
                              (unsigned char)size},
            size > 63 ? 5 : 0);
        add(&body, &(unsigned char){(unsigned char)size}, size > 63 ? 0 : 1);
        add(&body, text, size);
        add(&body, "\0\0\0\0\0\0\xf0\x3f", zset ? 8 : 0);
    }
    free(text);
    b = make_rdb("REDIS0011", body.data, body.size);
    free(body.data);
    return b;
}

START_TEST(walks_collections_larger_than_any_window)
{
    struct bytes b = make_large_set(20000, _i == 1);
    struct walked w = walk_memory(&b), x;

    ck_assert_uint_gt(b.size, 3 << 20);
    ck_assert_int_eq(w.result.verdict, VERDICT_SOUND);
    ck_assert_int_eq(w.result.checksum, RDB_CHECKSUM_OK);
    ck_assert_uint_eq(w.result.keys, 1);
    for (size_t step = 1000; step < 3000000; step = step * 7 + 1) {
        x = walk_stream(&b, step, step % 2 == 0);
        assert_same(&w, &x);
        report_clear(&x.report);
    }
    report_clear(&w.report);
    free(b.data);
}
END_TEST

static void
fill(TCase *tests)
{
    tcase_add_loop_test(tests, reads_every_form_of_string, 0,
                        sizeof good / sizeof *good);
    tcase_add_loop_test(tests, finds_bad_strings_in_every_place, 0,
                        sizeof bad / sizeof *bad);
    tcase_add_loop_test(tests, walks_collections_larger_than_any_window, 0, 2);
}

int
main(void)
{
    return run_tests("rdb_string", fill);
}
