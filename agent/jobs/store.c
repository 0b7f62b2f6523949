#include "jobs/store.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/text.h"
#include "jobs/copy.h"
#include "jobs/extras.h"
#include "jobs/record.h"

struct store {
    const struct store_source *from;
    struct judge_options judge_options;
    struct judge judge;
    struct extras extras;
    struct file_draft draft;
    struct copy copy;
    char *label, *manifest;
    size_t label_size, manifest_size;
};

/* The manifest names what is archived: base and incrs, no history. */
static void
rewrite_manifest(struct store *a, struct catalog_entry *entry)
{
    const struct dataset *d = &a->from->pin->dataset;
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

static uint64_t
sum_sizes(const struct catalog_entry *entry)
{
    uint64_t sum = 0;

    for (size_t n = 0; n < entry->file_count; n++)
        sum += entry->files[n].size_bytes;
    return sum;
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
put_label(struct store *a, const struct catalog_entry *entry, struct error *e)
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
put_dataset_file(struct store *a, struct catalog_entry *entry, size_t n,
                 struct error *e)
{
    const struct dataset *d = &a->from->pin->dataset;
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
put_all(struct store *a, struct catalog_entry *entry, struct error *e)
{
    const struct dataset *d = &a->from->pin->dataset;

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

/* A failure to write is the repository's, not that of the file at hand. */
static int
blame_repository(const struct store *a, struct error *e)
{
    return error_in(e, "repository %s", a->from->storage->path);
}

static int
write_archive(struct store *a, struct catalog_entry *entry, struct error *e)
{
    const struct snapshot_options *options = a->from->options;

    if (file_draft_begin(&a->draft, a->from->storage->snapshots_dir, 0600, e) !=
        0)
        return blame_repository(a, e);
    a->copy = (struct copy){
        .pack = pack_writer_new(a->draft.fd, options->codec, options->level, e),
        .read_rate = options->read_rate,
        .progress = options->progress,
        .total = entry->bytes_source,
        .begun_ms = clock_steady_ms(),
    };
    if (a->copy.pack == NULL)
        return -1;
    if (put_all(a, entry, e) != 0)
        return a->copy.sink_failed ? blame_repository(a, e) : -1;
    if (pack_writer_end(a->copy.pack, &entry->archive.size_bytes,
                        entry->archive.sha256, e) != 0)
        return blame_repository(a, e);
    return 0;
}

/* The record says by how much the repository grows, itself included. */
static char *
write_record(struct catalog_entry *entry, size_t *size, struct error *e)
{
    struct catalog_entry again;
    char *text = NULL;
    uint64_t before;

    entry->bytes_stored = entry->archive.size_bytes;
    do {
        free(text);
        before = entry->bytes_stored;
        text = catalog_entry_write(entry, size);
        entry->bytes_stored = entry->archive.size_bytes + *size;
    } while (entry->bytes_stored != before);
    /* What could not be read again is no snapshot: said now, not then. */
    if (catalog_entry_read(&again, text, *size, e) == 0) {
        catalog_entry_clear(&again);
        return text;
    }
    e->kind = ERROR_FAILED;
    error_in(e, "the entry could not be read again");
    free(text);
    return NULL;
}

/* Archive first, entry last: from then on the snapshot exists. */
static int
commit(struct store *a, struct catalog_entry *entry, struct error *e)
{
    struct file_draft record = {.fd = -1};
    char *name = text_format("%s.json", entry->id), *text;
    size_t size;
    int rc = -1;

    text = write_record(entry, &size, e);
    progress_tell(a->from->options->progress, "writing to disk", 0, 0);
    if (text == NULL ||
        file_draft_publish(&a->draft, entry->archive.name, e) != 0 ||
        file_draft_begin(&record, a->from->storage->snapshots_dir, 0600, e) !=
            0 ||
        file_write(record.fd, text, size, e) != 0)
        goto out;
    rc = file_draft_publish(&record, name, e);

out:
    file_draft_abandon(&record);
    if (rc != 0)
        blame_repository(a, e);
    free(text);
    free(name);
    return rc;
}

static void
begin(struct store *a, struct catalog_entry *entry)
{
    const struct store_source *from = a->from;
    int64_t databases = from->instance->settings.databases;

    record_begin(entry, from->catalog, from->instance, from->pin, from->names);
    entry->instance = memory_dup(from->options->name);
    entry->archive.codec = from->options->codec;
    entry->archive.name =
        text_format("%s.tar%s", entry->id, codec_suffix(from->options->codec));
    rewrite_manifest(a, entry);
    entry->bytes_source = sum_sizes(entry);
    extras_find(&a->extras, from->instance, from->options, entry);
    a->judge_options = (struct judge_options){
        .names = *from->names,
        .release = release_newest(),
        .databases = databases > 0 ? (uint64_t)databases : 0,
        .own_commands = from->pin->bound == CATALOG_BOUND,
    };
    instance_release(from->instance, &a->judge_options.release);
    judge_begin(&a->judge, &a->judge_options);
}

int
store_put(const struct store_source *from, struct catalog_entry *entry,
          struct error *e)
{
    struct store a = {.from = from, .draft = {.fd = -1}};
    int rc = -1;

    begin(&a, entry);
    if (write_archive(&a, entry, e) != 0)
        goto out;
    report_about(&entry->report, from->instance->data_dir);
    judge_end(&a.judge, &from->pin->dataset, &entry->report);
    record_end(entry, &a.judge, from->pin);
    rc = commit(&a, entry, e);

out:
    pack_writer_free(a.copy.pack);
    file_draft_abandon(&a.draft);
    extras_clear(&a.extras);
    judge_clear(&a.judge);
    free(a.label);
    free(a.manifest);
    return rc;
}
