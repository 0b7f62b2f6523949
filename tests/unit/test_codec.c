#include "repo/codec.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

enum { BIG = 5 << 20, SMALL = 3000, SINK_BLOCK = 128 << 10 };

/* Bytes in memory that a sink writes and a pull reads. */
struct tape {
    unsigned char *bytes;
    size_t size, capacity, at;
    size_t step;     /* the most a pull gives; 0: all */
    size_t smallest; /* of the blocks that the sink got, but the last */
    size_t last;
    const void *newest; /* what the sink got last */
    size_t fail_at;     /* the sink fails when it holds so much; 0: never */
};

static int
sink(void *context, const void *bytes, size_t size, struct error *e)
{
    struct tape *t = context;

    if (t->fail_at > 0 && t->size + size >= t->fail_at)
        return error_set(e, ERROR_FAILED, "the disk is full");
    if (t->last > 0 && (t->smallest == 0 || t->last < t->smallest))
        t->smallest = t->last;
    t->last = size;
    t->newest = bytes;
    while (t->capacity < t->size + size)
        t->bytes = memory_grow(t->bytes, t->capacity, &t->capacity, 1);
    memcpy(t->bytes + t->size, bytes, size);
    t->size += size;
    return 0;
}

static int
pull(void *context, void *bytes, size_t size, size_t *got, struct error *e)
{
    struct tape *t = context;

    (void)e;
    *got = t->size - t->at < size ? t->size - t->at : size;
    if (t->step > 0 && *got > t->step)
        *got = t->step;
    if (*got > 0)
        memcpy(bytes, t->bytes + t->at, *got);
    t->at += *got;
    return 0;
}

/* Half of it compresses, half does not. */
static unsigned char *
sample(size_t size)
{
    unsigned char *bytes = memory_new(size);
    uint32_t random = 1;

    for (size_t i = 0; i < size; i++) {
        random = random * 1664525 + 1013904223;
        bytes[i] = (i / 4096) % 2 == 0 ? (unsigned char)(i % 61)
                                       : (unsigned char)(random >> 24);
    }
    return bytes;
}

static void
compress(enum codec codec, struct tape *to, const unsigned char *bytes,
         size_t size, size_t step)
{
    struct error e = {0};
    struct codec_writer *w = codec_writer_new(codec, 3, sink, to, &e);

    ck_assert_msg(w != NULL, "%s", e.text);
    for (size_t at = 0; at < size; at += step) {
        size_t n = size - at < step ? size - at : step;

        ck_assert_msg(codec_writer_put(w, bytes + at, n, &e) == 0, "%s",
                      e.text);
    }
    ck_assert_msg(codec_writer_end(w, &e) == 0, "%s", e.text);
    codec_writer_free(w);
}

/* Reads all in steps into a block of its own; -1 and e for damage. */
static int
expand(enum codec codec, struct tape *from, size_t step, unsigned char *bytes,
       size_t room, size_t *size, struct error *e)
{
    struct codec_reader *r;
    size_t got = 1;
    int rc = 0;

    from->at = 0;
    *size = 0;
    r = codec_reader_new(codec, pull, from, e);
    ck_assert_ptr_nonnull(r);
    while (rc == 0 && got > 0) {
        size_t n = room - *size < step ? room - *size : step;

        ck_assert_msg(n > 0, "more than was put in");
        rc = codec_reader_pull(r, bytes + *size, n, &got, e);
        if (rc == 0)
            *size += got;
    }
    codec_reader_free(r);
    return rc;
}

static void
check_round_trip(enum codec codec, size_t size, size_t put, size_t step,
                 size_t get)
{
    unsigned char *in = sample(size), *out = memory_new(size + 1);
    struct tape t = {.step = step};
    struct error e = {0};
    size_t got;

    compress(codec, &t, in, size, put);
    ck_assert_msg(expand(codec, &t, get, out, size + 1, &got, &e) == 0, "%s",
                  e.text);
    ck_assert_uint_eq(got, size);
    ck_assert_int_eq(memcmp(in, out, size), 0);
    free(in);
    free(out);
    free(t.bytes);
}

START_TEST(gives_back_what_was_put_in)
{
    enum codec codec = (enum codec)_i;

    check_round_trip(codec, 0, 1, 0, 100);
    check_round_trip(codec, 1, 1, 0, 1);
    check_round_trip(codec, SMALL, 7, 1, 13);
    check_round_trip(codec, BIG, 1000001, 65537, 1 << 20);
    check_round_trip(codec, BIG, BIG, 0, 4099);
}
END_TEST

