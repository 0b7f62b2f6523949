#include "jobs/snapshot.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/text.h"
#include "jobs/binding.h"
#include "jobs/machine.h"
#include "jobs/pin.h"
#include "jobs/stage.h"
#include "jobs/store.h"
#include "repo/storage.h"
#include "repo/storage_agent.h"

/* A source that changes under us this often is not to be had today. */
enum { TRIES = 10 };

struct take {
    const struct snapshot_options *options;
    struct instance instance;
    struct dataset_names names;
    struct storage storage;
    struct lock lock;
    struct catalog catalog;
};

/*
 * The dump that the newest good snapshot holds already; NULL: it is another.
 * Anybody can set an mtime; ctime the kernel sets with every change, so that a
 * dump changed in place since it was read is seen.
 */
static const struct catalog_entry *
find_same_dump(const struct take *t, const struct pin *p)
{
    const struct catalog_entry *newest = catalog_newest(&t->catalog, true);
    const struct file_identity *id;
    const struct catalog_file *f;

    if (newest == NULL || t->options->full || p->dataset.kind != DATASET_RDB ||
        newest->dataset != DATASET_RDB || newest->file_count == 0)
        return NULL;
    id = &p->dataset.files[0].id;
    f = &newest->files[0];
    if (f->inode != id->inode || f->birth_ns != id->birth_ns ||
        f->mtime_ns != id->mtime_ns || f->length_bytes != id->size_bytes ||
        id->ctime_ns / 1000000 > newest->started_ms ||
        strcmp(f->path, p->dataset.files[0].path) != 0)
        return NULL;
    /* Another server's word for the same file is news. */
    return newest->bound == p->bound ? newest : NULL;
}

/*
 * The entry of a snapshot that is there already, with what was found by now: a
 * dump that could not be refreshed is news even if it is the same.
 */
static int
load_entry(const struct take *t, const char *id, struct catalog_entry *entry,
           struct error *e)
{
    char *name = text_format("%s.json", id), *bytes = NULL;
    struct report found = entry->report;
    size_t size;
    int rc = file_load(t->storage.snapshots_dir, name, CATALOG_ENTRY_MAX,
                       &bytes, &size, e);

    entry->report = (struct report){0};
    if (rc == 0)
        rc = catalog_entry_read(entry, bytes, size, e);
    for (size_t n = 0; n < found.count && rc == 0; n++) {
        const struct finding *f = &found.findings[n];

        report_about(&entry->report, f->path);
        report_add(&entry->report, f->severity, f->code, f->offset, f->remedy,
                   "%s", f->text);
    }
    report_clear(&found);
    free(bytes);
    free(name);
    return rc;
}

static int
nothing_there(const struct take *t, const struct dataset *d, struct error *e)
{
    const struct dataset_names *n = &t->names;

    if (d->count > 0)
        return 0;
    return error_set(e, ERROR_FAILED,
                     "nothing to keep in %s: neither %s/%s.manifest nor %s nor"
                     " %s is there%s",
                     t->instance.data_dir,
                     n->appenddirname ? n->appenddirname : "appendonlydir",
                     n->appendfilename ? n->appendfilename : "appendonly.aof",
                     n->appendfilename ? n->appendfilename : "appendonly.aof",
                     n->dbfilename ? n->dbfilename : "dump.rdb",
                     t->instance.link != NULL
                         ? "; does the server keep its files elsewhere"
                           " (--appenddirname, --appendfilename,"
                           " --dbfilename)?"
                         : "; is --data-dir right? other names are given"
                           " by --appenddirname, --appendfilename,"
                           " --dbfilename");
}

static int
unreadable(const struct take *t, const struct dataset *d, struct error *e)
{
    for (size_t n = 0; n < d->count; n++)
        if (d->files[n].fd < 0 && !d->files[n].missing) {
            return error_set(e, ERROR_FAILED, "%s/%s: %s", t->instance.data_dir,
                             d->files[n].path, d->files[n].error.text);
        }
    return 0;
}

