#include <stdlib.h>

#include "base/memory.h"
#include "jobs/verify.h"

void
verify_choose(struct verify_choice *v, const struct catalog_item *item)
{
    for (size_t i = 0; i < v->count; i++)
        if (v->items[i] == item)
            return;
    v->items = memory_resize(v->items, v->count + 1, sizeof(void *));
    v->items[v->count++] = item;
}

void
verify_choose_all(struct verify_choice *v, const struct catalog *c)
{
    for (size_t i = 0; i < c->count; i++)
        verify_choose(v, &c->items[i]);
}

static bool
is_broken(const struct catalog_item *item)
{
    return item->broken.kind != ERROR_NONE;
}

void
verify_choose_newest(struct verify_choice *v, const struct catalog *c)
{
    const struct catalog_item *newest = NULL;

    for (size_t i = 0; i < c->count; i++)
        if (is_broken(&c->items[i]))
            verify_choose(v, &c->items[i]);
        else
            newest = &c->items[i];
    if (newest != NULL)
        verify_choose(v, newest);
}

struct candidate {
    const struct catalog_item *item;
    int64_t right_ms; /* -2, -1: of those that come first */
};

static int
compare(const void *a, const void *b)
{
    const struct candidate *x = a, *y = b;

    if (x->right_ms != y->right_ms)
        return x->right_ms < y->right_ms ? -1 : 1;
    return x->item < y->item ? -1 : x->item > y->item; /* as in the catalog */
}

static struct candidate *
sort(const struct catalog *c, int64_t now_ms)
{
    struct candidate *all = memory_new((c->count + 1) * sizeof *all);

    for (size_t i = 0; i < c->count; i++) {
        const struct catalog_item *item = &c->items[i];
        int64_t right_ms = catalog_proven_ms(&item->entry);

        if (is_broken(item))
            right_ms = -2;
        else if (item->entry.failed)
            right_ms = -1;
        else if (right_ms > now_ms) /* by a clock that was ahead */
            right_ms = 0;
        all[i] = (struct candidate){item, right_ms};
    }
    qsort(all, c->count, sizeof *all, compare);
    return all;
}

void
verify_choose_sample(struct verify_choice *v, const struct catalog *c,
                     double percent, int64_t now_ms)
{
    struct candidate *all = sort(c, now_ms);
    double wanted = 0, taken = 0;

    for (size_t i = 0; i < c->count; i++)
        wanted += (double)c->items[i].entry.archive.size_bytes * percent / 100;
    for (size_t i = 0; i < c->count && taken < wanted; i++) {
        verify_choose(v, all[i].item);
        /* Else those would be read for ever, and no other. */
        if (all[i].right_ms >= 0)
            taken += (double)all[i].item->entry.archive.size_bytes;
    }
    free(all);
}

void
verify_choice_clear(struct verify_choice *v)
{
    free(v->items);
    *v = (struct verify_choice){0};
}