START_TEST(gives_the_sink_big_blocks)
{
    unsigned char *in = sample(BIG);
    struct tape t = {0};

    compress((enum codec)_i, &t, in, BIG, 512);
    ck_assert_uint_ge(t.smallest, SINK_BLOCK);
    free(in);
    free(t.bytes);
}
END_TEST

START_TEST(hands_big_plain_blocks_on_uncopied)
{
    unsigned char *in = sample(BIG);
    struct tape t = {0};

    compress(CODEC_NONE, &t, in, BIG, BIG);
    ck_assert_ptr_eq(t.newest, in);
    free(in);
    free(t.bytes);
}
END_TEST

START_TEST(passes_the_failure_of_the_sink_on)
{
    unsigned char *in = sample(BIG);
    struct tape t = {.fail_at = 100};
    struct error e = {0};
    struct codec_writer *w;
    int rc;

    w = codec_writer_new((enum codec)_i, 3, sink, &t, &e);
    rc = codec_writer_put(w, in, BIG, &e);
    if (rc == 0)
        rc = codec_writer_end(w, &e);
    ck_assert_int_eq(rc, -1);
    ck_assert_str_eq(e.text, "the disk is full");
    codec_writer_free(w);
    free(in);
    free(t.bytes);
}
END_TEST

START_TEST(takes_levels_beyond_what_the_codec_has)
{
    static const int levels[] = {-5, 0, 1, 19, 100};
    struct error e = {0};

    for (size_t i = 0; i < sizeof levels / sizeof *levels; i++) {
        struct tape t = {0};
        struct codec_writer *w =
            codec_writer_new((enum codec)_i, levels[i], sink, &t, &e);

        ck_assert_msg(w != NULL, "level %d: %s", levels[i], e.text);
        ck_assert_int_eq(codec_writer_put(w, "abc", 3, &e), 0);
        ck_assert_int_eq(codec_writer_end(w, &e), 0);
        codec_writer_free(w);
        free(t.bytes);
    }
}
END_TEST

START_TEST(reads_streams_one_behind_the_other)
{
    enum codec codec = (enum codec)_i;
    unsigned char *in = sample(SMALL), *out = memory_new(3 * SMALL);
    struct error e = {0};
    size_t got;

    for (size_t step = 0; step < 3; step++) {
        struct tape t = {.step = step};

        compress(codec, &t, in, SMALL, SMALL);
        compress(codec, &t, in, 0, 1);
        compress(codec, &t, in, SMALL, SMALL);
        ck_assert_msg(expand(codec, &t, 999, out, 3 * SMALL, &got, &e) == 0,
                      "%s", e.text);
        ck_assert_uint_eq(got, 2 * SMALL);
        ck_assert_int_eq(memcmp(out, in, SMALL), 0);
        ck_assert_int_eq(memcmp(out + SMALL, in, SMALL), 0);
        free(t.bytes);
    }
    free(in);
    free(out);
}
END_TEST

START_TEST(calls_a_stream_cut_anywhere_damaged)
{
    enum codec codec = (enum codec)_i;
    unsigned char *in = sample(SMALL), *out = memory_new(2 * SMALL);
    struct tape t = {0};
    struct error e = {0};
    size_t got, whole;

    compress(codec, &t, in, SMALL, SMALL);
    whole = t.size;
    for (t.size = 0; t.size < whole; t.size++) {
        ck_assert_int_eq(expand(codec, &t, 500, out, 2 * SMALL, &got, &e), -1);
        ck_assert_int_eq(e.kind, ERROR_DAMAGED);
    }
    free(in);
    free(out);
    free(t.bytes);
}
END_TEST

START_TEST(calls_what_follows_a_stream_damage)
{
    static const char *const tails[] = {"", "\1", "\1\2\3\4", "garbage bytes"};
    enum codec codec = (enum codec)_i;
    unsigned char *in = sample(SMALL), *out = memory_new(2 * SMALL);
    struct error e = {0};
    size_t got;

    for (size_t i = 0; i < sizeof tails / sizeof *tails; i++) {
        struct tape t = {0};

        compress(codec, &t, in, SMALL, SMALL);
        /* A tail of one NUL for the first: padding is garbage too. */
        sink(&t, tails[i], i == 0 ? 1 : strlen(tails[i]), &e);
        ck_assert_int_eq(expand(codec, &t, SMALL, out, 2 * SMALL, &got, &e),
                         -1);
        ck_assert_int_eq(e.kind, ERROR_DAMAGED);
        free(t.bytes);
    }
    free(in);
    free(out);
}
END_TEST

