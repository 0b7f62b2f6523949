/*
 * test_rdb_bytes.h - makes RDBs byte by byte, and walks them as they come from
 * memory and from a stream that delivers a few bytes at a time.
 */
#ifndef UNIT_TEST_RDB_BYTES_H
#define UNIT_TEST_RDB_BYTES_H

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/source.h"
#include "formats/crc64.h"
#include "formats/rdb.h"
#include "formats/report.h"

enum { KEYS_MAX = 64 };

struct bytes {
    unsigned char *data;
    size_t size, capacity;
};

struct walked {
    int rc;
    struct rdb_result result;
    struct report report;
    struct error error;
    struct rdb_key keys[KEYS_MAX]; /* the first ones */
    size_t key_count;
    uint64_t offset; /* where the source stood at the end */
};

/* What a stream delivers: at most step bytes at a time. */
struct stream {
    const struct bytes *bytes;
    size_t at, step, fails_at;
};

static inline void
add(struct bytes *b, const void *data, size_t size)
{
    if (b->data == NULL || b->size + size > b->capacity) {
        b->capacity = (b->size + size) * 2;
        b->data = memory_resize(b->data, b->capacity, 1);
    }
    if (size > 0)
        memcpy(b->data + b->size, data, size);
    b->size += size;
}

static inline void
add_checksum(struct bytes *b)
{
    uint64_t crc = crc64_update(0, b->data, b->size);

    for (unsigned i = 0; i < 8; i++)
        add(b, &(unsigned char){(unsigned char)(crc >> (8 * i))}, 1);
}

/* A whole RDB around a body; magic has 9 characters. */
static inline struct bytes
make_rdb(const char *magic, const void *body, size_t size)
{
    struct bytes b = {0};

    add(&b, magic, 9);
    add(&b, body, size);
    add(&b, "\xff", 1);
    add_checksum(&b);
    /* No byte more, so that the sanitizer sees who reads behind the end. */
    b.data = memory_resize(b.data, b.size, 1);
    b.capacity = b.size;
    return b;
}

/* An RDB of one key "k" of that type with that value. */
static inline struct bytes
make_one_key(const char *magic, unsigned char type, const char *value,
             size_t size)
{
    struct bytes body = {0}, b;

    add(&body, &type, 1);
    add(&body, "\x01k", 2);
    add(&body, value, size);
    b = make_rdb(magic, body.data, body.size);
    free(body.data);
    return b;
}

static inline void
note_key(void *context, const struct rdb_key *key)
{
    struct walked *w = context;

    if (w->key_count < KEYS_MAX)
        w->keys[w->key_count] = *key;
    w->key_count++;
}

static inline int
deliver(void *context, void *bytes, size_t size, size_t *got, struct error *e)
{
    struct stream *s = context;
    size_t n = s->bytes->size - s->at;

    if (s->fails_at > 0 && s->at >= s->fails_at)
        return error_set(e, ERROR_FAILED, "the cable was pulled");
    if (n > s->step)
        n = s->step;
    if (n > size)
        n = size;
    memcpy(bytes, s->bytes->data + s->at, n);
    s->at += n;
    *got = n;
    return 0;
}

static inline void
walk_source(struct source *s, struct walked *w)
{
    struct rdb_options options = {.key_seen = note_key, .context = w};

    w->rc = rdb_walk(s, &options, &w->report, &w->result, &w->error);
    w->offset = source_offset(s);
    source_close(s);
}

static inline struct walked
walk_memory(const struct bytes *b)
{
    struct walked w = {0};
    struct source s;

    source_of_memory(&s, b->data, b->size);
    walk_source(&s, &w);
    return w;
}

static inline struct walked
walk_stream(const struct bytes *b, size_t step, bool size_known)
{
    struct stream stream = {.bytes = b, .step = step};
    struct walked w = {0};
    struct source s;

    source_of_pull(&s, deliver, &stream, size_known ? b->size : UINT64_MAX);
    walk_source(&s, &w);
    return w;
}

