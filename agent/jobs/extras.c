#include "jobs/extras.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "jobs/record.h"

static bool
may_take(const struct instance *i, const struct file_identity *id)
{
    struct file_identity dir;
    struct error none = {0};

    return file_identify(i->dir, &dir, &none) == 0 &&
           (id->uid == dir.uid || (id->mode & S_IROTH) != 0);
}

static void
add(struct extras *x, const struct instance *i, int dir, const char *path,
    const char *name, struct catalog_entry *entry)
{
    struct file_identity id;
    struct catalog_file *f;
    struct error none = {0};
    int fd = file_open(dir, path, &none);
    size_t got;
    char *bytes;

    if (fd < 0)
        return;
    if (file_identify(fd, &id, &none) != 0 || !may_take(i, &id) ||
        id.size_bytes > EXTRAS_SIZE_MAX) {
        close(fd);
        return;
    }
    bytes = memory_new((size_t)id.size_bytes);
    if (file_read_at(fd, bytes, (size_t)id.size_bytes, 0, &got, &none) == 0) {
        id.size_bytes = got;
        x->files[x->count].bytes = bytes;
        x->files[x->count].size = got;
        snprintf(x->files[x->count].path, sizeof x->files[x->count].path,
                 "config/%s", name);
        f = record_add(entry, x->files[x->count].path, DATASET_ROLE_ORPHAN,
                       &id);
        f->config = true;
        x->count++;
        bytes = NULL;
    }
    free(bytes);
    close(fd);
}

void
extras_find(struct extras *x, const struct instance *i,
            const struct snapshot_options *options, struct catalog_entry *entry)
{
    const char *acl = i->settings.aclfile;

    if (i->link == NULL)
        return;
    if (options->include_acl && acl != NULL && acl[0] == '/')
        add(x, i, AT_FDCWD, acl, "users.acl", entry);
    if (options->include_nodes)
        add(x, i, i->dir, "nodes.conf", "nodes.conf", entry);
    if (options->include_config && i->info.config_file[0] == '/')
        add(x, i, AT_FDCWD, i->info.config_file, "redis.conf", entry);
}

int
extras_put(const struct extras *x, struct catalog_file *f, struct copy *c,
           struct error *e)
{
    struct copy_file file = {
        .fd = -1,
        .member = {.path = f->path,
                   .size_bytes = f->size_bytes,
                   .mode = f->mode,
                   .mtime_ns = f->mtime_ns,
                   .uid = f->uid,
                   .gid = f->gid,
                   .owner = f->owner,
                   .group = f->group},
    };

    for (int n = 0; n < x->count; n++) {
        if (strcmp(x->files[n].path, f->path) != 0)
            continue;
        file.bytes = x->files[n].bytes;
        file.size = x->files[n].size;
    }
    return copy_put(c, &file, NULL, f->role, NULL, f->sha256, e);
}

void
extras_clear(struct extras *x)
{
    for (int n = 0; n < x->count; n++)
        free(x->files[n].bytes);
    x->count = 0;
}
