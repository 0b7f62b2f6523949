/*
 * fuzz_packed.c - every packed structure and LZF from the same bytes: no
 * crash, entries that lie inside, and one answer from two ways to ask.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "formats/intset.h"
#include "formats/listpack.h"
#include "formats/lzf.h"
#include "formats/stream_listpack.h"
#include "formats/twins.h"
#include "formats/ziplist.h"
#include "formats/zipmap.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
must(bool true_always)
{
    if (!true_always)
        abort();
}

static void
walk(struct packed *p, packed_next *next)
{
    const unsigned char *last = p->at;
    struct twins twins = {0};
    struct packed_entry e;
    uint64_t seen = 0;

    while (next(p, &e)) {
        must(p->at > last && p->at < p->end && p->seen == ++seen);
        if (e.text != NULL)
            must(e.text >= p->bytes && e.size <= (size_t)(p->end - e.text));
        twins_add(&twins, &e);
        must(twins_add(&twins, &e));
        last = p->at;
    }
    twins_clear(&twins);
}

static void
walk_all(const unsigned char *data, size_t size)
{
    unsigned char last = size > 0 ? data[size - 1] : 0;
    struct packed p;
    int64_t live;

    if (listpack_check_head(data, size, last) == NULL) {
        listpack_begin(&p, data, size);
        walk(&p, listpack_next);
        stream_listpack_check(data, size, &live);
    }
    if (ziplist_check_head(data, size, last) == NULL) {
        ziplist_begin(&p, data, size);
        walk(&p, ziplist_next);
    }
    if (size >= ZIPMAP_MIN) {
        zipmap_begin(&p, data, size);
        walk(&p, zipmap_next);
    }
    if (intset_check_head(data, size) == NULL)
        intset_check_order(data);
}

static void
unpack(const unsigned char *data, size_t size)
{
    struct lzf l = {0};
    bool whole = lzf_walk(&l, data, data + size) == data + size && !l.broken &&
                 l.pending == 0;
    struct lzf_string strings[5];
    unsigned char *out, *copy;

    if (l.made > 1 << 20 || size == 0)
        return;
    out = malloc((size_t)l.made + 1);
    must(lzf_unpack_whole(data, size, out, (size_t)l.made) == whole);
    copy = malloc(size + LZF_BEHIND);
    memcpy(copy, data, size);
    memset(copy + size, 0xff, LZF_BEHIND);
    for (size_t i = 0; i < 5; i++)
        strings[i] = (struct lzf_string){copy, copy + size, l.made};
    must(lzf_check(strings, 5) == whole);
    free(copy);
    lzf_unpack(data, size, out, (size_t)l.made / 2);
    free(out);
}

/* A structure whose size is right, that the inside is reached. */
static void
mend_size(unsigned char *copy, size_t size)
{
    for (unsigned i = 0; i < 4 && size >= ZIPLIST_MIN; i++)
        copy[i] = (unsigned char)(size >> (8 * i));
    if (size > 0)
        copy[size - 1] = 0xff;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    unsigned char *copy = malloc(size + (size == 0));

    memcpy(copy, data, size);
    walk_all(copy, size);
    unpack(copy, size);
    mend_size(copy, size);
    walk_all(copy, size);
    free(copy);
    return 0;
}
