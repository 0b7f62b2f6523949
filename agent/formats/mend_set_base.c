#include "formats/mend_set_base.h"

/* Servers take the time of an annotation from a clock that lags a bit. */
enum { CLOCK_LAG_S = 1 };

enum side { BEFORE, UNSURE, LIKELY_AFTER, AFTER };

/* By annotations, which are content: an incr ends where its base begins. */
static enum side
find_side_by_content(const struct mend_set_content *incr, int64_t created)
{
    bool early = incr->first_time < created - CLOCK_LAG_S;

    if (incr->last_time > created)
        return early ? UNSURE : AFTER;
    return early || incr->last_time < created ? BEFORE : UNSURE;
}

/*
 * Where the writes of an incr lie, seen from when a base was made. The time of
 * a file may be that of its copy, and so can only be too late.
 */
static enum side
find_side(const struct mend_set_content *incr,
          const struct mend_set_content *base)
{
    int64_t created = base->created, last = mend_set_files_last_write(incr);

    if (incr->size_bytes == 0)
        return UNSURE;
    if (created >= 0 && incr->last_time >= 0)
        return find_side_by_content(incr, created);
    if (created >= 0 && last < created)
        return BEFORE;
    if (created >= 0 && last > created + CLOCK_LAG_S)
        return LIKELY_AFTER;
    /* Behind the end of the rewrite is behind its beginning. */
    return incr->mtime_ns > base->mtime_ns ? LIKELY_AFTER : UNSURE;
}

/*
 * How many of the first incrs a base holds already. One that ended in the
 * second in which the base was begun is in it if there is a next one: that was
 * opened by this rewrite. Before the first base there was nothing.
 */
static size_t
count_contained(const struct mend_set_order *order,
                const struct mend_set_file *base)
{
    bool opens = base->seq != 1 && base->content.created >= 0;
    size_t first = 0;

    for (size_t i = 0; i < order->incr_count; i++) {
        const struct mend_set_content *c = &order->incrs[i]->content;
        enum side side = find_side(c, &base->content);

        if (side >= LIKELY_AFTER)
            break;
        if (side == BEFORE ||
            (opens && c->size_bytes > 0 && i + 1 < order->incr_count))
            first = i + 1;
    }
    return first;
}

/* How many incrs have lower numbers; 0 if all have. */
static size_t
count_lower(const struct mend_set_order *order,
            const struct mend_set_file *base)
{
    size_t first = 0;

    while (first < order->incr_count && order->incrs[first]->seq < base->seq)
        first++;
    return first < order->incr_count ? first : 0;
}

/*
 * The same by the times of the files: of a base of commands without annotations
 * only the end is known. 0 if all were written before that.
 */
static size_t
count_earlier(const struct mend_set_order *order,
              const struct mend_set_file *base)
{
    size_t first = 0;

    while (first < order->incr_count &&
           order->incrs[first]->content.mtime_ns <= base->content.mtime_ns)
        first++;
    return first < order->incr_count && base->content.created < 0 ? first : 0;
}

/*
 * Whether the incrs show that a rewrite ended with this base: some are before
 * it, some behind. Of the newest base it is enough that the first incr is
 * behind it, and in step, as numbers are while no rewrite fails. *first: how
 * many are before.
 */
static enum mend_set_reason
find_rewrite(const struct mend_set_order *order,
             const struct mend_set_file *base, bool newest, size_t *first)
{
    enum side side = UNSURE;

    if (order->incr_count > 0 && newest)
        side = find_side(&order->incrs[0]->content, &base->content);
    *first = count_contained(order, base);
    if (*first > 0 || side == AFTER)
        return MEND_SET_BY_TIMES;
    *first = count_earlier(order, base);
    if (*first == 0)
        *first = count_lower(order, base);
    return *first > 0 ||
                   (side == LIKELY_AFTER && order->incrs[0]->seq == base->seq)
               ? MEND_SET_BY_NUMBERS
               : MEND_SET_BY_NONE;
}

