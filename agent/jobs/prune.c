#include "jobs/prune.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/memory.h"
#include "base/process.h"
#include "base/text.h"
#include "jobs/machine.h"
#include "repo/storage.h"

struct run {
    const struct prune_options *options;
    struct prune *p;
    struct storage storage;
    struct lock lock;
    struct retention_mark mark;
    int64_t now_ms;
};

/*
 * The data directory, as far as it is known: from the options, or from a server
 * that answers. NULL: it is not. One that is gone is compared as it is named.
 */
static int
find_directory(const struct instance_options *options, char **path,
               struct error *e)
{
    const char *told = options->data_dir;
    struct instance i;

    *path = NULL;
    if (told != NULL) {
        *path = realpath(told, NULL);
        if (*path == NULL)
            *path = memory_dup(told);
        return 0;
    }
    if (instance_connect(&i, options, e) != 0)
        return -1;
    if (i.settings_known && i.settings.dir != NULL) {
        *path = realpath(i.settings.dir, NULL);
        if (*path == NULL)
            *path = memory_dup(i.settings.dir);
    }
    instance_close(&i);
    return 0;
}

static int
open_owned(struct run *r, struct error *e)
{
    const struct prune_options *o = r->options;
    struct machine machine;
    char *directory;
    int rc;

    if (find_directory(&o->instance, &directory, e) != 0)
        return -1;
    machine_look(&machine);
    rc = storage_open_existing(&r->storage, o->repo, o->name,
                               &(struct storage_owner){
                                   .machine_id = machine.id,
                                   .host = machine.host,
                                   .directory = directory,
                               },
                               o->adopt, e);
    free(directory);
    return rc;
}

/* First of all there is room: on a full disk all else may need it. */
static int
begin(struct run *r, struct error *e)
{
    const struct prune_options *o = r->options;
    int rc;

    if (o->dry_run)
        return storage_open(&r->storage, o->repo, o->name, e);
    if (open_owned(r, e) != 0)
        return -1;
    /* Who accepts is a person: the agent's own prune is waited for. */
    rc = o->accept != NULL
             ? storage_lock_soon(&r->storage, &r->lock, "prune", e)
             : storage_lock(&r->storage, &r->lock, "prune", e);
    if (rc != 0)
        return -1;
    if (storage_sweep_pruned(&r->storage, e) != 0)
        return -1;
    return storage_trash_empty(&r->storage, r->now_ms, &r->p->emptied, e);
}

static int
save_mark(const struct run *r, struct error *e)
{
    if (r->options->dry_run)
        return 0;
    return retention_mark_save(&r->mark, r->storage.instance_dir, e);
}

/* One beyond the newest snapshot is of a later copy of this repository. */
static void
load_mark(struct run *r)
{
    const struct catalog_entry *newest = catalog_newest(&r->p->catalog, false);

    retention_mark_load(&r->mark, r->storage.instance_dir);
    if (newest == NULL || r->mark.sequence > newest->sequence)
        r->mark = (struct retention_mark){0};
}

static int
accept(struct run *r, struct error *e)
{
    const char *id = r->options->accept;
    const struct catalog_entry *newest;
    const struct catalog_item *item;

    if (id == NULL)
        return 0;
    item = catalog_find(&r->p->catalog, id);
    if (item == NULL)
        return error_set(e, ERROR_FAILED,
                         "no snapshot '%s' in %s/%s: 'redkeep list' shows"
                         " those that are there",
                         id, r->storage.path, r->storage.instance);
    newest = catalog_newest(&r->p->catalog, false);
    if (item->broken.kind == ERROR_NONE)
        newest = &item->entry;
    retention_mark_accept(&r->mark, id, newest != NULL ? newest->sequence : 1);
    return save_mark(r, e) == 0 ? 0 : error_in(e, "accept %s", id);
}

/*
 * Before anything goes: later snapshots are compared with the newest of now,
 * not with whichever old one is left by then. Without it they are compared with
 * more, so a full disk must not stop us.
 */
static void
note_right(struct run *r)
{
    const struct catalog_entry *good = catalog_newest(&r->p->catalog, true);
    struct error e = {0};

    if (good == NULL)
        return;
    retention_mark_accept(&r->mark, good->id, good->sequence);
    if (save_mark(r, &e) != 0)
        log_line(LOG_LEVEL_WARNING,
                 "could not note which snapshot is right error=\"%s\"", e.text);
}

/* The entry first: what is listed is whole. */
static int
take_away(struct run *r, const struct catalog_entry *entry, struct error *e)
{
    char *names[] = {
        text_format("%s.json", entry->id),
        memory_dup(entry->archive.name),
        text_format("%s.verified", entry->id),
        text_format("%s.drilled", entry->id),
    };
    int rc = 0;

    for (size_t n = 0; n < sizeof names / sizeof *names; n++) {
        if (rc == 0)
            rc = storage_trash_put(&r->storage, names[n], r->now_ms, e);
        free(names[n]);
    }
    return rc == 0 ? 0 : error_in(e, "remove snapshot %s", entry->id);
}

static int
check_stop(size_t left, struct error *e)
{
    if (process_stop_signal() == 0)
        return 0;
    return error_set(e, ERROR_FAILED,
                     "stopped by a signal: %zu snapshots are left for the next"
                     " run",
                     left);
}

/* The newest first: a parent goes after those that need it. */
static int
remove_all(struct run *r, struct error *e)
{
    const struct retention *judged = &r->p->retention;
    size_t left = judged->removed;

    for (size_t i = judged->count; i-- > 0;) {
        const struct retention_item *item = &judged->items[i];

        if (item->keep)
            continue;
        if (check_stop(left--, e) != 0 ||
            take_away(r, &item->snapshot->entry, e) != 0)
            return -1;
        log_line(LOG_LEVEL_INFO, "snapshot removed id=%s reason=\"%s\"",
                 item->snapshot->id, item->reasons[0]);
    }
    return 0;
}

int
prune_run(struct prune *p, const struct prune_options *options, int64_t now_ms,
          struct error *e)
{
    struct run r = {
        .options = options,
        .p = p,
        .storage = {.instance_dir = -1, .snapshots_dir = -1},
        .lock = LOCK_NONE,
        .now_ms = now_ms,
    };
    int rc = -1;

    memset(p, 0, sizeof *p);
    if (begin(&r, e) != 0 ||
        catalog_load(&p->catalog, r.storage.snapshots_dir, e) != 0)
        goto out;
    load_mark(&r);
    if (accept(&r, e) != 0)
        goto out;
    retention_apply(&p->retention, &p->catalog, &options->rules, &r.mark,
                    now_ms);
    rc = 0;
    if (p->retention.removed > 0 && !options->dry_run) {
        note_right(&r);
        rc = remove_all(&r, e);
    }

out:
    lock_release(&r.lock);
    storage_close(&r.storage);
    return rc;
}

void
prune_clear(struct prune *p)
{
    retention_clear(&p->retention);
    catalog_clear(&p->catalog);
}
