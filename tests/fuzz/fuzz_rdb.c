/*
 * fuzz_rdb.c - an RDB from memory, and the same bytes as a stream in small
 * pieces: no crash, and the same judgement. With a deep look: no better one.
 *
 * The checksum of nearly all inputs is wrong, but it comes last: what lies
 * before it is walked all the same.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/source.h"
#include "formats/rdb.h"
#include "formats/report.h"

struct stream {
    const unsigned char *at;
    size_t left;
    unsigned step;
};

struct keys {
    uint64_t count, last_end, sum;
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
must(bool true_always)
{
    if (!true_always)
        abort();
}

/* Pieces of 1 to 13 bytes. */
static int
deliver(void *context, void *bytes, size_t size, size_t *got, struct error *e)
{
    struct stream *s = context;
    size_t n = s->step++ % 13 + 1;

    (void)e;
    if (n > s->left)
        n = s->left;
    if (n > size)
        n = size;
    if (n > 0)
        memcpy(bytes, s->at, n);
    s->at += n;
    s->left -= n;
    *got = n;
    return 0;
}

static void
note_key(void *context, const struct rdb_key *key)
{
    struct keys *keys = context;

    must(key->offset >= keys->last_end && key->offset < key->value_offset);
    must(key->value_offset < key->end_offset);
    keys->last_end = key->end_offset;
    keys->sum = keys->sum * 31 + key->offset + key->value_offset +
                (uint64_t)key->expire_ms + key->type + key->db + key->empty;
    keys->sum += key->elements + key->uncounted + key->name_whole;
    must(key->name_size <= RDB_KEY_NAME_MAX);
    for (uint32_t i = 0; i < key->name_size; i++)
        keys->sum = keys->sum * 31 + (unsigned char)key->name[i];
    keys->count++;
}

static void
walk(struct source *s, struct report *report, struct rdb_result *result,
     struct keys *keys)
{
    struct rdb_options options = {.key_seen = note_key, .context = keys};
    struct error e = {0};

    must(rdb_walk(s, &options, report, result, &e) == 0);
    must(keys->count <= result->keys);
    must(result->verdict != VERDICT_DAMAGED || report->count > 0);
    must(result->verdict != VERDICT_SOUND || result->end_offset > 0);
    must(result->verdict != VERDICT_TORN);
}

static void
compare(const struct rdb_result *a, const struct rdb_result *b)
{
    must(a->verdict == b->verdict && a->checksum == b->checksum);
    must(a->version == b->version && a->cut_short == b->cut_short);
    must(a->keys == b->keys && a->expires == b->expires);
    must(a->empty_keys == b->empty_keys && a->modules == b->modules);
    must(a->databases == b->databases && a->created == b->created);
    must(a->end_offset == b->end_offset);
    must(a->damage_offset == b->damage_offset);
    must(strcmp(a->server, b->server) == 0);
}

static void
compare_reports(const struct report *a, const struct report *b)
{
    must(a->count == b->count && a->dropped == b->dropped);
    for (size_t i = 0; i < a->count; i++) {
        must(strcmp(a->findings[i].text, b->findings[i].text) == 0);
        must(a->findings[i].offset == b->findings[i].offset);
    }
}

/* What is bad without it is bad with it. */
static void
walk_deep(const uint8_t *data, size_t size, const struct rdb_result *plain)
{
    struct rdb_options options = {.deep = true};
    struct report report = {0};
    struct rdb_result result;
    struct error e = {0};
    struct source s;

    source_of_memory(&s, data, size);
    must(rdb_walk(&s, &options, &report, &result, &e) == 0);
    must(result.verdict == VERDICT_DAMAGED ||
         plain->verdict != VERDICT_DAMAGED);
    must(result.keys == plain->keys && result.end_offset == plain->end_offset);
    report_clear(&report);
}

static void
add_weight(void *context, const struct rdb_key *key)
{
    uint64_t *sum = context;

    must(key->memory_bytes > 0);
    *sum += key->memory_bytes + key->spare_bytes;
}

/* Weighing reads the same keys, and from a stream they weigh the same. */
static void
walk_weighed(const uint8_t *data, size_t size, const struct rdb_result *plain)
{
    struct stream stream = {.at = data, .left = size};
    uint64_t sums[2] = {0};
    struct rdb_result result;
    struct error e = {0};
    struct source s;

    for (unsigned i = 0; i < 2; i++) {
        const struct rdb_options options = {.key_seen = add_weight,
                                            .context = &sums[i],
                                            .weigh = true,
                                            .pages = size % 2 == 0};

        if (i == 0)
            source_of_memory(&s, data, size);
        else
            source_of_pull(&s, deliver, &stream, size);
        must(rdb_walk(&s, &options, NULL, &result, &e) == 0);
        must(result.keys == plain->keys &&
             result.end_offset == plain->end_offset);
        source_close(&s);
    }
    must(sums[0] == sums[1]);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct stream stream = {.at = data, .left = size};
    struct report memory_report = {0}, stream_report = {0};
    struct rdb_result of_memory, of_stream;
    struct keys memory_keys = {0}, stream_keys = {0};
    struct source s;

    source_of_memory(&s, data, size);
    walk(&s, &memory_report, &of_memory, &memory_keys);
    source_of_pull(&s, deliver, &stream, size);
    walk(&s, &stream_report, &of_stream, &stream_keys);
    source_close(&s);

    compare(&of_memory, &of_stream);
    walk_deep(data, size, &of_memory);
    walk_weighed(data, size, &of_memory);
    compare_reports(&memory_report, &stream_report);
    must(memory_keys.count == stream_keys.count);
    must(memory_keys.sum == stream_keys.sum);
    report_clear(&memory_report);
    report_clear(&stream_report);
    return 0;
}
