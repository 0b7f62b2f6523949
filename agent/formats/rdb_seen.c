#include "formats/rdb_seen.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"

/* Three passes order by the highest 33 bits, what is left is nearly ordered. */
enum {
    DIGIT_BITS = 11,
    DIGITS = 1 << DIGIT_BITS,
    LOWEST = 64 - 3 * DIGIT_BITS
};

/* Fewer are sorted by insertion. */
enum { FEW = 48 };

/* And fewer than this by qsort. */
enum { MANY = 512 };

/* All runs together are read through so many items, each through some. */
enum { MERGE_ITEMS = RDB_SEEN_MAX, RUN_ITEMS_MIN = 256 };

/* The next items of one run. */
struct run {
    uint64_t at, end; /* in the file */
    struct rdb_seen_item *items;
    size_t room, count, next;
};

struct merge {
    int fd;
    struct run *runs;
    size_t *heap; /* runs by their next item, the least first */
    size_t heap_count;
};

void
rdb_seen_begin(struct rdb_seen *s)
{
    *s = (struct rdb_seen){.fd = -1};
}

static int
compare(const void *a, const void *b)
{
    const struct rdb_seen_item *x = a, *y = b;

    if (x->hash != y->hash)
        return x->hash < y->hash ? -1 : 1;
    return x->offset < y->offset ? -1 : x->offset > y->offset;
}

static void
sort_by_digit(const struct rdb_seen_item *from, struct rdb_seen_item *to,
              size_t n, unsigned shift)
{
    size_t begins[DIGITS] = {0}, sum = 0;

    for (size_t i = 0; i < n; i++)
        begins[from[i].hash >> shift & (DIGITS - 1)]++;
    for (unsigned d = 0; d < DIGITS; d++) {
        size_t count = begins[d];

        begins[d] = sum;
        sum += count;
    }
    for (size_t i = 0; i < n; i++)
        to[begins[from[i].hash >> shift & (DIGITS - 1)]++] = from[i];
}

/* Orders those whose highest bits are the same. */
static void
sort_rest(struct rdb_seen_item *items, size_t n)
{
    for (size_t i = 0, end; i < n; i = end) {
        bool ordered = true;

        for (end = i + 1;
             end < n && items[end].hash >> LOWEST == items[i].hash >> LOWEST;
             end++)
            ordered = ordered && compare(&items[end - 1], &items[end]) <= 0;
        if (!ordered)
            qsort(items + i, end - i, sizeof *items, compare);
    }
}

static void
sort_few(struct rdb_seen_item *items, size_t n)
{
    struct rdb_seen_item item;
    size_t k;

    for (size_t i = 1; i < n; i++) {
        item = items[i];
        for (k = i; k > 0 && items[k - 1].hash > item.hash; k--)
            items[k] = items[k - 1];
        items[k] = item;
    }
}

static void
sort(struct rdb_seen *s)
{
    struct rdb_seen_item *swap;

    if (s->count < FEW) {
        sort_few(s->items, s->count);
        return;
    }
    if (s->count < MANY) {
        qsort(s->items, s->count, sizeof *s->items, compare);
        return;
    }
    if (s->scratch_count < s->capacity) {
        free(s->scratch);
        s->scratch = memory_resize(NULL, s->capacity, sizeof *s->scratch);
        s->scratch_count = s->capacity;
    }
    sort_by_digit(s->items, s->scratch, s->count, LOWEST);
    sort_by_digit(s->scratch, s->items, s->count, LOWEST + DIGIT_BITS);
    sort_by_digit(s->items, s->scratch, s->count, LOWEST + 2 * DIGIT_BITS);
    swap = s->items;
    s->items = s->scratch;
    s->scratch = swap;
    s->capacity = s->scratch_count;
    sort_rest(s->items, s->count);
}

static int
write_run(struct rdb_seen *s, struct error *e)
{
    size_t bytes = s->count * sizeof *s->items;

    sort(s);
    if (s->fd < 0 && (s->fd = file_scratch(e)) < 0)
        return -1;
    if (file_write(s->fd, s->items, bytes, e) != 0)
        return error_in(e, "the scratch file in TMPDIR");
    s->runs =
        memory_grow(s->runs, s->run_count, &s->run_capacity, sizeof *s->runs);
    s->runs[s->run_count++] = s->written;
    s->written += bytes;
    s->count = 0;
    return 0;
}

int
rdb_seen_add(struct rdb_seen *s, uint64_t hash, uint64_t offset,
             struct error *e)
{
    size_t limit = s->limit != 0 ? s->limit : RDB_SEEN_MAX;

