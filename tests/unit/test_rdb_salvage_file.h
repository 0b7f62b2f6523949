/*
 * test_rdb_salvage_file.h - a file of some keys that is hurt, and what comes
 * out when it is mended.
 */
#ifndef UNIT_TEST_RDB_SALVAGE_FILE_H
#define UNIT_TEST_RDB_SALVAGE_FILE_H

#include <stdio.h>

#include "formats/rdb_salvage.h"
#include "test_rdb_bytes.h"

enum { FILE_KEYS = 40 };

struct salvaged {
    int rc;
    struct mend mend;
    struct error error;
    struct bytes out;
    uint64_t offset; /* where the source stood at the end */
};

static inline int
take(void *context, const void *bytes, size_t size, struct error *e)
{
    (void)e;
    add(context, bytes, size);
    return 0;
}

static inline struct salvaged
salvage(const struct bytes *b)
{
    struct salvaged s = {0};
    struct source source;

    source_of_memory(&source, b->data, b->size);
    mend_begin(&s.mend, &source, take, &s.out);
    s.rc = rdb_salvage(&source, &s.mend, &s.error);
    if (s.rc == 0)
        s.rc = mend_end(&s.mend, &s.error);
    s.offset = source_offset(&source);
    return s;
}

static inline void
clear(struct salvaged *s)
{
    mend_clear(&s->mend);
    free(s->out.data);
}

/* A key as the file has it: 7 bytes of name, 8 of value, expiries now and
 * then, and a strong value now and then. */
static inline void
add_key(struct bytes *b, unsigned i)
{
    char name[16];

    snprintf(name, sizeof name, "user:%02u", i);
    if (i % 5 == 3)
        add(b, "\xfc\x00\x40\x50\x8f\x8f\x01\x00\x00", 9);
    if (i % 4 == 2)
        add(b, "\x0b\x07", 2);
    else
        add(b, "\x00\x07", 2);
    add(b, name, 7);
    if (i % 4 == 2)
        add(b, "\x0c\2\0\0\0\2\0\0\0\1\0\2\0", 13);
    else
        add(b, "\x08value-is", 9);
}

/* offsets[i] is where key i begins, offsets[FILE_KEYS] the end mark. */
static inline struct bytes
make_file(size_t offsets[FILE_KEYS + 1])
{
    struct bytes b = {0};

    add(&b, "REDIS0011\xfe\x00\xfb\x28\x08", 14);
    for (unsigned i = 0; i < FILE_KEYS; i++) {
        offsets[i] = b.size;
        add_key(&b, i);
    }
    offsets[FILE_KEYS] = b.size;
    add(&b, "\xff", 1);
    add_checksum(&b);
    return b;
}

/* Walks what came out; it must be sound. */
static inline struct walked
walk_out(const struct salvaged *s)
{
    struct rdb_options options = {.key_seen = note_key, .deep = true};
    struct walked w = {0};
    struct source source;

    options.context = &w;
    source_of_memory(&source, s->out.data, s->out.size);
    ck_assert_int_eq(
        rdb_walk(&source, &options, &w.report, &w.result, &w.error), 0);
    if (w.result.verdict != VERDICT_SOUND)
        ck_abort_msg("%s", w.report.findings[0].text);
    ck_assert_uint_eq(w.result.end_offset, s->out.size);
    return w;
}

/* Whether the key is byte for byte one of the original, but for those. */
static inline bool
is_original(const struct salvaged *s, const struct rdb_key *key,
            const struct bytes *original, const size_t *offsets, unsigned from,
            unsigned to)
{
    for (unsigned i = 0; i < FILE_KEYS; i++) {
        size_t size = offsets[i + 1] - offsets[i];

        if ((i < from || i >= to) && key->end_offset - key->offset == size &&
            memcmp(s->out.data + key->offset, original->data + offsets[i],
                   size) == 0)
            return true;
    }
    return false;
}

/* All keys but [from, to), and no more than were there: of a changed byte in a
 * name nobody can know. */
static inline void
assert_all_but(const struct salvaged *s, const struct bytes *original,
               const size_t offsets[FILE_KEYS + 1], unsigned from, unsigned to)
{
    struct walked w = walk_out(s);
    unsigned found = 0;

    for (size_t i = 0; i < w.key_count; i++)
        found += is_original(s, &w.keys[i], original, offsets, from, to);
    ck_assert_uint_eq(found, FILE_KEYS - (to - from));
    ck_assert_uint_le(w.key_count, FILE_KEYS);
    report_clear(&w.report);
}

#endif
