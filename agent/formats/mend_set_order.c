#include "formats/mend_set_order.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "formats/mend_set_base.h"

typedef bool is_match(const struct mend_set_file *f);

static bool
is_incr(const struct mend_set_file *f)
{
    return !mend_set_files_is_base(f);
}

static bool
is_incr_rdb(const struct mend_set_file *f)
{
    return is_incr(f) && f->content.is_rdb;
}

static bool
is_strange(const struct mend_set_file *f)
{
    return mend_set_files_is_usable(f) && is_incr(f) && f->content.is_rdb &&
           f->content.keys > 0;
}

/* The only usable file that is so; NULL: none, or several. */
static struct mend_set_file *
find_only(struct mend_set_files *v, is_match *is_so)
{
    struct mend_set_file *found = NULL;

    for (size_t i = 0; i < v->count; i++) {
        if (!mend_set_files_is_usable(&v->files[i]) ||
            v->files[i].content.size_bytes == 0 || !is_so(&v->files[i]))
            continue;
        if (found != NULL)
            return NULL;
        found = &v->files[i];
    }
    return found;
}

/* Files that were exchanged by name: each holds what the other should. */
static bool
exchange(struct mend_set_files *v)
{
    struct mend_set_file *base = find_only(v, mend_set_files_is_base);
    struct mend_set_file *incr = find_only(v, is_incr_rdb);
    struct mend_set_content content;

    if (base == NULL || incr == NULL || !base->is_rdb_name ||
        base->content.is_rdb || (base->listed != 0) != (incr->listed != 0))
        return false;
    content = base->content;
    base->content = incr->content;
    incr->content = content;
    return true;
}

/* All that may be incrs, in order. */
static void
list_incrs(struct mend_set_order *order, struct mend_set_files *v)
{
    order->incrs = memory_resize(order->incrs, v->count + 1, sizeof(void *));
    order->incr_count = 0;
    for (size_t i = 0; i < v->count; i++)
        if (mend_set_files_is_usable(&v->files[i]) && is_incr(&v->files[i]) &&
            v->files[i].fate != MEND_SET_AS_BASE)
            order->incrs[order->incr_count++] = &v->files[i];
}

/* An RDB under an incr's name, where nothing else can be the base. */
static struct mend_set_file *
promote(struct mend_set_order *order, struct mend_set_files *v, size_t *first)
{
    struct mend_set_file *base = find_only(v, is_strange);

    if (base == NULL)
        return NULL;
    order->reason = MEND_SET_BY_ALONE;
    base->guess = true;
    base->fate = MEND_SET_AS_BASE;
    list_incrs(order, v);
    *first = 0;
    while (*first < order->incr_count && order->incrs[*first]->seq < base->seq)
        (*first)++;
    return base;
}

/* Of the incrs that the manifest names: the last, there or not. */
static const struct mend_set_file *
find_last_listed(const struct mend_set_files *v)
{
    for (size_t i = v->count; i > 0; i--)
        if (v->files[i - 1].listed != 0 &&
            v->files[i - 1].listed != AOF_HISTORY && is_incr(&v->files[i - 1]))
            return &v->files[i - 1];
    return NULL;
}

/* Whether a file of the same number is so, seen from f. Files are by seq. */
static bool
has_match(const struct mend_set_files *v, const struct mend_set_file *f,
          is_match *is_so)
{
    const struct mend_set_file *at = f, *end = v->files + v->count;

    while (at > v->files && at[-1].seq == f->seq)
        at--;
    for (; at < end && at->seq == f->seq; at++)
        if (at != f &&
            mend_set_files_is_base(at) == mend_set_files_is_base(f) &&
            is_so(at))
            return true;
    return false;
}

static bool
is_gap(const struct mend_set_file *other)
{
    return other->missing && other->listed != AOF_HISTORY;
}

static bool
is_filler(const struct mend_set_file *other)
{
    return other->listed == 0 &&
           (other->fate == MEND_SET_AS_BASE || other->fate == MEND_SET_AS_INCR);
}

/*
 * Whether an incr that no line names is the set's all the same: the manifest
 * tells nothing (any more), or it is what comes next behind the last one, or
 * the first of a set that names none, to which a server would append.
 */
