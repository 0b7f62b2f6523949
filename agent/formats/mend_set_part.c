#include "formats/mend_set_part.h"

#include <stdlib.h>

#include "base/memory.h"
#include "base/text.h"

static bool
is_bad(enum verdict v)
{
    return v == VERDICT_TORN || v == VERDICT_DAMAGED;
}

/* Room doubles at each power of two. */
static struct mend_part *
new_part(struct mend_set *set)
{
    size_t n = set->part_count;

    if ((n & (n - 1)) == 0)
        set->parts =
            memory_resize(set->parts, n == 0 ? 1 : n * 2, sizeof *set->parts);
    return &set->parts[set->part_count++];
}

void
mend_set_part_keep(struct mend_set *set, const char *path,
                   enum dataset_role role, enum verdict verdict)
{
    *new_part(set) = (struct mend_part){.path = memory_dup(path),
                                        .from = memory_dup(path),
                                        .role = role,
                                        .salvage = is_bad(verdict)};
}

void
mend_set_part_add(struct mend_set *set, const char *folder, const char *name,
                  const struct mend_set_content *c, enum dataset_role role,
                  int64_t seq)
{
    const struct aof_part *last = aof_manifest_last_incr(&set->manifest);
    struct aof_part line = {.name = (char *)name,
                            .seq = seq,
                            .type = AOF_BASE,
                            .start_offset = -1,
                            .end_offset = -1};

    if (role == DATASET_ROLE_INCR) {
        line.type = AOF_INCR;
        if (seq < 1 || (last != NULL && seq <= last->seq))
            line.seq = last == NULL ? 1 : last->seq + 1;
    }
    aof_manifest_add(&set->manifest, &line);
    *new_part(set) =
        (struct mend_part){.path = text_format("%s/%s", folder, name),
                           .from = memory_dup(c->from),
                           .role = role,
                           .salvage = is_bad(c->verdict) || c->has_trailing};
}

void
mend_set_part_add_all(struct mend_set *set, const struct mend_set_files *v,
                      const struct mend_set_order *order)
{
    struct mend_set_file *base = order->base;
    char *renamed = NULL;
    int64_t seq;

    if (base != NULL) {
        seq = base->seq != 0 ? base->seq : 1;
        /* Under an incr's name a server would write over it one day. */
        if (base->kind == MEND_SET_INCR)
            renamed = text_format("%s.%lld.base.rdb", v->appendfilename,
                                  (long long)seq);
        mend_set_part_add(set, v->appenddirname,
                          renamed != NULL ? renamed : base->name,
                          &base->content, DATASET_ROLE_BASE, seq);
        free(renamed);
    }
    for (size_t i = 0; i < order->incr_count; i++)
        mend_set_part_add(set, v->appenddirname, order->incrs[i]->name,
                          &order->incrs[i]->content, DATASET_ROLE_INCR,
                          order->incrs[i]->seq);
}