static inline void
assert_same_findings(const struct report *a, const struct report *b)
{
    ck_assert_uint_eq(a->count, b->count);
    for (size_t i = 0; i < a->count; i++) {
        ck_assert_str_eq(a->findings[i].text, b->findings[i].text);
        ck_assert_str_eq(a->findings[i].code, b->findings[i].code);
        ck_assert_int_eq(a->findings[i].offset, b->findings[i].offset);
    }
}

static inline void
assert_same_keys(const struct walked *a, const struct walked *b)
{
    ck_assert_uint_eq(a->key_count, b->key_count);
    for (size_t i = 0; i < a->key_count && i < KEYS_MAX; i++) {
        const struct rdb_key *k = &a->keys[i], *l = &b->keys[i];

        ck_assert_uint_eq(k->offset, l->offset);
        ck_assert_uint_eq(k->value_offset, l->value_offset);
        ck_assert_uint_eq(k->end_offset, l->end_offset);
        ck_assert_uint_eq(k->db, l->db);
        ck_assert_int_eq(k->expire_ms, l->expire_ms);
        ck_assert_uint_eq(k->type, l->type);
        ck_assert_uint_eq(k->empty, l->empty);
    }
}

static inline void
assert_same(const struct walked *a, const struct walked *b)
{
    const struct rdb_result *r = &a->result, *q = &b->result;

    ck_assert_int_eq(a->rc, b->rc);
    ck_assert_int_eq(r->verdict, q->verdict);
    ck_assert_int_eq(r->checksum, q->checksum);
    ck_assert_int_eq(r->version, q->version);
    ck_assert_uint_eq(r->cut_short, q->cut_short);
    ck_assert_uint_eq(r->keys, q->keys);
    ck_assert_uint_eq(r->expires, q->expires);
    ck_assert_uint_eq(r->empty_keys, q->empty_keys);
    ck_assert_uint_eq(r->modules, q->modules);
    ck_assert_uint_eq(r->databases, q->databases);
    ck_assert_uint_eq(r->end_offset, q->end_offset);
    ck_assert_uint_eq(r->damage_offset, q->damage_offset);
    ck_assert_str_eq(r->server, q->server);
    assert_same_findings(&a->report, &b->report);
    assert_same_keys(a, b);
}

/* Streams in small steps give what memory gives. */
static inline void
assert_same_in_steps(const struct bytes *b, const struct walked *w)
{
    for (size_t step = 1; step <= 7; step++) {
        struct walked known = walk_stream(b, step, true);

        assert_same(w, &known);
        report_clear(&known.report);
    }
}

/* However much is missing at the end, it is damage, and cut short. */
static inline void
assert_each_cut_is_found(const struct bytes *b)
{
    for (size_t size = 0; size < b->size; size++) {
        struct bytes cut = {.data = memory_new(size), .size = size};
        struct walked w, unknown;

        memcpy(cut.data, b->data, size);
        w = walk_memory(&cut);
        unknown = walk_stream(&cut, 1 + size % 7, false);
        ck_assert_int_eq(w.rc, 0);
        ck_assert_int_eq(w.result.verdict, VERDICT_DAMAGED);
        ck_assert_msg(w.result.cut_short, "cut at byte %zu", size);
        ck_assert_uint_ge(w.report.count, 1);
        assert_same(&w, &unknown);
        report_clear(&w.report);
        report_clear(&unknown.report);
        free(cut.data);
    }
}

/* The first finding of that severity; fails when there is none. */
static inline const struct finding *
find_finding(const struct report *r, enum severity severity)
{
    for (size_t i = 0; i < r->count; i++)
        if (r->findings[i].severity == severity)
            return &r->findings[i];
    ck_abort_msg("no finding of severity %s", report_severity_name(severity));
    return NULL;
}

static inline int
run_tests(const char *name, void (*fill)(TCase *))
{
    Suite *suite = suite_create(name);
    TCase *tests = tcase_create(name);
    SRunner *runner;
    int failed;

    fill(tests);
    suite_add_tcase(suite, tests);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

#endif
