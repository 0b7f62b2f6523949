#include "formats/mend_set_place.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "formats/mend_set_part.h"
#include "formats/mend_set_tell.h"

int
mend_set_place_look(struct mend_set_beside *beside, int dir,
                    const struct mend_set_files *v, const struct judge *j,
                    struct error *e)
{
    bool found;

    *beside = (struct mend_set_beside){0};
    if (mend_set_files_look(dir, v->appendfilename, DATASET_ROLE_SINGLE,
                            j->options, &beside->single, &found, e) != 0)
        return -1;
    return mend_set_files_look(dir, v->dbfilename, DATASET_ROLE_DUMP,
                               j->options, &beside->dump, &found, e);
}

void
mend_set_place_clear(struct mend_set_beside *beside)
{
    free(beside->single.from);
    free(beside->dump.from);
    *beside = (struct mend_set_beside){0};
}

/* A dump that is sound and empty is none; one that cannot be read may hold. */
static bool
holds(const struct mend_set_content *c)
{
    return c->from != NULL && c->size_bytes > 0 &&
           (c->keys > 0 || c->commands > 0 || c->verdict != VERDICT_SOUND);
}

/* Whether a dump was made after all that the AOF's files hold was written. */
static bool
is_newer(const struct mend_set_content *dump,
         const struct mend_set_order *order)
{
    if (dump->created <= mend_set_files_last_write(&order->base->content))
        return false;
    for (size_t i = 0; i < order->incr_count; i++)
        if (dump->created <=
            mend_set_files_last_write(&order->incrs[i]->content))
            return false;
    return true;
}

/*
 * Whether a dump is more than what is left of the set: the base is gone, and
 * the incrs are changes to what nobody has; or without any manifest, files
 * that are older than the dump.
 */
static bool
is_better(const struct mend_set_content *dump, const struct mend_set_files *v,
          const struct mend_set_order *order)
{
    if (!holds(dump) || dump->verdict != VERDICT_SOUND)
        return false;
    if (order->base == NULL)
        return order->base_gone || v->lines.count == 0 || v->lines.bad > 0;
    return v->lines.count == 0 && is_newer(dump, order);
}

const struct mend_set_content *
mend_set_place_choose(const struct mend_set_beside *beside,
                      const struct mend_set_files *v,
                      const struct mend_set_order *order)
{
    const struct mend_set_content *single = &beside->single;
    const struct mend_set_content *dump = &beside->dump;

    if (mend_set_order_holds(order))
        return is_better(dump, v, order) ? dump : NULL;
    if (!holds(single))
        return holds(dump) ? dump : NULL;
    return holds(dump) && dump->verdict == VERDICT_SOUND &&
                   dump->created > mend_set_files_last_write(single)
               ? dump
               : single;
}

static void
set_part(struct mend_set *set, const struct mend_set_content *c,
         const struct mend_set_files *v)
{
    bool rdb = c->is_rdb && c->commands == 0;
    char *name =
        text_format("%s.1.base.%s", v->appendfilename, rdb ? "rdb" : "aof");

    mend_set_part_add(set, v->appenddirname, name, c, DATASET_ROLE_BASE, 1);
    free(name);
}

/* What else there was, and why it was not that. */
static void
describe_rest(char *out, size_t size, const struct mend_set_content *chosen,
              const struct mend_set_beside *beside,
              const struct mend_set_order *order)
{
    const struct mend_set_content *single = &beside->single;
    const struct mend_set_content *dump = &beside->dump;

    *out = '\0';
    if (mend_set_order_holds(order))
        snprintf(out, size, "; not the files of the AOF: %s",
                 order->base == NULL
                     ? "they hold only changes to a base that is gone"
                     : "all were written last before the dump was made");
    else if (chosen == dump && holds(single))
        snprintf(out, size,
                 "; not %.100s: it was written last before the dump was made",
                 single->from);
    else if (chosen == single && holds(dump))
        snprintf(out, size,
                 "; not %.100s: servers with an AOF go by that, and nothing "
                 "shows that the dump is newer",
                 dump->from);
}

void
mend_set_place(struct mend_set *set, const struct mend_set_content *chosen,
               const struct mend_set_beside *beside,
               const struct mend_set_files *v,
               const struct mend_set_order *order, const struct dataset *d)
{
    struct mend_step step = {.action = "place-base", .offset = -1};
    char rest[200], from[100];

    mend_set_tell_gone(set, v);
    describe_rest(rest, sizeof rest, chosen, beside, order);
    step.guess = *rest != '\0';
    text_quote(from, sizeof from, chosen->from, strlen(chosen->from));
    set_part(set, chosen, v);
    mend_set_step(set, &step, chosen->from,
                  "%s becomes the base of the AOF, as %s: else the server "
                  "would start without it%s",
                  from, set->parts[0].path, rest);
    set->manifest_changed = true;
    mend_set_tell_manifest(set, v, d, "");
}
