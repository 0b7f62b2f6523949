#include "jobs/snapshot.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/text.h"
#include "jobs/copy.h"
#include "jobs/extras.h"
#include "jobs/machine.h"
#include "jobs/pin.h"
#include "jobs/record.h"
#include "repo/storage.h"

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

/* What one try holds. */
struct attempt {
    struct pin pin;
    struct judge_options judge_options;
    struct judge judge;
    struct extras extras;
    struct file_draft draft;
    struct copy copy;
    char *label, *manifest;
    size_t label_size, manifest_size;
};

/* The dump that the newest good snapshot holds already; NULL: it is another. */
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
        strcmp(f->path, p->dataset.files[0].path) != 0)
        return NULL;
    /* Another server's word for the same file is news. */
    return newest->bound == p->bound ? newest : NULL;
}

/* The manifest names what is archived: base and incrs, no history. */
static void
rewrite_manifest(struct attempt *a, struct catalog_entry *entry)
{
    const struct dataset *d = &a->pin.dataset;
    struct aof_manifest kept = {0};

    if (d->kind != DATASET_AOF || d->manifest_error.kind != ERROR_NONE)
        return;
    for (size_t n = 0; n < d->manifest.count; n++)
        if (d->manifest.parts[n].type != AOF_HISTORY)
            aof_manifest_add(&kept, &d->manifest.parts[n]);
    a->manifest = aof_manifest_write(&kept, &a->manifest_size);
    aof_manifest_clear(&kept);
    for (size_t n = 0; n < entry->file_count; n++)
        if (entry->files[n].role == DATASET_ROLE_MANIFEST)
            entry->files[n].size_bytes = a->manifest_size;
}

static const struct dataset_file *
find_opened(const struct dataset *d, const char *path)
{
    for (size_t n = 0; n < d->count; n++)
        if (strcmp(d->files[n].path, path) == 0)
            return &d->files[n];
    return NULL;
}

static struct pack_member
member_of(const struct catalog_file *f)
{
    return (struct pack_member){
        .path = f->path,
        .size_bytes = f->size_bytes,
        .mode = f->mode,
        .mtime_ns = f->mtime_ns,
        .uid = f->uid,
        .gid = f->gid,
        .owner = f->owner,
        .group = f->group,
    };
}

static int
put_label(struct attempt *a, const struct catalog_entry *entry,
          struct error *e)
{
    struct copy_file file = {.fd = -1};
    char unused[DIGEST_HEX_SIZE];

    a->label = record_label(entry, &a->label_size);
    file.bytes = a->label;
    file.size = a->label_size;
    file.member = (struct pack_member){
        .path = "redkeep.json",
        .size_bytes = a->label_size,
        .mode = 0600,
        .mtime_ns = entry->started_ms * 1000000,
        .uid = geteuid(),
        .gid = getegid(),
    };
    return copy_put(&a->copy, &file, NULL, 0, NULL, unused, e);
}

static int
put_dataset_file(struct attempt *a, struct catalog_entry *entry, size_t n,
                 struct error *e)
{
    const struct dataset *d = &a->pin.dataset;
    struct catalog_file *f = &entry->files[n];
    const struct dataset_file *opened = find_opened(d, f->path);
    struct copy_file file = {
        .fd = opened->fd,
        .size = f->size_bytes,
        .growing = opened == &d->files[d->count - 1] && d->kind != DATASET_RDB,
        .member = member_of(f),
    };

    if (f->role == DATASET_ROLE_MANIFEST && a->manifest != NULL) {
        file.fd = -1;
        file.bytes = a->manifest;
    }
    return copy_put(&a->copy, &file, &a->judge, f->role, &entry->report,
                    f->sha256, e);
}

/* Everything into the archive, in the entry's order. */
static int
put_all(struct attempt *a, struct catalog_entry *entry, struct error *e)
{
    const struct dataset *d = &a->pin.dataset;

    if (put_label(a, entry, e) != 0)
        return -1;
    for (size_t n = 0; n < d->count; n++)
        if (d->files[n].fd < 0)
            judge_add_missing(&a->judge, d->files[n].path, d->files[n].role,
                              d->files[n].error.text, &entry->report);
    for (size_t n = 0; n < entry->file_count; n++) {
        struct catalog_file *f = &entry->files[n];
        int rc = f->config ? extras_put(&a->extras, f, &a->copy, e)
                           : put_dataset_file(a, entry, n, e);
        if (rc != 0)
            return -1;
    }
    return 0;
}

static int
write_archive(const struct take *t, struct attempt *a,
              struct catalog_entry *entry, struct error *e)
{
    int rc = -1;

    if (file_draft_begin(&a->draft, t->storage.snapshots_dir, 0600, e) != 0)
        return error_in(e, "repository %s", t->storage.path);
    a->copy = (struct copy){
        .pack = pack_writer_new(a->draft.fd, t->options->codec,
                                t->options->level, e),
        .read_rate = t->options->read_rate,
        .progress = t->options->progress,
        .total = entry->bytes_source,
        .begun_ms = clock_steady_ms(),
    };
    if (a->copy.pack == NULL || put_all(a, entry, e) != 0 ||
        pack_writer_end(a->copy.pack, &entry->archive.size_bytes,
                        entry->archive.sha256, e) != 0)
        goto out;
    rc = 0;

out:
    pack_writer_free(a->copy.pack);
    return rc;
}