/* One try; ERROR_CHANGED: the source moved, begin again. */
static int
try_once(struct take *t, struct snapshot *s, struct error *e)
{
    struct pin pin;
    const struct pin_options options = {
        .names = t->names,
        .bgsave = t->options->bgsave,
        .max_age_ms = t->options->max_age_ms,
        .progress = t->options->progress,
    };
    const struct catalog_entry *same;
    int rc = -1;

    report_about(&s->entry.report, t->instance.data_dir);
    if (pin_open(&pin, &t->instance, &options, &s->entry.report, e) != 0)
        return -1;
    if (nothing_there(t, &pin.dataset, e) != 0 ||
        unreadable(t, &pin.dataset, e) != 0)
        goto out;
    /* Beside a live server's AOF its save points keep a dump: no news. */
    if (t->instance.link != NULL && pin.dataset.kind == DATASET_AOF)
        pin.dataset.other_dump = false;
    pin.dataset.unused_manifest.kind = ERROR_NONE; /* it is not kept */
    same = find_same_dump(t, &pin);
    s->unchanged = same != NULL;
    if (same != NULL)
        rc = load_entry(t, same->id, &s->entry, e);
    else
        rc = store_put(&(struct store_source){t->options, &t->instance,
                                              &t->names, &t->storage,
                                              &t->catalog, &pin},
                       &s->entry, e);

out:
    pin_close(&pin);
    return rc;
}

/*
 * The agent has made its folder long before: one that is not there is on a disk
 * that is not there, and what would be made is on the disk below.
 */
static int
check_existing(const struct snapshot_options *o, struct error *e)
{
    int dir;

    if (!o->existing)
        return 0;
    dir = storage_agent_open(o->repo, o->name, false, e);
    if (dir < 0 && e->kind == ERROR_ABSENT)
        return error_set(e, ERROR_FAILED,
                         "the repository is not there any more: no %s/%s",
                         o->repo, o->name);
    if (dir < 0)
        return -1;
    close(dir);
    return 0;
}

static int
open_all(struct take *t, struct error *e)
{
    const struct snapshot_options *o = t->options;
    enum catalog_bound unused;
    struct machine machine;

    if (instance_open(&t->instance, &o->instance, e) != 0 ||
        stage_check(t->instance.dir, t->instance.data_dir, e) != 0)
        return -1;
    t->names = instance_names(&t->instance, &o->instance);
    /* The wrong server? Then it is asked for nothing, and nothing is made. */
    if (t->instance.link != NULL &&
        binding_prove(&t->instance, &(struct dataset){0}, &t->instance.info,
                      &unused, e) != 0)
        return -1;
    machine_look(&machine);
    if (check_existing(o, e) != 0)
        return -1;
    if (storage_open_writable(&t->storage, o->repo, o->name,
                              &(struct storage_owner){
                                  .machine_id = machine.id,
                                  .host = machine.host,
                                  .directory = t->instance.data_dir,
                              },
                              o->adopt, e) != 0)
        return -1;
    if (storage_lock(&t->storage, &t->lock, "snapshot", e) != 0 ||
        storage_sweep(&t->storage, e) != 0)
        return -1;
    return catalog_load(&t->catalog, t->storage.snapshots_dir, e);
}

/* What changed may be whether the AOF is on, and with it what the data is. */
static int
look_again(struct take *t, struct error *e)
{
    struct instance *i = &t->instance;

    if (i->link != NULL && info_ask(i->link, &i->info, e) != 0)
        return error_in(e, "%s", i->url);
    t->names = instance_names(i, &t->options->instance);
    return 0;
}

int
snapshot_take(struct snapshot *s, const struct snapshot_options *options,
              struct error *e)
{
    struct take t = {.options = options, .lock = LOCK_NONE};
    uint64_t begin = clock_steady_ms();
    int rc = -1;

    memset(s, 0, sizeof *s);
    t.instance.dir = -1;
    t.storage.instance_dir = t.storage.snapshots_dir = -1;
    if (open_all(&t, e) != 0)
        goto out;
    if (t.instance.link == NULL)
        s->server = text_format("no server answers (%s): what is on disk is"
                                " taken as it is",
                                t.instance.why.text);
    for (int tries = 0; tries < TRIES; tries++) {
        memset(e, 0, sizeof *e);
        rc = try_once(&t, s, e);
        if (rc == 0 || e->kind != ERROR_CHANGED)
            break;
        log_line(LOG_LEVEL_INFO, "the source changed, beginning again: %s",
                 e->text);
        catalog_entry_clear(&s->entry);
        if ((rc = look_again(&t, e)) != 0)
            break;
    }
    s->took_ms = clock_steady_ms() - begin;

out:
    if (rc != 0) {
        snapshot_clear(s);
        /* Without the lock it may be another's by now. */
        if (t.lock.fd >= 0)
            storage_unmake(&t.storage);
    }
    catalog_clear(&t.catalog);
    lock_release(&t.lock);
    storage_close(&t.storage);
    instance_close(&t.instance);
    return rc;
}

void
snapshot_clear(struct snapshot *s)
{
    catalog_entry_clear(&s->entry);
    free(s->server);
    s->server = NULL;
}
