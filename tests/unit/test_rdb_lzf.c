#include "test_rdb_bytes.h"

#include <stdio.h>

#define BYTES(text) text, sizeof(text) - 1

/* Enough for many full batches. */
enum { LARGE_KEYS = 6000, LARGE_ELEMENTS = 3000 };

/* Where findings are to be, in order. */
enum { EXPECTED_MAX = 500 };

struct expected {
    size_t offsets[EXPECTED_MAX], count;
};

static struct walked
walk_alone(struct source *s, bool deep)
{
    struct rdb_options options = {.deep = deep};
    struct walked w = {0};

    w.rc = rdb_walk(s, &options, &w.report, &w.result, &w.error);
    source_close(s);
    return w;
}

/* Without a thread: a window is never enough for a batch. */
static struct walked
walk_small_windows(const struct bytes *b, size_t step)
{
    struct stream stream = {.bytes = b, .step = step};
    struct source s;

    source_of_pull(&s, deliver, &stream, UINT64_MAX);
    return walk_alone(&s, false);
}

static struct walked
walk_one_window(const struct bytes *b, bool deep)
{
    struct source s;

    source_of_memory(&s, b->data, b->size);
    return walk_alone(&s, deep);
}

START_TEST(broken_lzf_is_told_whatever_the_checksum_says)
{
    static const char body[] = "\x00\x01k\xc3\x03\x04\0a\x20";
    static const char *const magics[] = {"REDIS0004", "REDIS0012"};
    struct bytes b = make_rdb(magics[_i & 1], BYTES(body));
    struct walked w;

    if ((_i & 2) != 0)
        memset(b.data + b.size - 8, 0, 8);
    if ((_i & 4) != 0)
        memset(b.data + b.size - 8, 1, 8);
    w = walk_memory(&b);
    ck_assert_int_eq(w.result.verdict, VERDICT_DAMAGED);
    ck_assert_uint_eq(w.result.refused_by, RDB_BY_ALL);
    ck_assert_int_eq(find_finding(&w.report, SEVERITY_ERROR)->offset, 12);
    ck_assert_uint_eq(w.key_count, 0);
    assert_same_in_steps(&b, &w);
    report_clear(&w.report);
    w = walk_one_window(&b, true);
    ck_assert_uint_eq(w.result.damage_offset, 12);
    report_clear(&w.report);
    free(b.data);
}
END_TEST

/* 640 bytes as 360; broken: the first reference is to before the beginning. */
static void
add_packed(struct bytes *b, unsigned seed, bool broken)
{
    add(b, "\xc3\x41\x68\x42\x80", 5);
    for (unsigned i = 0; i < 10; i++) {
        unsigned char run[33] = {31};

        for (unsigned j = 1; j < sizeof run; j++)
            run[j] = (unsigned char)((seed + i) * 31 + j * 7);
        add(b, run, sizeof run);
        add(b, broken ? "\xe0\x17\x20" : "\xe0\x17\x1f", 3);
    }
}

/* Notes where the next finding is to be. */
static void
expect(struct expected *x, const struct bytes *b)
{
    ck_assert_uint_lt(x->count, EXPECTED_MAX);
    x->offsets[x->count++] = b->size;
}

static void
add_key(struct bytes *b, unsigned char type, unsigned n)
{
    char text[8];

    snprintf(text, sizeof text, "\x05%05u", n);
    add(b, &type, 1);
    add(b, text, 6);
}

/* Strings, some broken, among them intsets that are too short; and a list of
 * which several elements are broken, and only the first is told. */
static struct bytes
make_large(struct expected *x)
{
    struct bytes b = {0};

    add(&b, "REDIS0012", 9);
    for (unsigned i = 0; i < LARGE_KEYS; i++) {
        if (i % 101 == 50) {
            add_key(&b, 11, LARGE_KEYS + i);
            expect(x, &b);
            add(&b, "\4abcd", 5);
        }
        add_key(&b, 0, i);
        if (i % 37 == 36)
            expect(x, &b);
        add_packed(&b, i, i % 37 == 36);
    }
    add_key(&b, 1, 99999);
    add(&b, "\x4b\xb8", 2);
    for (unsigned i = 0; i < LARGE_ELEMENTS; i++) {
        if (i == 10)
            expect(x, &b);
        add_packed(&b, i, i % 1490 == 10);
    }
    add(&b, "\xff", 1);
    add_checksum(&b);
    return b;
}

START_TEST(findings_come_in_order_whoever_judges)
{
    struct expected x = {0};
    struct bytes b = make_large(&x);
    struct walked w = walk_one_window(&b, false);
    struct walked alone = walk_small_windows(&b, 1000);

    ck_assert_int_eq(w.rc, 0);
    ck_assert_uint_eq(w.result.checksum, RDB_CHECKSUM_OK);
    ck_assert_uint_eq(w.report.count, x.count);
    for (size_t i = 0; i < x.count; i++)
        ck_assert_int_eq(w.report.findings[i].offset, (int64_t)x.offsets[i]);
    assert_same(&w, &alone);
    report_clear(&w.report);
    report_clear(&alone.report);
    w = walk_one_window(&b, true);
    ck_assert_uint_eq(w.report.count, x.count);
    report_clear(&w.report);
    free(b.data);
}
END_TEST

START_TEST(a_thread_finds_the_only_broken_string)
{
    static const unsigned places[] = {0, 1, 1023, 1024, 5000, LARGE_KEYS - 1};
    struct bytes b = {0};
    struct walked w;
    size_t offset = 0;

    add(&b, "REDIS0012", 9);
    for (unsigned i = 0; i < LARGE_KEYS; i++) {
        add_key(&b, 0, i);
        if (i == places[_i])
            offset = b.size;
        add_packed(&b, i, i == places[_i]);
    }
    add(&b, "\xff", 1);
    add_checksum(&b);
    w = walk_one_window(&b, false);
    ck_assert_uint_eq(w.report.count, 1);
    ck_assert_uint_eq(w.result.damage_offset, offset);
    ck_assert_uint_eq(w.result.end_offset, b.size);
    report_clear(&w.report);
    free(b.data);
}
END_TEST

static void
fill(TCase *tests)
{
    tcase_add_loop_test(tests, broken_lzf_is_told_whatever_the_checksum_says, 0,
                        8);
    tcase_add_test(tests, findings_come_in_order_whoever_judges);
    tcase_add_loop_test(tests, a_thread_finds_the_only_broken_string, 0, 6);
}

int
main(void)
{
    return run_tests("rdb_lzf", fill);
}
