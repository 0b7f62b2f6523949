#include "jobs/layout.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"

static bool
keeps_prefix(const struct layout *l)
{
    return strcmp(l->appendfilename, l->entry->appendfilename) == 0;
}

static bool
keeps_folder(const struct layout *l)
{
    return strcmp(l->appenddirname, l->entry->appenddirname) == 0;
}

static char *
part_name(const struct layout *l, bool base, int64_t seq, const char *name)
{
    if (keeps_prefix(l))
        return memory_dup(name);
    return text_format("%s.%lld.%s", l->appendfilename, (long long)seq,
                       !base                           ? "incr.aof"
                       : text_has_suffix(name, ".rdb") ? "base.rdb"
                                                       : "base.aof");
}

static const char *
last_name(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash != NULL ? slash + 1 : path;
}

static char *
in_folder(const struct layout *l, char *name)
{
    char *path = text_format("%s/%s", l->appenddirname, name);

    free(name);
    return path;
}

static char *
base_path(const struct layout *l)
{
    if (l->no_manifest)
        return memory_dup(l->appendfilename);
    return in_folder(l, text_format("%s.1.base.rdb", l->appendfilename));
}

char *
layout_manifest_path(const struct layout *l)
{
    return in_folder(l, text_format("%s.manifest", l->appendfilename));
}

/* What keeps its names keeps its path to the letter. */
char *
layout_path(const struct layout *l, const struct catalog_file *f)
{
    bool renamed = !keeps_prefix(l);

    switch (f->role) {
    case DATASET_ROLE_DUMP:
        if (l->as_base)
            return base_path(l);
        renamed = strcmp(l->dbfilename, l->entry->dbfilename) != 0;
        return memory_dup(renamed ? l->dbfilename : f->path);
    case DATASET_ROLE_SINGLE:
        return memory_dup(renamed ? l->appendfilename : f->path);
    case DATASET_ROLE_ORPHAN:
        return memory_dup(f->path);
    case DATASET_ROLE_MANIFEST:
    case DATASET_ROLE_BASE:
    case DATASET_ROLE_INCR:
        break;
    }
    if (!renamed && keeps_folder(l))
        return memory_dup(f->path);
    if (f->role == DATASET_ROLE_MANIFEST)
        return layout_manifest_path(l);
    return in_folder(l, part_name(l, f->role == DATASET_ROLE_BASE, f->seq,
                                  last_name(f->path)));
}

bool
layout_makes_manifest(const struct layout *l)
{
    if (l->as_base)
        return !l->no_manifest;
    return l->entry->dataset == DATASET_AOF && !keeps_prefix(l);
}

char *
layout_manifest(const struct layout *l, const struct aof_manifest *stored,
                size_t *size)
{
    struct aof_manifest m = {0};
    char *text, *name;

    if (stored == NULL) {
        name = text_format("%s.1.base.rdb", l->appendfilename);
        aof_manifest_add(&m, &(struct aof_part){.name = name,
                                                .seq = 1,
                                                .type = AOF_BASE,
                                                .start_offset = -1,
                                                .end_offset = -1});
        free(name);
    }
    for (size_t i = 0; stored != NULL && i < stored->count; i++) {
        struct aof_part part = stored->parts[i];

        /* The files of history are not in the snapshot. */
        if (part.type == AOF_HISTORY)
            continue;
        name = part_name(l, part.type == AOF_BASE, part.seq, part.name);
        part.name = name;
        aof_manifest_add(&m, &part);
        free(name);
    }
    text = aof_manifest_write(&m, size);
    aof_manifest_clear(&m);
    return text;
}

int
layout_check(const struct layout *l, struct error *e)
{
    const struct catalog_entry *entry = l->entry;

    if (keeps_prefix(l) && keeps_folder(l))
        return 0;
    for (size_t n = 0; n < entry->file_count; n++)
        if (entry->files[n].role == DATASET_ROLE_ORPHAN &&
            !entry->files[n].config)
            return error_set(e, ERROR_REFUSED,
                             "snapshot %s has a manifest that cannot be read,"
                             " so its files keep their names: restore it with"
                             " --appendfilename '%s' --appenddirname '%s', and"
                             " repair it there",
                             entry->id, entry->appendfilename,
                             entry->appenddirname);
    return 0;
}
