#include "jobs/pin.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/process.h"
#include "base/source.h"
#include "formats/aof.h"
#include "jobs/binding.h"
#include "redis/persistence.h"

enum {
    SETTLE_LIMIT_MS = 3000, /* servers hold a buffer for 2 s at most */
    PROOF_TRIES = 5,        /* sizes may change while we compare them */
    TAIL_TRIES = 20,        /* a write in progress ends within this ... */
    TAIL_WAIT_MS = 50,      /* ... times this */
    FIRST_REWRITE_LIMIT_MS = 600000,
};

/* Waits; a request to stop ends it. */
static int
wait_ms(int ms, struct error *e)
{
    poll(NULL, 0, ms);
    return process_check_stop(e);
}

static bool
wants_save(const struct instance *i, const struct pin_options *o, bool *must)
{
    struct file_identity id;
    struct error none = {0};
    const char *name = o->names.dbfilename;

    *must = o->bgsave;
    if (o->bgsave)
        return true;
    if (i->info.aof_enabled || i->info.loading)
        return false;
    if (file_identify_at(i->dir, name != NULL ? name : "dump.rdb", &id,
                         &none) != 0) {
        *must = true;
        return none.kind == ERROR_ABSENT;
    }
    return o->max_age_ms != 0 && i->info.changes_since_save > 0 &&
           clock_wall_ms() - id.mtime_ns / 1000000 > (int64_t)o->max_age_ms;
}

static void
tell_percent(void *context, int percent)
{
    progress_tell(context, "the server writes an RDB",
                  percent > 0 ? (uint64_t)percent : 0, 100);
}

/* Has the server write a fresh RDB where the rules want one. */
static int
refresh(struct pin *p, struct instance *i, const struct pin_options *o,
        struct report *report, struct error *e)
{
    struct persistence_options options = {
        .progress = tell_percent,
        .context = (void *)o->progress,
    };
    bool must;

    if (!wants_save(i, o, &must))
        return 0;
    log_line(LOG_LEVEL_INFO, "asking the server for a fresh RDB server=%s",
             i->url);
    if (persistence_bgsave(i->link, &options, &i->info, e) == 0)
        return 0;
    if (must || e->kind == ERROR_STOPPED)
        return error_in(e, "a fresh RDB of %s", i->url);
    p->stale = *e;
    memset(e, 0, sizeof *e);
    report_add(report, SEVERITY_WARNING, "dump-stale", -1,
               "mend what the server says, then take a snapshot again",
               "the dump is old, has unsaved changes, and the server could"
               " not write a new one: %s",
               p->stale.text);
    return info_ask(i->link, &i->info, e);
}

static bool
is_rewriting(const struct info *info)
{
    return info->rewrite_in_progress || info->rewrite_scheduled;
}

/*
 * After CONFIG SET appendonly yes the server's data is in no AOF until the
 * first rewrite has ended: what lies there until then is an older set, or
 * nothing. While that rewrite waits for another child nothing on disk tells it
 * from any other, and INFO counts the older set (tried: redis 6.0, 7.0, 8.0,
 * valkey 8.1, 9.1); before 7.0 nothing does at all.
 */
static bool
is_switching_on(const struct instance *i, const struct dataset *d)
{
    if (i->link == NULL || !i->info.aof_enabled || !is_rewriting(&i->info))
        return false;
    return i->info.rewrite_scheduled || d->switching_on ||
           d->kind != DATASET_AOF || d->manifest_missing;
}

/*
 * Which files are the data follows from whether the AOF is on. Switched while
 * we wait, what was looked for is old data, however whole it is.
 */
static int
check_switch(const struct instance *i, const struct pin_options *o,
             struct error *e)
{
    bool wanted = o->names.appendonly == DATASET_APPENDONLY_YES;

    if (i->link == NULL || i->info.aof_enabled == wanted)
        return 0;
    return error_set(e, ERROR_CHANGED,
                     "the AOF of the server at %s was switched %s meanwhile",
                     i->url, wanted ? "off" : "on");
}

static int
open_dataset(struct pin *p, struct instance *i, const struct pin_options *o,
             struct error *e)
{
    uint64_t begin = clock_steady_ms();

    for (;;) {
        if (check_switch(i, o, e) != 0)
            return -1;
        if (dataset_open(&p->dataset, i->dir, &o->names, e) != 0)
            return error_in(e, "%s", i->data_dir);
        if (!is_switching_on(i, &p->dataset))
            return 0;
        dataset_close(&p->dataset);
        if (clock_steady_ms() - begin > FIRST_REWRITE_LIMIT_MS)
            return error_set(e, ERROR_FAILED,
                             "the server at %s is switching its AOF on, and"
                             " the first rewrite has not ended in 10 minutes:"
                             " try again when INFO says"
                             " aof_rewrite_in_progress:0",
                             i->url);
        progress_tell(o->progress, "waiting for the first AOF rewrite", 0, 0);
        if (wait_ms(100, e) != 0 || info_ask(i->link, &i->info, e) != 0)
            return -1;
    }
}