START_TEST(never_gives_back_other_bytes_than_were_put_in)
{
    enum codec codec = (enum codec)_i;
    unsigned char *in = sample(SMALL), *out = memory_new(2 * SMALL);
    struct tape t = {0};
    struct error e = {0};
    size_t got, seen = 0;

    compress(codec, &t, in, SMALL, SMALL);
    for (size_t i = 0; i < t.size; i++) {
        t.bytes[i] ^= 0x10;
        if (expand(codec, &t, SMALL + 1, out, 2 * SMALL, &got, &e) != 0) {
            ck_assert_int_eq(e.kind, ERROR_DAMAGED);
            seen++;
        } else {
            ck_assert_uint_eq(got, SMALL);
            ck_assert_int_eq(memcmp(in, out, SMALL), 0);
        }
        t.bytes[i] ^= 0x10;
    }
    /* A bit that means nothing may turn (gzip: time and system). */
    ck_assert_uint_ge(seen, t.size - 8);
    free(in);
    free(out);
    free(t.bytes);
}
END_TEST

/* RFC 8878, 3.1.1: one raw block 'a' behind a window of 2^27 and 2^28. */
START_TEST(bounds_the_window)
{
    unsigned char frame[] = {0x28,    0xb5, 0x2f, 0xfd, 0x00,
                             17 << 3, 0x09, 0x00, 0x00, 'a'};
    unsigned char out[8];
    struct tape t = {.bytes = frame, .size = sizeof frame};
    struct error e = {0};
    size_t got;

    ck_assert_msg(expand(CODEC_ZSTD, &t, 8, out, 8, &got, &e) == 0, "%s",
                  e.text);
    ck_assert_uint_eq(got, 1);
    frame[5] = 18 << 3;
    ck_assert_int_eq(expand(CODEC_ZSTD, &t, 8, out, 8, &got, &e), -1);
    ck_assert_str_eq(e.text, "the zstd stream is damaged (Frame requires too "
                             "much memory for decoding)");
}
END_TEST

static const struct {
    enum codec codec;
    const char *text;
} empty[] = {
    {CODEC_ZSTD, "the zstd stream is empty, expected a frame"},
    {CODEC_GZIP, "the gzip stream is empty, expected a member"},
};

START_TEST(calls_nothing_at_all_damaged)
{
    struct tape t = {0};
    struct error e = {0};
    unsigned char out[8];
    size_t got;

    ck_assert_int_eq(expand(empty[_i].codec, &t, 8, out, 8, &got, &e), -1);
    ck_assert_str_eq(e.text, empty[_i].text);
}
END_TEST

START_TEST(knows_its_names)
{
    enum codec codec = CODEC_NONE;

    ck_assert(codec_find("zstd", &codec) && codec == CODEC_ZSTD);
    ck_assert(codec_find("gzip", &codec) && codec == CODEC_GZIP);
    ck_assert(codec_find("none", &codec) && codec == CODEC_NONE);
    ck_assert(!codec_find("lz4", &codec) && codec == CODEC_NONE);
    ck_assert_str_eq(codec_name(CODEC_GZIP), "gzip");
    ck_assert_str_eq(codec_suffix(CODEC_ZSTD), ".zst");
    ck_assert_str_eq(codec_suffix(CODEC_GZIP), ".gz");
    ck_assert_str_eq(codec_suffix(CODEC_NONE), "");
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("codec");
    TCase *cases = tcase_create("codec");
    SRunner *runner;
    int failed;

    tcase_set_timeout(cases, 60);
    tcase_add_loop_test(cases, gives_back_what_was_put_in, 0, 3);
    tcase_add_loop_test(cases, gives_the_sink_big_blocks, 0, 3);
    tcase_add_test(cases, hands_big_plain_blocks_on_uncopied);
    tcase_add_loop_test(cases, passes_the_failure_of_the_sink_on, 0, 3);
    tcase_add_loop_test(cases, takes_levels_beyond_what_the_codec_has, 0, 3);
    tcase_add_loop_test(cases, reads_streams_one_behind_the_other, 0, 3);
    tcase_add_loop_test(cases, calls_a_stream_cut_anywhere_damaged, CODEC_GZIP,
                        CODEC_ZSTD + 1);
    tcase_add_loop_test(cases, calls_what_follows_a_stream_damage, CODEC_GZIP,
                        CODEC_ZSTD + 1);
    tcase_add_loop_test(cases, never_gives_back_other_bytes_than_were_put_in,
                        CODEC_GZIP, CODEC_ZSTD + 1);
    tcase_add_test(cases, bounds_the_window);
    tcase_add_loop_test(cases, calls_nothing_at_all_damaged, 0, 2);
    tcase_add_test(cases, knows_its_names);
    suite_add_tcase(suite, cases);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
