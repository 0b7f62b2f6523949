#include "jobs/persist_files.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "jobs/binding.h"

/* The last of a role that is found is at the end. */
static void
add(struct persist_files *files, const char *path, enum dataset_role role,
    const struct file_identity *id)
{
    files->items =
        memory_resize(files->items, files->count + 1, sizeof *files->items);
    files->items[files->count++] = (struct persist_file){
        .path = memory_dup(path),
        .role = role,
        .size_bytes = id->size_bytes,
        .modified_ms = id->mtime_ns / 1000000,
    };
}

/* Their sizes as they are now: an open file grows. */
static void
add_all(struct persist_files *files, const struct dataset *d)
{
    struct file_identity id;
    struct error ignored;

    for (size_t n = 0; n < d->count; n++)
        if (d->files[n].fd >= 0 &&
            file_identify(d->files[n].fd, &id, &ignored) == 0)
            add(files, d->files[n].path, d->files[n].role, &id);
}

static void
add_dump(struct persist_files *files, int dir, const char *name)
{
    struct file_identity id;
    struct error ignored;

    for (size_t n = 0; n < files->count; n++)
        if (files->items[n].role == DATASET_ROLE_DUMP)
            return;
    if (name == NULL)
        name = "dump.rdb";
    if (text_is_name(name) && file_identify_at(dir, name, &id, &ignored) == 0)
        add(files, name, DATASET_ROLE_DUMP, &id);
}

static int
look(struct persist_files *files, struct instance *i,
     const struct instance_options *options, struct error *e)
{
    const struct info before = i->info;
    struct dataset_names names = instance_names(i, options);
    enum catalog_bound bound;
    struct dataset d;
    int rc;

    if (dataset_open(&d, i->dir, &names, e) != 0)
        return -1;
    rc = binding_prove(i, &d, &before, &bound, e);
    if (rc == 0 && bound != CATALOG_BOUND)
        rc = error_set(e, ERROR_FAILED,
                       "nothing proves that %s here is the server's",
                       i->data_dir);
    if (rc == 0) {
        files->data_dir = memory_dup(i->data_dir);
        add_all(files, &d);
        add_dump(files, i->dir, names.dbfilename);
    }
    dataset_close(&d);
    return rc;
}

void
persist_files_look(struct persist_files *files,
                   const struct instance_options *options)
{
    struct instance i;

    *files = (struct persist_files){0};
    if (instance_open(&i, options, &files->why) != 0)
        return;
    if (i.link == NULL)
        files->why = i.why;
    else
        look(files, &i, options, &files->why);
    instance_close(&i);
}

int64_t
persist_files_size(const struct persist_files *files, enum dataset_role role)
{
    int64_t size = -1;

    for (size_t n = 0; n < files->count; n++)
        if (files->items[n].role == role)
            size = (size < 0 ? 0 : size) + (int64_t)files->items[n].size_bytes;
    return size;
}

void
persist_files_clear(struct persist_files *files)
{
    for (size_t n = 0; n < files->count; n++)
        free(files->items[n].path);
    free(files->items);
    free(files->data_dir);
    *files = (struct persist_files){0};
}
