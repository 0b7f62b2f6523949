#include "repo/catalog_entry_files.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "repo/catalog_entry.h"
#include "repo/pack_name.h"

enum { MODE_DIGITS = 4 };

static uint64_t
take_size(struct catalog_fields *f, const char *name)
{
    return (uint64_t)catalog_fields_number(f, name, 0, INT64_MAX,
                                           CATALOG_NEVER_NULL);
}

static void
take_role(struct catalog_fields *f, struct catalog_file *file)
{
    char name[16];

    catalog_fields_copy(f, "role", name, sizeof name);
    file->config = strcmp(name, CATALOG_ENTRY_CONFIG) == 0;
    if (file->config)
        file->role = DATASET_ROLE_ORPHAN;
    else if (!dataset_find_role(name, &file->role))
        catalog_fields_fail(f, "role", "is unknown");
}

static mode_t
take_mode(struct catalog_fields *f)
{
    char text[MODE_DIGITS + 1];

    catalog_fields_copy(f, "mode", text, sizeof text);
    if (strspn(text, "01234567") != MODE_DIGITS || text[MODE_DIGITS] != '\0')
        catalog_fields_fail(f, "mode", "is not four octal digits");
    return (mode_t)strtoul(text, NULL, 8);
}

/* A user or group number; the highest one means "none" to the kernel. */
static unsigned
take_owner_id(struct catalog_fields *f, const char *name)
{
    return (unsigned)catalog_fields_number(f, name, 0, UINT_MAX - 1,
                                           CATALOG_NEVER_NULL);
}

static void
take_file(struct catalog_fields *f, struct catalog_file *file)
{
    const char *fault;

    file->path = catalog_fields_text(f, "path", CATALOG_ENTRY_PATH_MAX,
                                     CATALOG_NEVER_NULL);
    fault = file->path == NULL ? NULL : pack_name_fault(file->path);
    if (fault != NULL)
        catalog_fields_fail(f, "path", "%s", fault);
    take_role(f, file);
    file->seq = catalog_fields_number(f, "seq", INT64_MIN, INT64_MAX,
                                      CATALOG_NEVER_NULL);
    file->size_bytes = take_size(f, "size");
    file->length_bytes = take_size(f, "length");
    file->cut = catalog_fields_number(f, "cut", 0, INT64_MAX, CATALOG_OR_NULL);
    if (file->cut >= 0 && (uint64_t)file->cut > file->length_bytes)
        catalog_fields_fail(f, "cut", "lies behind the length");
    catalog_fields_sha256(f, "sha256", file->sha256);
    file->mode = take_mode(f);
    file->uid = take_owner_id(f, "uid");
    file->gid = take_owner_id(f, "gid");
    file->owner = catalog_fields_text(f, "owner", CATALOG_ENTRY_WORD_MAX,
                                      CATALOG_OR_NULL);
    file->group = catalog_fields_text(f, "group", CATALOG_ENTRY_WORD_MAX,
                                      CATALOG_OR_NULL);
    file->device = catalog_fields_wide(f, "device");
    file->inode = catalog_fields_wide(f, "inode");
    file->birth_ns = catalog_fields_time_ns(f, "birth", CATALOG_OR_NULL);
    file->mtime_ns = catalog_fields_time_ns(f, "mtime", CATALOG_NEVER_NULL);
}

/* "FOLDER/NAME", and no folder below it. */
static bool
lies_in(const char *path, const char *folder)
{
    size_t size = strlen(folder);

    return strncmp(path, folder, size) == 0 && path[size] == '/' &&
           strchr(path + size + 1, '/') == NULL;
}

/* Nothing but a dataset by its names: a restore puts it in place of the old. */
static bool
is_in_place(const struct catalog_entry *entry, const struct catalog_file *file)
{
    if (file->config)
        return lies_in(file->path, CATALOG_ENTRY_CONFIG);
    if (file->role == DATASET_ROLE_DUMP)
        return strcmp(file->path, entry->dbfilename) == 0;
    if (file->role == DATASET_ROLE_SINGLE)
        return strcmp(file->path, entry->appendfilename) == 0;
    return lies_in(file->path, entry->appenddirname);
}

/* The first file tells the dataset: its dump, its single AOF, or its set. */
static bool
is_of_kind(const struct catalog_entry *entry)
{
    const struct catalog_file *first = &entry->files[0];

    if (entry->file_count == 0 || first->config)
        return false;
    if (entry->dataset == DATASET_RDB)
        return first->role == DATASET_ROLE_DUMP;
    if (entry->dataset == DATASET_AOF_SINGLE)
        return first->role == DATASET_ROLE_SINGLE;
    return entry->dataset == DATASET_AOF && first->role != DATASET_ROLE_SINGLE;
}

static void
check_dataset(struct catalog_fields *f, const struct catalog_entry *entry)
{
    char name[200];

    if (!is_of_kind(entry))
        catalog_fields_fail(f, "files", "do not begin with the dataset's");
    for (size_t i = 0; i < entry->file_count && !f->failed; i++) {
        const struct catalog_file *file = &entry->files[i];

        if (is_in_place(entry, file))
            continue;
        text_quote(name, sizeof name, file->path, strlen(file->path));
        catalog_fields_fail(f, "files",
                            "name '%s', which is not of the"
                            " dataset",
                            name);
    }
}

static int
compare_paths(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void
check_paths_differ(struct catalog_fields *f, const struct catalog_entry *entry)
{
    char **paths = memory_resize(NULL, entry->file_count, sizeof *paths);
    char name[200];

    for (size_t i = 0; i < entry->file_count; i++)
        paths[i] = entry->files[i].path;
    if (entry->file_count > 0)
        qsort(paths, entry->file_count, sizeof *paths, compare_paths);
    for (size_t i = 1; i < entry->file_count; i++) {
        if (strcmp(paths[i - 1], paths[i]) != 0)
            continue;
        text_quote(name, sizeof name, paths[i], strlen(paths[i]));
        catalog_fields_fail(f, "files", "name '%s' twice", name);
    }
    free(paths);
}

void
catalog_entry_files_read(struct catalog_fields *f, struct catalog_entry *entry)
{
    size_t count = catalog_fields_list(f, "files", CATALOG_ENTRY_FILES_MAX);

    entry->files = memory_new(count * sizeof *entry->files);
    for (size_t i = 0; i < count && !f->failed; i++) {
        struct catalog_fields item;

        catalog_fields_item(f, "files", i, &item);
        take_file(&item, &entry->files[entry->file_count++]);
        f->failed = item.failed;
    }
    if (!f->failed)
        check_paths_differ(f, entry);
    if (!f->failed)
        check_dataset(f, entry);
}