    if (s->count >= limit && write_run(s, e) != 0)
        return -1;
    s->items = memory_grow(s->items, s->count, &s->capacity, sizeof *s->items);
    s->items[s->count++] = (struct rdb_seen_item){hash, offset};
    return 0;
}

static int
fill_run(struct merge *m, struct run *r, struct error *e)
{
    uint64_t left = r->end - r->at;
    size_t want = r->room * sizeof *r->items, got;

    if (left < want)
        want = (size_t)left;
    if (file_read_at(m->fd, r->items, want, r->at, &got, e) != 0)
        return -1;
    if (got != want)
        return error_set(e, ERROR_FAILED, "the scratch file became shorter");
    r->at += want;
    r->count = want / sizeof *r->items;
    r->next = 0;
    return 0;
}

static const struct rdb_seen_item *
next_of(const struct merge *m, size_t i)
{
    const struct run *r = &m->runs[m->heap[i]];

    return &r->items[r->next];
}

static void
sift_down(struct merge *m, size_t i)
{
    for (;;) {
        size_t least = i, left = 2 * i + 1;

        for (size_t k = left; k <= left + 1 && k < m->heap_count; k++)
            if (compare(next_of(m, k), next_of(m, least)) < 0)
                least = k;
        if (least == i)
            return;
        size_t run = m->heap[i];
        m->heap[i] = m->heap[least];
        m->heap[least] = run;
        i = least;
    }
}

/* Moves over the least item. */
static int
drop_least(struct merge *m, struct error *e)
{
    struct run *r = &m->runs[m->heap[0]];

    if (++r->next == r->count) {
        if (r->at < r->end) {
            if (fill_run(m, r, e) != 0)
                return -1;
        } else {
            m->heap[0] = m->heap[--m->heap_count];
        }
    }
    sift_down(m, 0);
    return 0;
}

static int
merge_all(struct merge *m, rdb_seen_pair *pair, void *context, struct error *e)
{
    struct rdb_seen_item last = {0}, item;
    bool first = true;

    for (; m->heap_count > 0; first = false) {
        item = *next_of(m, 0);
        if (!first && item.hash == last.hash &&
            pair(context, &last, &item, e) != 0)
            return -1;
        last = item;
        if (drop_least(m, e) != 0)
            return -1;
    }
    return 0;
}

static int
merge_runs(struct rdb_seen *s, rdb_seen_pair *pair, void *context,
           struct error *e)
{
    struct merge m = {.fd = s->fd};
    size_t room = MERGE_ITEMS / s->run_count;
    int rc = -1;

    if (room < RUN_ITEMS_MIN)
        return error_set(e, ERROR_FAILED, "too many keys to compare: %zu runs",
                         s->run_count);
    m.runs = memory_new(s->run_count * sizeof *m.runs);
    m.heap = memory_new(s->run_count * sizeof *m.heap);
    for (size_t i = 0; i < s->run_count; i++) {
        struct run *r = &m.runs[i];

        r->at = s->runs[i];
        r->end = i + 1 < s->run_count ? s->runs[i + 1] : s->written;
        r->room = room;
        r->items = memory_resize(NULL, room, sizeof *r->items);
        if (fill_run(&m, r, e) != 0)
            goto out;
        m.heap[m.heap_count++] = i;
    }
    for (size_t i = m.heap_count; i-- > 0;)
        sift_down(&m, i);
    rc = merge_all(&m, pair, context, e);

out:
    for (size_t i = 0; i < s->run_count; i++)
        free(m.runs[i].items);
    free(m.runs);
    free(m.heap);
    return rc;
}

int
rdb_seen_end(struct rdb_seen *s, rdb_seen_pair *pair, void *context,
             struct error *e)
{
    int rc = 0;

    if (s->run_count > 0) {
        if (s->count > 0 && write_run(s, e) != 0)
            return -1;
        free(s->items);
        free(s->scratch);
        s->items = s->scratch = NULL;
        s->capacity = s->scratch_count = 0;
        rc = merge_runs(s, pair, context, e);
    } else {
        sort(s);
        for (size_t i = 1; i < s->count && rc == 0; i++)
            if (s->items[i].hash == s->items[i - 1].hash)
                rc = pair(context, &s->items[i - 1], &s->items[i], e);
    }
    s->count = s->run_count = 0;
    return rc;
}

void
rdb_seen_clear(struct rdb_seen *s)
{
    free(s->items);
    free(s->scratch);
    free(s->runs);
    if (s->fd >= 0)
        close(s->fd);
    rdb_seen_begin(s);
}
