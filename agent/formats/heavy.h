/*
 * heavy.h - which of many names weigh most, in bounded memory: 2 MiB however
 * many there are.
 *
 * While there is room all are counted. Then the lighter half goes, and the most
 * that one of these may have weighed is remembered: a name that comes later may
 * have been among them. So each weighs at least `weight`, and at most that
 * and `missed`; and none that is not told weighs more than heavy_unseen().
 */
#ifndef FORMATS_HEAVY_H
#define FORMATS_HEAVY_H

#include <stddef.h>
#include <stdint.h>

/* Of longer names so many bytes count. */
enum { HEAVY_NAME_MAX = 63 };

enum { HEAVY_ENTRIES = 1 << 14 };

struct heavy_entry {
    uint64_t weight, missed, count;
    uint32_t hash;
    uint8_t size;
    char name[HEAVY_NAME_MAX]; /* not terminated */
};

struct heavy {
    struct heavy_entry *entries;
    uint16_t *slots; /* 1 + index; NULL before the first name */
    size_t count;
    uint64_t gone;    /* the most that one of those gone may have weighed */
    uint64_t skipped; /* weight that found no place */
};

/* Begins empty: struct heavy h = {0}. Counts a name once more. */
void heavy_add(struct heavy *h, const char *name, size_t size, uint64_t weight);

/* Sorts, heaviest first, and keeps at most so many, and none of which more may
 * be missing than was counted; nothing can be added. */
void heavy_end(struct heavy *h, size_t most);

/* The most that a name may weigh that was not kept; 0: all were. After
 * heavy_end, what that dropped is part of it. */
uint64_t heavy_unseen(const struct heavy *h);

void heavy_clear(struct heavy *h);

#endif
