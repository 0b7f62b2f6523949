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

/* By each set of names that its files may have. */
struct uses {
    struct in_use each[JOURNAL_NAMES_MAX];
    size_t count;
};

static int
uses_begin(struct uses *u, const struct restore_work *w, struct error *e)
{
    u->count = 0;
    for (size_t n = 0; n < w->names.count; n++) {
        const struct in_use_options options = {
            .server = &w->server,
            .dir = w->dir,
            .names = &w->names.sets[n],
            .path = w->r->target,
            .stopped = w->options->server_stopped || w->exchange.wanted,
        };

        if (in_use_begin(&u->each[u->count++], &options, e) != 0)
            return -1;
    }
    return 0;
}

static int
uses_again(void *context, struct error *e)
{
    struct uses *u = context;

    for (size_t n = 0; n < u->count; n++)
        if (in_use_again(&u->each[n], e) != 0)
            return -1;
    return 0;
}

static void
uses_end(struct uses *u)
{
    for (size_t n = 0; n < u->count; n++)
        in_use_end(&u->each[n]);
}

static int
place(struct restore_work *w, struct stage *s, struct uses *uses,
      struct error *e)
{
    const struct place_options options = {
        .target = w->dir,
        .path = w->r->target,
        .check_unused = uses_again,
        .context = uses,
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
    struct uses uses;
    int rc;

    /* A server may have been started while we were building. Of the one that
     * we have stopped we know. */
    if (w->exchange.wanted) {
        link_close(w->server.link);
        w->server.link = NULL;
    }
    rc = uses_begin(&uses, w, e);
    if (rc == 0)
        rc = place(w, put->s, &uses, e);
    uses_end(&uses);
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
