#include "formats/heavy.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "formats/twins.h"

enum { SLOTS = 2 * HEAVY_ENTRIES };

/* Names made to collide shall not cost more than this each. */
enum { PROBES_MAX = 64 };

/* So many entries tell what half of all weigh less than. */
enum { SAMPLE = 256 };

static uint64_t
upper(const struct heavy_entry *e)
{
    return e->weight + e->missed;
}

/* The slot of a name, or a free one for it; NULL: none is near enough. */
static uint16_t *
find_slot(const struct heavy *h, const char *name, size_t size, uint32_t hash)
{
    for (size_t i = 0; i < PROBES_MAX; i++) {
        uint16_t *slot = &h->slots[(hash + i) & (SLOTS - 1)];
        const struct heavy_entry *e = &h->entries[*slot == 0 ? 0 : *slot - 1];

        if (*slot == 0 || (e->hash == hash && e->size == size &&
                           memcmp(e->name, name, size) == 0))
            return slot;
    }
    return NULL;
}

static int
compare_numbers(const void *a, const void *b)
{
    const uint64_t *x = a, *y = b;

    return (*x > *y) - (*x < *y);
}

/* About what half of the entries weigh, at most. */
static uint64_t
find_middle(const struct heavy *h)
{
    uint64_t sample[SAMPLE];

    for (size_t i = 0; i < SAMPLE; i++)
        sample[i] = upper(&h->entries[i * (HEAVY_ENTRIES / SAMPLE)]);
    qsort(sample, SAMPLE, sizeof *sample, compare_numbers);
    return sample[SAMPLE / 2];
}

static void
drop(struct heavy *h, const struct heavy_entry *e)
{
    if (upper(e) > h->gone)
        h->gone = upper(e);
}

/* Drops the lighter ones; the others take their slots anew. */
static void
make_room(struct heavy *h)
{
    uint64_t middle = find_middle(h);
    size_t count = h->count;

    memset(h->slots, 0, SLOTS * sizeof *h->slots);
    h->count = 0;
    for (size_t i = 0; i < count; i++) {
        struct heavy_entry e = h->entries[i];
        uint16_t *slot = NULL;

        if (upper(&e) > middle)
            slot = find_slot(h, e.name, e.size, e.hash);
        if (slot == NULL) {
            drop(h, &e);
            continue;
        }
        h->entries[h->count++] = e;
        *slot = (uint16_t)h->count;
    }
}

void
heavy_add(struct heavy *h, const char *name, size_t size, uint64_t weight)
{
    struct heavy_entry *e;
    uint16_t *slot;
    uint32_t hash;

    if (size > HEAVY_NAME_MAX)
        size = HEAVY_NAME_MAX;
    if (h->slots == NULL) {
        h->entries = memory_new(HEAVY_ENTRIES * sizeof *h->entries);
        h->slots = memory_new(SLOTS * sizeof *h->slots);
    }
    hash = (uint32_t)twins_hash(name, size);
    slot = find_slot(h, name, size, hash);
    if (slot != NULL && *slot == 0 && h->count == HEAVY_ENTRIES) {
        make_room(h);
        slot = find_slot(h, name, size, hash);
    }
    if (slot == NULL) {
        h->skipped += weight;
        return;
    }
    if (*slot == 0) {
        *slot = (uint16_t)(++h->count);
        e = &h->entries[h->count - 1];
        *e = (struct heavy_entry){.missed = h->gone + h->skipped,
                                  .hash = hash,
                                  .size = (uint8_t)size};
        memcpy(e->name, name, size);
    }
    e = &h->entries[*slot - 1];
    e->weight += weight;
    e->count++;
}

static int
compare_entries(const void *a, const void *b)
{
    const struct heavy_entry *x = a, *y = b;
    size_t least = x->size < y->size ? x->size : y->size;
    int order;

    if (x->weight != y->weight)
        return x->weight > y->weight ? -1 : 1;
    order = memcmp(x->name, y->name, least);
    return order != 0 ? order : (int)x->size - (int)y->size;
}

/* Those of which more may be missing than was seen tell nothing. */
static void
drop_vague(struct heavy *h)
{
    size_t count = h->count;

    h->count = 0;
    for (size_t i = 0; i < count; i++)
        if (h->entries[i].missed > h->entries[i].weight)
            drop(h, &h->entries[i]);
        else
            h->entries[h->count++] = h->entries[i];
}

void
heavy_end(struct heavy *h, size_t most)
{
    free(h->slots);
    h->slots = NULL;
    drop_vague(h);
    if (h->count > 0)
        qsort(h->entries, h->count, sizeof *h->entries, compare_entries);
    for (size_t i = most; i < h->count; i++)
        drop(h, &h->entries[i]);
    if (h->count > most)
        h->count = most;
    if (h->count > 0)
        h->entries = memory_resize(h->entries, h->count, sizeof *h->entries);
}

uint64_t
heavy_unseen(const struct heavy *h)
{
    return h->gone + h->skipped;
}

void
heavy_clear(struct heavy *h)
{
    free(h->entries);
    free(h->slots);
    *h = (struct heavy){0};
}