static bool
belongs(const struct mend_set_files *v, const struct mend_set_file *f,
        const struct mend_set_file *last)
{
    const struct mend_set_content *c = &f->content;

    if (c->size_bytes == 0 || c->is_rdb)
        return false;
    if (v->lines.count == 0 || v->lines.bad > 0)
        return true;
    if (has_match(v, f, is_gap))
        return true;
    if (last == NULL)
        return f->seq == 1 && c->commands > 0;
    return f->seq == last->seq + 1 && c->commands > 0 &&
           (last->missing || c->mtime_ns >= last->content.mtime_ns);
}

/* Leaves the incrs that are taken. */
static void
choose_incrs(struct mend_set_order *order, const struct mend_set_files *v,
             size_t first)
{
    bool trusted = order->reason == MEND_SET_BY_LINE && !order->base_gone;
    const struct mend_set_file *last = find_last_listed(v);
    size_t kept = 0;

    for (size_t i = 0; i < order->incr_count; i++) {
        struct mend_set_file *f = order->incrs[i];

        f->fate = MEND_SET_AS_INCR;
        if (i < first && !(trusted && f->listed == AOF_INCR)) {
            f->fate = MEND_SET_CONTAINED;
            f->guess = !mend_set_base_is_before(f, order->base);
        } else if (f->listed == 0 && !belongs(v, f, last)) {
            f->fate = is_strange(f) ? MEND_SET_STRANGE : MEND_SET_LEFT;
            f->guess = true;
        } else if (f->listed == 0) {
            f->guess = true;
            last = f;
        }
        if (f->fate == MEND_SET_AS_INCR)
            order->incrs[kept++] = f;
    }
    order->incr_count = kept;
}

/* The fates of all that is neither base nor incr. */
static void
mark_others(struct mend_set_files *v)
{
    for (size_t i = 0; i < v->count; i++) {
        struct mend_set_file *f = &v->files[i];

        if (f->listed == AOF_HISTORY || f->fate != MEND_SET_LEFT)
            continue;
        if (f->missing)
            f->fate = has_match(v, f, is_filler) ? MEND_SET_LEFT
                                                 : MEND_SET_GONE;
        else if (mend_set_files_is_base(f) && mend_set_files_is_filled(f))
            f->fate = MEND_SET_RIVAL;
        else if (mend_set_files_is_base(f) && f->listed != 0)
            f->fate = MEND_SET_EMPTY;
    }
}

/* What a rewrite had replaced is a base and its incrs too. */
static bool
recall_history(struct mend_set_files *v)
{
    bool found = false;

    for (size_t i = 0; i < v->count; i++)
        if (v->files[i].listed == AOF_HISTORY && !v->files[i].missing &&
            mend_set_files_is_base(&v->files[i]) &&
            mend_set_files_is_filled(&v->files[i]))
            found = true;
    for (size_t i = 0; i < v->count && found; i++)
        if (v->files[i].listed == AOF_HISTORY && !v->files[i].missing)
            v->files[i].listed = '?';
    return found;
}

static bool
lacks_base(const struct mend_set_files *v)
{
    for (size_t i = 0; i < v->count; i++)
        if (v->files[i].listed == AOF_BASE &&
            (v->files[i].missing || !mend_set_files_is_filled(&v->files[i])))
            return true;
    return false;
}

void
mend_set_order_find(struct mend_set_order *order, struct mend_set_files *v)
{
    size_t first = 0;

    *order = (struct mend_set_order){.base_gone = lacks_base(v)};
    order->exchanged = exchange(v);
    list_incrs(order, v);
    order->base = mend_set_base_choose(order, v, &first);
    if (order->base == NULL && recall_history(v)) {
        order->history = true;
        list_incrs(order, v);
        order->base = mend_set_base_choose(order, v, &first);
        if (order->base != NULL)
            order->base->guess = true;
    }
    if (order->base == NULL)
        order->base = promote(order, v, &first);
    if (order->base != NULL)
        order->base->fate = MEND_SET_AS_BASE;
    choose_incrs(order, v, first);
    mark_others(v);
}

bool
mend_set_order_holds(const struct mend_set_order *order)
{
    bool bytes = order->base != NULL && order->base->content.size_bytes > 0;

    for (size_t i = 0; i < order->incr_count && !bytes; i++)
        bytes = order->incrs[i]->content.size_bytes > 0;
    return bytes;
}

void
mend_set_order_clear(struct mend_set_order *order)
{
    free(order->incrs);
    *order = (struct mend_set_order){0};
}