/* The record says by how much the repository grows, itself included. */
static char *
write_record(struct catalog_entry *entry, size_t *size)
{
    char *text = NULL;
    uint64_t before;

    entry->bytes_stored = entry->archive.size_bytes;
    do {
        free(text);
        before = entry->bytes_stored;
        text = catalog_entry_write(entry, size);
        entry->bytes_stored = entry->archive.size_bytes + *size;
    } while (entry->bytes_stored != before);
    return text;
}

/* Archive first, entry last: from then on the snapshot exists. */
static int
commit(const struct take *t, struct attempt *a, struct catalog_entry *entry,
       struct error *e)
{
    struct file_draft record = {.fd = -1};
    char *name = text_format("%s.json", entry->id), *text;
    size_t size;
    int rc = -1;

    text = write_record(entry, &size);
    progress_tell(t->options->progress, "writing to disk", 0, 0);
    if (file_draft_publish(&a->draft, entry->archive.name, e) != 0 ||
        file_draft_begin(&record, t->storage.snapshots_dir, 0600, e) != 0 ||
        file_write(record.fd, text, size, e) != 0)
        goto out;
    rc = file_draft_publish(&record, name, e);

out:
    file_draft_abandon(&record);
    if (rc != 0)
        error_in(e, "repository %s", t->storage.path);
    free(text);
    free(name);
    return rc;
}

static int
store(struct take *t, struct attempt *a, struct catalog_entry *entry,
      struct error *e)
{
    record_begin(entry, &t->catalog, &t->instance, &a->pin, &t->names);
    entry->instance = memory_dup(t->options->name);
    entry->archive.codec = t->options->codec;
    entry->archive.name =
        text_format("%s.tar%s", entry->id, codec_suffix(t->options->codec));
    rewrite_manifest(a, entry);
    extras_find(&a->extras, &t->instance, t->options, entry);
    a->judge_options = (struct judge_options){
        .names = t->names,
        .release = release_newest(),
    };
    if (t->instance.settings.databases > 0)
        a->judge_options.databases = (uint64_t)t->instance.settings.databases;
    instance_release(&t->instance, &a->judge_options.release);
    judge_begin(&a->judge, &a->judge_options);
    if (write_archive(t, a, entry, e) != 0)
        return -1;
    report_about(&entry->report, t->instance.data_dir);
    judge_end(&a->judge, &a->pin.dataset, &entry->report);
    record_end(entry, &a->judge, &a->pin);
    return commit(t, a, entry, e);
}

/* The entry of a snapshot that is there already. */
static int
load_entry(const struct take *t, const char *id, struct catalog_entry *entry,
           struct error *e)
{
    char *name = text_format("%s.json", id), *bytes = NULL;
    size_t size;
    int rc = file_load(t->storage.snapshots_dir, name, CATALOG_ENTRY_MAX,
                       &bytes, &size, e);

    if (rc == 0)
        rc = catalog_entry_read(entry, bytes, size, e);
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
                         ? "; the server's AOF may lie elsewhere, or turn it on"
                           " with CONFIG SET appendonly yes"
                         : "; is --data-dir right?");
}

static int
unreadable(const struct dataset *d, struct error *e)
{
    for (size_t n = 0; n < d->count; n++)
        if (d->files[n].fd < 0 && !d->files[n].missing) {
            *e = d->files[n].error;
            return error_in(e, "%s", d->files[n].path);
        }
    return 0;
}

/* One try; ERROR_CHANGED: the source moved, begin again. */
static int
try_once(struct take *t, struct snapshot *s, struct error *e)
{
    struct attempt a = {.draft = {.fd = -1}};
    const struct pin_options options = {
        .names = t->names,
        .bgsave = t->options->bgsave,
        .max_age_ms = t->options->max_age_ms,
        .progress = t->options->progress,
    };
    const struct catalog_entry *same;
    int rc = -1;

    report_about(&s->entry.report, t->instance.data_dir);
    if (pin_open(&a.pin, &t->instance, &options, &s->entry.report, e) != 0)
        return -1;
    if (nothing_there(t, &a.pin.dataset, e) != 0 ||
        unreadable(&a.pin.dataset, e) != 0)
        goto out;
    same = find_same_dump(t, &a.pin);
    s->unchanged = same != NULL;
    if (same != NULL) {
        catalog_entry_clear(&s->entry);
        rc = load_entry(t, same->id, &s->entry, e);
    } else
        rc = store(t, &a, &s->entry, e);

out:
    file_draft_abandon(&a.draft);
    extras_clear(&a.extras);
    judge_clear(&a.judge);
    pin_close(&a.pin);
    free(a.label);
    free(a.manifest);
    return rc;
}

static int
open_all(struct take *t, struct error *e)
{
    const struct snapshot_options *o = t->options;
    struct machine machine;

    if (instance_open(&t->instance, &o->instance, e) != 0)
        return -1;
    t->names = instance_names(&t->instance, &o->instance);
    machine_look(&machine);
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
                                " taken as it is", t.instance.why.text);
    for (int tries = 0; tries < TRIES; tries++) {
        memset(e, 0, sizeof *e);
        rc = try_once(&t, s, e);
        if (rc == 0 || e->kind != ERROR_CHANGED)
            break;
        log_line(LOG_LEVEL_INFO, "the source changed, beginning again: %s",
                 e->text);
        catalog_entry_clear(&s->entry);
    }
    s->took_ms = clock_steady_ms() - begin;

out:
    if (rc != 0)
        snapshot_clear(s);
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
