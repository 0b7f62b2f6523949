/*
 * fuzz_salvage.c - any bytes as an RDB that is to be mended: what comes out is
 * sound, is not mended again, and what is sound comes out as it is. Then as an
 * AOF: what comes out is not mended again.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/source.h"
#include "formats/aof_salvage.h"
#include "formats/mend.h"
#include "formats/rdb.h"
#include "formats/rdb_salvage.h"
#include "formats/report.h"

struct bytes {
    unsigned char *data;
    size_t size, capacity;
};

struct mended {
    struct bytes out;
    uint64_t end, keys;
    bool changed;
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
must(bool true_always)
{
    if (!true_always)
        abort();
}

static int
take(void *context, const void *bytes, size_t size, struct error *e)
{
    struct bytes *b = context;

    (void)e;
    if (b->size + size > b->capacity) {
        b->capacity = (b->size + size) * 2;
        b->data = memory_resize(b->data, b->capacity, 1);
    }
    memcpy(b->data + b->size, bytes, size);
    b->size += size;
    return 0;
}

/* False: refused. */
static bool
mend(const uint8_t *data, size_t size, bool aof, struct mended *made)
{
    static const struct aof_options options;
    struct error e = {0};
    struct source s;
    struct mend m;
    int rc;

    *made = (struct mended){0};
    source_of_memory(&s, data, size);
    mend_begin(&m, &s, take, &made->out);
    rc = aof ? aof_salvage(&s, &options, &m, &e) : rdb_salvage(&s, &m, &e);
    if (rc == 0)
        rc = mend_end(&m, &e);
    must(rc == 0 || e.kind == ERROR_REFUSED);
    must(rc != 0 || made->out.size == m.size_bytes);
    for (size_t i = 0; rc == 0 && i < m.count; i++)
        must(m.losses[i].offset + m.losses[i].size_bytes <= size);
    made->end = source_offset(&s);
    made->keys = m.keys;
    made->changed = m.changed;
    mend_clear(&m);
    return rc == 0;
}

static struct rdb_result
walk(const uint8_t *data, size_t size)
{
    struct rdb_options options = {.deep = true};
    struct rdb_result result;
    struct error e = {0};
    struct source s;

    source_of_memory(&s, data, size);
    must(rdb_walk(&s, &options, NULL, &result, &e) == 0);
    return result;
}

static void
mend_rdb(const uint8_t *data, size_t size)
{
    struct rdb_result before = walk(data, size), after;
    struct mended made, again;

    if (!mend(data, size, false, &made)) {
        free(made.out.data);
        return;
    }
    after = walk(made.out.data, made.out.size);
    must(after.verdict == VERDICT_SOUND && after.keys == made.keys);
    must(after.end_offset == made.out.size);
    if (before.verdict == VERDICT_SOUND)
        must(made.end == before.end_offset &&
             made.out.size == before.end_offset &&
             memcmp(made.out.data, data, made.out.size) == 0);
    must(mend(made.out.data, made.out.size, false, &again));
    must(!again.changed && again.keys == made.keys);
    free(again.out.data);
    free(made.out.data);
}

static void
mend_aof(const uint8_t *data, size_t size)
{
    struct mended made, again = {0};

    if (mend(data, size, true, &made)) {
        must(mend(made.out.data, made.out.size, true, &again));
        must(!again.changed);
    }
    free(again.out.data);
    free(made.out.data);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    mend_rdb(data, size);
    mend_aof(data, size);
    return 0;
}
