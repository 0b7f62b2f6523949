/*
 * A set that can be loaded is taken as it is, file by file. Anything else is
 * put together anew from all that lies there: mend_set_files looks,
 * mend_set_order decides, mend_set_tell says why, mend_set_place takes what
 * lies beside where the set holds nothing.
 */
#include "formats/mend_set.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "formats/mend_set_files.h"
#include "formats/mend_set_order.h"
#include "formats/mend_set_part.h"
#include "formats/mend_set_place.h"
#include "formats/mend_set_refuse.h"
#include "formats/mend_set_stand.h"
#include "formats/mend_set_tell.h"

static void
copy_manifest(struct mend_set *set, const struct aof_manifest *m)
{
    aof_manifest_clear(&set->manifest);
    for (size_t i = 0; i < m->count; i++)
        aof_manifest_add(&set->manifest, &m->parts[i]);
}

static void
take_over(struct mend_set *set, const struct dataset *d, const struct judge *j)
{
    for (size_t i = 0; i < j->count; i++)
        if (mend_set_stand_loads(d, j->files[i].role))
            mend_set_part_keep(set, d->files[i].path, j->files[i].role,
                               j->files[i].verdict);
    if (d->kind == DATASET_AOF)
        copy_manifest(set, &d->manifest);
}

/* Whether base and incrs, names and numbers, are as in the manifest there. */
static bool
is_same(const struct aof_manifest *now, const struct aof_manifest *then)
{
    size_t at = 0;

    for (size_t i = 0; i < then->count; i++) {
        if (then->parts[i].type == AOF_HISTORY)
            continue;
        if (at == now->count || now->parts[at].seq != then->parts[i].seq ||
            now->parts[at].type != then->parts[i].type ||
            strcmp(now->parts[at].name, then->parts[i].name) != 0)
            return false;
        at++;
    }
    return at == now->count;
}

static int
check_limits(const struct mend_set_order *order, struct error *e)
{
    size_t n = order->incr_count;

    if (n >= AOF_MANIFEST_PARTS_MAX)
        return error_set(e, ERROR_REFUSED,
                         "more than %d files of one AOF: move those away that "
                         "do not belong",
                         AOF_MANIFEST_PARTS_MAX);
    if (n > 0 && order->incrs[n - 1]->seq > INT64_MAX - AOF_MANIFEST_PARTS_MAX)
        return error_set(e, ERROR_REFUSED,
                         "%.200s: no server counts that far; rename it",
                         order->incrs[n - 1]->name);
    return 0;
}

/* Why it is not the dump, where no manifest says that there is an AOF. */
static const char *
describe_dump(const struct dataset *d, const struct mend_set_files *v)
{
    if (d->kind == DATASET_RDB)
        return "; the dump stays as it is, for servers with appendonly no";
    if (d->other_dump && v->lines.count == 0)
        return "; not the dump: servers with an AOF go by that, and nothing "
               "shows that the dump is newer";
    return "";
}

static int
use_order(struct mend_set *set, const struct mend_set_files *v,
          const struct mend_set_order *order, const struct dataset *d,
          struct error *e)
{
    if (check_limits(order, e) != 0)
        return -1;
    mend_set_part_add_all(set, v, order);
    mend_set_tell(set, v, order);
    set->manifest_changed =
        !v->strict || mend_set_stand_twice(&d->manifest) ||
        aof_manifest_replaced_incr(&d->manifest, v->appendfilename) != NULL ||
        !is_same(&set->manifest, &d->manifest);
    if (set->manifest_changed)
        mend_set_tell_manifest(set, v, d, describe_dump(d, v));
    else
        copy_manifest(set, &d->manifest);
    return 0;
}

/* A dump that a server with an AOF would not load. */
static bool
is_to_place(const struct dataset *d, const struct judge *j)
{
    return d->kind == DATASET_RDB &&
           j->options->names.appendonly == DATASET_APPENDONLY_YES;
}

/* The dump that servers without an AOF load stays what it is. */
static void
keep_dump(struct mend_set *set, const struct dataset *d, const struct judge *j)
{
    if (d->kind == DATASET_RDB && !is_to_place(d, j))
        take_over(set, d, j);
}