/* Whether the first incr proves that none is before the base. */
static bool
begins_after(const struct mend_set_order *order,
             const struct mend_set_file *base)
{
    return order->incr_count > 0 &&
           find_side(&order->incrs[0]->content, &base->content) == AFTER;
}

/* Which files are looked at. */
struct wish {
    bool listed; /* only those that the manifest names */
    bool whole;
    int64_t above; /* only those of a higher seq */
};

static bool
is_wished(const struct mend_set_file *f, const struct wish *wish)
{
    return mend_set_files_is_usable(f) && mend_set_files_is_base(f) &&
           mend_set_files_is_filled(f) && (!wish->listed || f->listed != 0) &&
           (!wish->whole || f->content.verdict != VERDICT_DAMAGED) &&
           f->seq > wish->above;
}

static size_t
count_wished(const struct mend_set_files *v, const struct wish *wish)
{
    size_t count = 0;

    for (size_t i = 0; i < v->count; i++)
        if (is_wished(&v->files[i], wish))
            count++;
    return count;
}

/* Where the manifest tells of replaced files, only the newest is the base. */
static int64_t
find_floor(const struct mend_set_files *v, const struct wish *wish)
{
    int64_t newest = INT64_MIN;
    bool replaced = false;

    for (size_t i = 0; i < v->count; i++) {
        replaced = replaced || v->files[i].listed == AOF_HISTORY;
        if (is_wished(&v->files[i], wish))
            newest = v->files[i].seq;
    }
    return replaced && wish->listed && newest > INT64_MIN ? newest - 1
                                                          : INT64_MIN;
}

/* The first base goes with the first incr; where that is gone it cannot be. */
static bool
is_bereft(const struct mend_set_order *order, const struct mend_set_file *base)
{
    return base->seq == 1 && order->incr_count > 0 && order->incrs[0]->seq > 1;
}

/* The newest that a rewrite is seen to have ended with, else the oldest. */
static struct mend_set_file *
choose_among(struct mend_set_order *order, struct mend_set_files *v,
             const struct wish *wish, size_t *first)
{
    struct mend_set_file *newest = NULL, *f = NULL;

    for (size_t i = v->count; i > 0; i--) {
        if (!is_wished(&v->files[i - 1], wish))
            continue;
        f = &v->files[i - 1];
        newest = newest == NULL ? f : newest;
        order->reason = find_rewrite(order, f, f == newest, first);
        if (order->reason == MEND_SET_BY_NONE)
            continue;
        if (f != newest)
            order->reason = MEND_SET_BY_AGE;
        return f;
    }
    order->reason = MEND_SET_BY_AGE;
    if (f == NULL || f == newest || !is_bereft(order, f))
        return f;
    order->reason = MEND_SET_BY_NUMBERS;
    return newest;
}

struct mend_set_file *
mend_set_base_choose(struct mend_set_order *order, struct mend_set_files *v,
                     size_t *first)
{
    struct wish wish = {.above = INT64_MIN};
    struct mend_set_file *base;
    size_t all, whole;

    wish.listed = true;
    wish.listed = count_wished(v, &wish) > 0;
    wish.above = find_floor(v, &wish);
    all = count_wished(v, &wish);
    wish.whole = true;
    whole = count_wished(v, &wish);
    wish.whole = whole > 0;
    *first = 0;
    base = choose_among(order, v, &wish, first);
    if (base == NULL)
        return NULL;
    if (all == 1) {
        order->reason = wish.listed ? MEND_SET_BY_LINE : MEND_SET_BY_ALONE;
        *first = count_contained(order, base);
        /* Where no time tells, numbers do. */
        if (*first == 0 && !begins_after(order, base))
            *first = count_lower(order, base);
    } else if (whole == 1) {
        order->reason = MEND_SET_BY_WHOLE;
    }
    base->guess = order->reason >= MEND_SET_BY_NUMBERS ||
                  (order->base_gone && base->listed == 0);
    return base;
}

bool
mend_set_base_is_before(const struct mend_set_file *incr,
                        const struct mend_set_file *base)
{
    return find_side(&incr->content, &base->content) == BEFORE;
}
