#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/process.h"
#include "base/text.h"
#include "jobs/repair_work.h"

/* While the kernel writes these, the next are read. */
enum { SYNC_BYTES = 32 << 20 };

struct writer {
    int fd;
    uint64_t written, synced;
};

static int
take(void *context, const void *bytes, size_t size, struct error *e)
{
    struct writer *w = context;

    if (file_write(w->fd, bytes, size, e) != 0)
        return -1;
    w->written += size;
    if (w->written - w->synced >= SYNC_BYTES) {
        file_sync_ahead(w->fd, w->synced, w->written - w->synced);
        w->synced = w->written;
    }
    return process_check_stop(e);
}

struct watch {
    const struct progress *progress;
    const struct repair_file *f;
};

static int
copied(void *context, uint64_t done, struct error *e)
{
    const struct watch *w = context;

    progress_tell(w->progress, w->f->from, done, w->f->id.size_bytes);
    return process_check_stop(e);
}

static int
fill(const struct repair_work *w, const struct repair_file *f, int from, int to,
     struct error *e)
{
    struct watch watch = {w->options->progress, f};
    struct writer writer = {.fd = to};
    struct mend m;
    int rc;

    if (f->way != REPAIR_MEND)
        return file_copy(from, to, f->id.size_bytes, copied, &watch, e);
    rc = repair_work_salvage(w, f, from, &m, take, &writer, e);
    mend_clear(&m);
    return rc;
}

/* Owner and mode as the old file's; synced. */
static int
finish(int fd, const struct file_identity *id, struct error *e)
{
    if (file_give(fd, id->uid, id->gid, e) != 0)
        return error_in(e, "run this as root or as the owner of the files");
    return file_set_mode(fd, id->mode, e) == 0 ? file_sync(fd, e) : -1;
}

static int
write_anew(const struct repair_work *w, const struct repair_file *f, int to,
           struct error *e)
{
    int from = file_open(w->dir, f->from, e), fd = -1, rc = -1;
    struct file_identity id;

    if (from < 0 || file_identify(from, &id, e) != 0)
        goto out;
    if (!file_same(&id, &f->id)) {
        error_set(e, ERROR_CHANGED, "another file has its place now");
        goto out;
    }
    fd = file_create(to, f->path, 0600, e);
    if (fd < 0 || fill(w, f, from, fd, e) != 0)
        goto out;
    rc = finish(fd, &f->id, e);

out:
    if (from >= 0)
        close(from);
    if (fd >= 0)
        close(fd);
    return rc;
}

static int
write_manifest(const struct repair_work *w, const struct repair_file *f, int to,
               struct error *e)
{
    struct file_identity id = {0};
    struct error none = {0};
    int fd = file_create(to, f->path, 0600, e), rc = -1;
    char *text;
    size_t size;

    if (fd < 0)
        return -1;
    text = aof_manifest_write(&w->set.manifest, &size);
    /* As the old one; else as what it names, or as the folder's. */
    if (file_identify_at(w->dir, f->path, &id, &none) != 0 && w->count > 1)
        id = w->files[0].id;
    if (file_write(fd, text, size, e) == 0)
        rc = finish(fd, &id, e);
    free(text);
    close(fd);
    return rc;
}

static int
build_one(const struct repair_work *w, const struct repair_file *f, int to,
          struct error *e)
{
    if (f->from == NULL)
        return write_manifest(w, f, to, e);
    if (f->way == REPAIR_LINK) {
        if (file_link(w->dir, f->from, to, f->path, e) == 0)
            return 0;
        if (e->kind != ERROR_DENIED)
            return -1;
        memset(e, 0, sizeof *e);
    }
    return write_anew(w, f, to, e);
}

/* The folder a path lies in, as the old one or as the data directory. */
static int
make_folder(const struct repair_work *w, const char *name, int to,
            struct error *e)
{
    struct file_identity id;
    bool made;
    int fd, rc;

    if (file_make_directory(to, name, 0700, &made, e) != 0)
        return -1;
    if (!made)
        return 0;
    if (repair_work_find(w, name, &id, e) != 0 ||
        (id.links == 0 && file_identify(w->dir, &id, e) != 0))
        return -1;
    fd = file_open_inner(to, name, e);
    if (fd < 0)
        return -1;
    rc = finish(fd, &id, e);
    close(fd);
    return rc;
}

int
repair_work_build(struct repair_work *w, int to, struct error *e)
{
    for (size_t i = 0; i < w->count; i++) {
        const struct repair_file *f = &w->files[i];
        const char *slash = strchr(f->path, '/');
        int rc = process_check_stop(e);

        if (rc == 0 && slash != NULL) {
            char *folder = memory_copy(f->path, (size_t)(slash - f->path));

            rc = make_folder(w, folder, to, e);
            free(folder);
        }
        if (rc != 0 || build_one(w, f, to, e) != 0)
            return error_in(e, "build the new %s", f->path);
    }
    return 0;
}

static int
tell_changed(const struct repair_work *w, const char *name, struct error *e)
{
    return error_set(e, ERROR_CHANGED, "%s/%s was written to meanwhile",
                     w->folder, name);
}

static int
compare_file(const struct repair_work *w, const char *name,
             const struct file_identity *id, struct error *e)
{
    struct file_identity now;

    if (file_identify_at(w->dir, name, &now, e) != 0) {
        if (e->kind == ERROR_ABSENT)
            e->kind = ERROR_CHANGED;
        return error_in(e, "%s/%s", w->folder, name);
    }
    if (!file_unchanged(&now, id))
        return tell_changed(w, name, e);
    return 0;
}

/* A server that was started meanwhile may have begun files beside the old. */
static int
compare_folder(const struct repair_work *w, struct error *e)
{
    const char *name = repair_work_aof_folder(w);
    struct file_identity now;

    if (w->aof.links > 0)
        return compare_file(w, name, &w->aof, e);
    if (repair_work_find(w, name, &now, e) != 0)
        return -1;
    return now.links > 0 ? tell_changed(w, name, e) : 0;
}

int
repair_work_compare(const struct repair_work *w, struct error *e)
{
    const struct dataset *d = &w->check.dataset;

    for (size_t i = 0; i < d->count; i++) {
        const struct dataset_file *f = &d->files[i];

        if (f->fd >= 0 && compare_file(w, w->file != NULL ? w->file : f->path,
                                       &f->id, e) != 0)
            return -1;
    }
    for (size_t i = 0; i < w->count; i++)
        if (w->files[i].from != NULL &&
            compare_file(w, w->files[i].from, &w->files[i].id, e) != 0)
            return -1;
    return w->file == NULL ? compare_folder(w, e) : 0;
}