static int
refuse_empty(const struct dataset *d, struct error *e)
{
    return error_set(e, ERROR_REFUSED,
                     "no file that holds data is left of the AOF: restore a "
                     "snapshot: redkeep restore latest --to DIR%s",
                     d->manifest_error.kind == ERROR_NONE
                         ? ""
                         : "; if there never was data, remove the manifest");
}

/* Puts base and incrs together, or what lies beside them in their place. */
static int
put_together(struct mend_set *set, const struct dataset *d,
             const struct mend_set_files *v, const struct mend_set_order *order,
             const struct mend_set_beside *beside, struct error *e)
{
    const struct mend_set_content *chosen =
        mend_set_place_choose(beside, v, order);

    if (chosen != NULL) {
        mend_set_place(set, chosen, beside, v, order, d);
        return 0;
    }
    if (mend_set_order_holds(order))
        return use_order(set, v, order, d, e);
    return set->part_count > 0 ? 0 : refuse_empty(d, e);
}

static int
rebuild(struct mend_set *set, int dir, const struct dataset *d,
        const struct judge *j, struct error *e)
{
    struct mend_set_beside beside = {0};
    struct mend_set_order order = {0};
    struct mend_set_files v = {0};
    int rc = mend_set_files_load(&v, dir, d, j, e);

    if (rc == 0) {
        mend_set_order_find(&order, &v);
        keep_dump(set, d, j);
    }
    if (rc == 0 && set->part_count == 0 &&
        (order.base == NULL || v.lines.count == 0 ||
         !mend_set_order_holds(&order)))
        rc = mend_set_place_look(&beside, dir, &v, j, e);
    if (rc == 0)
        rc = put_together(set, d, &v, &order, &beside, e);
    mend_set_place_clear(&beside);
    mend_set_order_clear(&order);
    mend_set_files_clear(&v);
    return rc;
}

/* Whether there is work, or need of none; else why not. */
static int
check_worth(const struct mend_set *set, const struct dataset *d,
            const struct judge *j, struct error *e)
{
    bool empty = j->server == JUDGE_EMPTY && j->verdict == VERDICT_SOUND;

    for (size_t i = 0; i < set->part_count; i++)
        if (set->parts[i].salvage)
            return 0;
    if (set->step_count > 0 || empty ||
        (j->verdict == VERDICT_SOUND && j->server == JUDGE_LOADS))
        return 0;
    return mend_set_refuse(d, j, e);
}

int
mend_set_find(struct mend_set *set, int dir, const struct dataset *d,
              const struct judge *j, struct error *e)
{
    int rc = 0;

    *set = (struct mend_set){0};
    if (d->kind == DATASET_NONE)
        return 0;
    if (d->manifest_error.kind != ERROR_NONE &&
        d->manifest_error.kind != ERROR_DAMAGED) {
        *e = d->manifest_error;
        return error_in(e, "manifest");
    }
    if (mend_set_stand(d, j) && !is_to_place(d, j))
        take_over(set, d, j);
    else
        rc = rebuild(set, dir, d, j, e);
    if (rc == 0)
        rc = check_worth(set, d, j, e);
    if (rc != 0)
        mend_set_clear(set);
    return rc;
}

void
mend_set_step(struct mend_set *set, const struct mend_step *step,
              const char *path, const char *format, ...)
{
    va_list arguments;
    char text[480];

    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    set->steps =
        memory_resize(set->steps, set->step_count + 1, sizeof *set->steps);
    set->steps[set->step_count] = *step;
    set->steps[set->step_count].path = memory_dup(path);
    set->steps[set->step_count++].text = memory_dup(text);
}

void
mend_set_clear(struct mend_set *set)
{
    for (size_t i = 0; i < set->part_count; i++) {
        free(set->parts[i].path);
        free(set->parts[i].from);
    }
    for (size_t i = 0; i < set->step_count; i++) {
        free(set->steps[i].path);
        free(set->steps[i].text);
    }
    free(set->parts);
    free(set->steps);
    aof_manifest_clear(&set->manifest);
    *set = (struct mend_set){0};
}