/* Which file a server may still be appending to; -1: none. */
static int
growing_file(const struct dataset *d)
{
    if (d->manifest_error.kind != ERROR_NONE)
        return -1;
    for (int n = (int)d->count - 1; n >= 0; n--)
        if (d->files[n].role == DATASET_ROLE_SINGLE ||
            d->files[n].role == DATASET_ROLE_INCR ||
            d->files[n].role == DATASET_ROLE_BASE)
            return n;
    return -1;
}

static int
take_lengths(struct pin *p, struct error *e)
{
    struct dataset *d = &p->dataset;
    int last = growing_file(d);

    if (last >= 0 && d->files[last].fd >= 0 &&
        file_identify(d->files[last].fd, &d->files[last].id, e) != 0)
        return -1;
    p->taken_ms = clock_wall_ms();
    for (size_t n = 0; n < d->count; n++)
        p->lengths[n] = p->cuts[n] = d->files[n].id.size_bytes;
    return 0;
}

/* One try at: open, settle, take the lengths, prove. */
static int
attempt(struct pin *p, struct instance *i, const struct pin_options *o,
        struct report *report, struct error *e)
{
    struct info before = i->info, opened;
    bool settled = true;

    if (open_dataset(p, i, o, e) != 0)
        return -1;
    opened = i->info;
    p->lengths = memory_new((p->dataset.count + 1) * sizeof *p->lengths);
    p->cuts = memory_new((p->dataset.count + 1) * sizeof *p->cuts);
    if (i->link == NULL)
        return take_lengths(p, e);
    if (i->info.aof_enabled && persistence_settle(i->link, SETTLE_LIMIT_MS,
                                                  &settled, &p->info, e) != 0)
        return error_in(e, "%s", i->url);
    if (!i->info.aof_enabled && info_ask(i->link, &p->info, e) != 0)
        return error_in(e, "%s", i->url);
    p->has_info = true;
    i->info = p->info;
    if (check_switch(i, o, e) != 0)
        return -1;
    /* A first rewrite that has ended since may have left an older set here. */
    if (is_switching_on(i, &p->dataset) ||
        (is_rewriting(&opened) && !is_rewriting(&i->info)))
        return error_set(e, ERROR_CHANGED,
                         "the server at %s is switching its AOF on", i->url);
    if (take_lengths(p, e) != 0)
        return -1;
    if (!settled)
        report_add(report, SEVERITY_WARNING, "aof-buffer-held", -1,
                   "look at the disk's latency (INFO aof_delayed_fsync)",
                   "the server still holds writes in its buffer after %d s:"
                   " the newest may be missing",
                   SETTLE_LIMIT_MS / 1000);
    return binding_prove(i, &p->dataset, &before, &p->bound, e);
}

/* Where the growing file may be cut: behind its last complete command. */
static int
scan_tail(struct pin *p, int last, bool *torn, struct error *e)
{
    struct dataset_file *f = &p->dataset.files[last];
    struct aof_options options = {.own_commands = true}; /* structure only */
    struct aof_result result;
    struct source s;
    int rc;

    if (source_of_file(&s, f->fd, p->lengths[last], e) != 0)
        return error_in(e, "%s", f->path);
    rc = aof_scan(&s, &options, NULL, &result, e);
    source_close(&s);
    if (rc != 0)
        return error_in(e, "%s", f->path);
    *torn = result.verdict == VERDICT_TORN;
    p->cuts[last] = *torn ? result.good_end : p->lengths[last];
    return 0;
}

/*
 * An unfinished tail of a live server is a write in progress. Where it is not
 * proven that a server writes here, the write is waited for: a tail that stays
 * unfinished is torn, and its bytes are kept.
 */
static int
cut_tail(struct pin *p, const struct instance *i, struct error *e)
{
    int last = growing_file(&p->dataset);
    bool torn = false;

    if (last < 0 || p->dataset.files[last].fd < 0)
        return 0;
    for (int tries = 0; tries < TAIL_TRIES; tries++) {
        if (scan_tail(p, last, &torn, e) != 0)
            return -1;
        if (!torn || p->bound == CATALOG_BOUND || i->link == NULL)
            break;
        if (wait_ms(TAIL_WAIT_MS, e) != 0 || take_lengths(p, e) != 0)
            return -1;
    }
    if (torn && p->bound != CATALOG_BOUND)
        p->cuts[last] = p->lengths[last];
    return 0;
}

int
pin_open(struct pin *p, struct instance *i, const struct pin_options *options,
         struct report *report, struct error *e)
{
    memset(p, 0, sizeof *p);
    if (i->link != NULL && refresh(p, i, options, report, e) != 0)
        return -1;
    for (int tries = 0; tries < PROOF_TRIES; tries++) {
        pin_close(p);
        if (attempt(p, i, options, report, e) != 0)
            goto fail;
        if (i->link == NULL || p->bound == CATALOG_BOUND ||
            p->dataset.kind != DATASET_AOF)
            break;
    }
    if (i->link == NULL)
        p->bound = CATALOG_NO_SERVER;
    if (cut_tail(p, i, e) == 0)
        return 0;

fail:
    pin_close(p);
    return -1;
}

void
pin_close(struct pin *p)
{
    dataset_close(&p->dataset);
    memset(&p->dataset, 0, sizeof p->dataset);
    free(p->lengths);
    free(p->cuts);
    p->lengths = p->cuts = NULL;
}
