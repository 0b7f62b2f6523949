#include "formats/mend_set_base.h"

/* Servers take the time of an annotation from a clock that lags a bit. */
enum { CLOCK_LAG_S = 1 };

enum side { BEFORE, UNSURE, LIKELY_AFTER, AFTER };

/*
 * Where the writes of an incr lie, seen from when a base was made. Annotations
 * are content; the time of a file may be that of its copy, and so can only be
 * too late.
 */
static enum side
find_side(const struct mend_set_content *incr, int64_t created)
{
    int64_t last = incr->last_time >= 0 ? incr->last_time : incr->mtime;

    if (created < 0 || incr->size_bytes == 0)
        return UNSURE;
    if (last < created)
        return BEFORE;
    if (incr->first_time > created)
        return AFTER;
    if (incr->first_time >= 0)
        return incr->first_time < created - CLOCK_LAG_S && last == created
                   ? BEFORE
                   : UNSURE;
    return last > created + CLOCK_LAG_S ? LIKELY_AFTER : UNSURE;
}

/*
 * How many of the first incrs a base of that time holds already. An incr that
 * ended in the second in which the base was begun is in it if there is a next
 * one: that was opened by this rewrite.
 */
static size_t
count_contained(const struct mend_set_order *order, int64_t created)
{
    size_t first = 0;

    for (size_t i = 0; i < order->incr_count; i++) {
        const struct mend_set_content *c = &order->incrs[i]->content;
        enum side side = find_side(c, created);

        if (side >= LIKELY_AFTER)
            break;
        if (side == BEFORE || (side == UNSURE && created >= 0 &&
                               c->size_bytes > 0 && i + 1 < order->incr_count))
            first = i + 1;
    }
    return first;
}

static size_t
count_lower(const struct mend_set_order *order, int64_t seq)
{
    size_t first = 0;

    while (first < order->incr_count && order->incrs[first]->seq < seq)
        first++;
    return first;
}

/*
 * Whether the incrs show that a rewrite ended with this base: some are before
 * it, some behind. *first: how many are before.
 */
static enum mend_set_reason
find_rewrite(const struct mend_set_order *order,
             const struct mend_set_file *base, size_t *first)
{
    const struct mend_set_content *c = &base->content;

    *first = count_contained(order, c->created);
    if (*first > 0)
        return MEND_SET_BY_TIMES;
    if (order->incr_count > 0 &&
        find_side(&order->incrs[0]->content, c->created) == AFTER)
        return MEND_SET_BY_TIMES;
    *first = count_lower(order, base->seq);
    return *first > 0 && *first < order->incr_count ? MEND_SET_BY_NUMBERS
                                                    : MEND_SET_BY_NONE;
}

static bool
is_whole(const struct mend_set_file *f)
{
    return f->content.size_bytes > 0 && f->content.verdict != VERDICT_DAMAGED;
}

/* A file that may be the base, once those that are named have gone first. */
static bool
is_candidate(const struct mend_set_file *f, bool listed)
{
    return mend_set_files_is_usable(f) && mend_set_files_is_base(f) &&
           f->content.size_bytes > 0 && (f->listed != 0 || !listed);
}

static size_t
count_candidates(const struct mend_set_files *v, bool listed, bool whole)
{
    size_t count = 0;

    for (size_t i = 0; i < v->count; i++)
        if (is_candidate(&v->files[i], listed) &&
            (!whole || is_whole(&v->files[i])))
            count++;
    return count;
}

/* The newest that a rewrite is seen to have ended with, else the oldest. */
static struct mend_set_file *
choose_among(struct mend_set_order *order, struct mend_set_files *v,
             bool listed, bool whole, size_t *first)
{
    struct mend_set_file *f = NULL;

    for (size_t i = v->count; i > 0; i--) {
        if (!is_candidate(&v->files[i - 1], listed) ||
            (whole && !is_whole(&v->files[i - 1])))
            continue;
        f = &v->files[i - 1];
        order->reason = find_rewrite(order, f, first);
        if (order->reason != MEND_SET_BY_NONE)
            return f;
    }
    if (f == NULL)
        return NULL;
    order->reason = MEND_SET_BY_AGE;
    *first = count_contained(order, f->content.created);
    return f;
}

/* *first: how many of the first incrs it holds already. */
struct mend_set_file *
mend_set_base_choose(struct mend_set_order *order, struct mend_set_files *v,
                     size_t *first)
{
    bool listed = count_candidates(v, true, false) > 0;
    size_t all = count_candidates(v, listed, false);
    size_t whole = count_candidates(v, listed, true);
    struct mend_set_file *base;

    *first = 0;
    base = choose_among(order, v, listed, whole > 0, first);
    if (base == NULL)
        return NULL;
    if (all == 1)
        order->reason = listed ? MEND_SET_BY_LINE : MEND_SET_BY_ALONE;
    else if (whole == 1)
        order->reason = MEND_SET_BY_WHOLE;
    /* Without a rival nobody asks the numbers. */
    if (all == 1)
        *first = count_contained(order, base->content.created);
    base->guess = order->reason >= MEND_SET_BY_NUMBERS ||
                  (order->base_gone && base->listed == 0);
    return base;
}

bool
mend_set_base_is_before(const struct mend_set_file *incr,
                        const struct mend_set_file *base)
{
    return find_side(&incr->content, base->content.created) == BEFORE;
}
