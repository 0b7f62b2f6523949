#include <stdlib.h>

#include "base/memory.h"
#include "base/process.h"
#include "base/text.h"
#include "jobs/in_use.h"
#include "jobs/restore_work.h"

struct put {
    struct restore_work *w;
    struct stage *s;
};

static int
look_again(void *context, struct error *e)
{
    return in_use_again(context, e);
}

static int
place(struct restore_work *w, struct stage *s, struct in_use *use,
      struct error *e)
{
    const struct place_options options = {
        .target = w->dir,
        .path = w->r->target,
        .check_unused = look_again,
        .context = use,
    };
    int rc = stage_put_in(s, &w->names, &options, e);

    w->r->state = s->journal.state;
    if (s->journal.leaves.count > 0 && s->journal.state != JOURNAL_NONE)
        w->r->kept = text_format("%s/%s", w->r->target, s->kept_name);
    return rc;
}

static int
put(void *context, struct error *e)
{
    const struct put *put = context;
    struct restore_work *w = put->w;
    const struct in_use_options options = {
        .server = &w->server,
        .dir = w->dir,
        .names = &w->names.sets[w->names.count - 1],
        .path = w->r->target,
        .stopped = w->options->server_stopped || w->exchange.wanted,
    };
    struct in_use use;
    int rc;

    /* A server may have been started while we were building. Of the one that
     * we have stopped we know. */
    if (w->exchange.wanted) {
        link_close(w->server.link);
        w->server.link = NULL;
    }
    rc = restore_plan_check_unused(w, e);
    if (rc != 0)
        return rc;
    rc = in_use_begin(&use, &options, e);
    if (rc == 0)
        rc = place(w, put->s, &use, e);
    in_use_end(&use);
    return rc;
}

/* The journal says that it is done: so this is any undo. */
static int
put_back(void *context, struct error *e)
{
    const struct put *put = context;
    struct restore_options options = *put->w->options;
    struct restore undo;
    int rc;

    options.stopped_by_us = true;
    stage_close(put->s);
    rc = restore_undo(&undo, &options, e);
    put->w->r->state = undo.state;
    free(put->w->r->kept);
    put->w->r->kept = memory_dup(undo.kept);
    restore_clear(&undo);
    if (rc == 0)
        return stage_take(put->s, put->w->dir, e);
    put->s->journal.state = put->w->r->state;
    return -1;
}

/* All that the server loads as its AOF. */
static uint64_t
aof_bytes(const struct restore_work *w)
{
    uint64_t sum = 0;

    for (size_t n = 0; n < w->entry->file_count; n++)
        if (w->layout == RESTORE_AOF && !w->entry->files[n].config &&
            w->entry->files[n].role != DATASET_ROLE_MANIFEST)
            sum += w->entry->files[n].size_bytes;
    return sum;
}

int
restore_put(struct restore_work *w, struct stage *s, struct error *e)
{
    struct put context = {w, s};
    const struct exchange_expected expected = {
        .keys = w->r->keys - (int64_t)w->empty_keys,
        .exact = w->entry->dataset == DATASET_RDB,
        .expires = w->entry->expires,
        .aof_bytes = aof_bytes(w),
    };
    const struct restore_exchange_work work = {
        .put = put,
        .put_back = put_back,
        .context = &context,
        .journal = &s->journal,
        .expected = &expected,
    };

    if (process_check_stop(e) != 0)
        return -1;
    if (restore_exchange_run(&w->exchange, w->r, &work, e) == 0)
        return 0;
    if (w->exchange.wanted)
        error_in(e, "snapshot %s", w->entry->id);
    return -1;
}
