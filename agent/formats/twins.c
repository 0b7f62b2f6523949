#include "formats/twins.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

/* So few are compared one by one. */
enum { FEW = 8 };

/* Digits and sign of the longest number. */
enum { DIGITS_MAX = 20 };

void
twins_begin(struct twins *t)
{
    t->count = 0;
}

static uint64_t
mix(uint64_t h)
{
    h ^= h >> 32;
    h *= UINT64_C(0xd6e8feb86659fd93);
    h ^= h >> 29;
    h *= UINT64_C(0xc2b2ae3d27d4eb4f);
    return h ^ h >> 32;
}

uint64_t
twins_hash(const void *bytes, size_t size)
{
    const unsigned char *p = bytes;
    uint64_t h = (size + 1) * UINT64_C(0x9e3779b97f4a7c15), word;

    for (; size >= 8; size -= 8, p += 8) {
        memcpy(&word, p, 8);
        h = (h ^ word) * UINT64_C(0x9fb21c651e98df25);
        h ^= h >> 35;
    }
    word = 0;
    memcpy(&word, p, size);
    return mix(h ^ word);
}

/* Takes the digits of a number, as servers write them, for the number. */
static struct packed_entry
plain(const struct packed_entry *e)
{
    struct packed_entry number = {.text = NULL};
    const unsigned char *p = e->text;
    uint64_t n = 0, size = e->size;
    bool minus;

    if (p == NULL || size == 0 || size > DIGITS_MAX)
        return *e;
    minus = *p == '-';
    if ((p[minus] == '0' && size > 1) || size == minus)
        return *e;
    for (uint64_t i = minus; i < size; i++) {
        unsigned digit = p[i] - (unsigned)'0';

        if (digit > 9 || n > (UINT64_MAX - digit) / 10)
            return *e;
        n = n * 10 + digit;
    }
    if (n > (uint64_t)INT64_MAX + minus)
        return *e;
    number.number = minus ? (int64_t)(0 - n) : (int64_t)n;
    return number;
}

static bool
is_same(const struct packed_entry *a, const struct packed_entry *b)
{
    if (a->size != b->size || (a->text == NULL) != (b->text == NULL))
        return false;
    return a->text == NULL || memcmp(a->text, b->text, a->size) == 0;
}

/* The slot of a member: its own, or an empty one. */
static uint64_t *
find_slot(struct twins *t, const struct packed_entry *e)
{
    uint64_t h = e->text == NULL ? mix((uint64_t)e->number)
                                 : twins_hash(e->text, e->size);
    size_t i = h & (t->slot_count - 1);

    for (;; i = (i + 1) & (t->slot_count - 1)) {
        uint64_t slot = t->slots[i];

        if (slot == 0 || (slot >> 32 == h >> 32 &&
                          is_same(&t->members[(uint32_t)slot - 1], e)))
            break;
    }
    if (t->slots[i] == 0)
        t->slots[i] = h >> 32 << 32;
    return &t->slots[i];
}

/* Puts the members so far into so many slots. */
static void
fill_slots(struct twins *t, size_t slot_count)
{
    t->slots = memory_resize(t->slots, slot_count, sizeof *t->slots);
    memset(t->slots, 0, slot_count * sizeof *t->slots);
    t->slot_count = slot_count;
    for (size_t i = 0; i < t->count; i++)
        *find_slot(t, &t->members[i]) |= i + 1;
}

bool
twins_add(struct twins *t, const struct packed_entry *entry)
{
    struct packed_entry e = plain(entry);
    uint64_t *slot = NULL;

    if (t->count == TWINS_MAX)
        return false;
    if (t->count < FEW) {
        for (size_t i = 0; i < t->count; i++)
            if (is_same(&t->members[i], &e))
                return true;
    } else {
        if (t->count == FEW)
            fill_slots(t, FEW * 8);
        else if (t->count * 2 >= t->slot_count)
            fill_slots(t, t->slot_count * 4);
        slot = find_slot(t, &e);
        if ((uint32_t)*slot != 0)
            return true;
        *slot |= t->count + 1;
    }
    t->members =
        memory_grow(t->members, t->count, &t->capacity, sizeof *t->members);
    t->members[t->count++] = e;
    return false;
}

void
twins_clear(struct twins *t)
{
    free(t->members);
    free(t->slots);
    *t = (struct twins){0};
}
