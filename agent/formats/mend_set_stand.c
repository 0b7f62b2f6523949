#include "formats/mend_set_stand.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "formats/judge_beside.h"

static bool
ends_in_rdb(const char *path)
{
    size_t size = strlen(path);

    return size > 4 && strcmp(path + size - 4, ".rdb") == 0;
}

/*
 * Whether what is listed is there, of its kind, and in its place. *bytes: it
 * holds any.
 */
static bool
fits(const struct dataset *d, const struct judge *j, bool *bytes)
{
    bool data = false, good = true, odd = false;

    *bytes = false;
    for (size_t i = 0; i < j->count; i++) {
        const struct judge_file *f = &j->files[i];

        if (!mend_set_stand_loads(d, f->role))
            continue;
        /* A base that by its name is an RDB, and is none. */
        if (f->role == DATASET_ROLE_BASE && ends_in_rdb(f->path))
            odd = !f->aof.has_rdb;
        if (f->missing || (data && f->is_aof && f->rdb.keys > 0) ||
            (odd && f->role == DATASET_ROLE_BASE && f->size_bytes == 0) ||
            (odd && f->role == DATASET_ROLE_INCR && f->aof.has_rdb))
            good = false;
        data = data || f->keys > 0 || f->commands > 0;
        *bytes = *bytes || f->size_bytes > 0;
    }
    return good;
}

/* Whether a server appends to a file that no line names, and then loads it. */
static bool
is_joined(const struct dataset *d)
{
    for (size_t i = 0; i < d->beside_count; i++)
        if (judge_beside_joins(d, &d->beside[i]))
            return true;
    return false;
}

static int
compare_names(const void *a, const void *b)
{
    const struct aof_part *x = a, *y = b;

    return strcmp(x->name, y->name);
}

bool
mend_set_stand_loads(const struct dataset *d, enum dataset_role role)
{
    switch (d->kind) {
    case DATASET_RDB:
        return role == DATASET_ROLE_DUMP;
    case DATASET_AOF_SINGLE:
        return role == DATASET_ROLE_SINGLE;
    default:
        return role == DATASET_ROLE_BASE || role == DATASET_ROLE_INCR;
    }
}

bool
mend_set_stand(const struct dataset *d, const struct judge *j)
{
    bool others = d->other_dump || d->other_aof, bytes;
    const char *name = j->options->names.appendfilename;
    bool good = fits(d, j, &bytes);

    if (d->manifest_missing || d->manifest_error.kind != ERROR_NONE)
        return false;
    if (d->kind == DATASET_RDB)
        return true;
    return good && (bytes || !others) && !is_joined(d) &&
           !mend_set_stand_twice(&d->manifest) &&
           aof_manifest_replaced_base(&d->manifest) == NULL &&
           aof_manifest_replaced_incr(
               &d->manifest, name != NULL ? name : "appendonly.aof") == NULL;
}

bool
mend_set_stand_twice(const struct aof_manifest *m)
{
    struct aof_part *parts;
    bool twice = false;

    if (m->count < 2)
        return false;
    parts = memory_resize(NULL, m->count, sizeof *parts);
    memcpy(parts, m->parts, m->count * sizeof *parts);
    qsort(parts, m->count, sizeof *parts, compare_names);
    for (size_t i = 1; i < m->count && !twice; i++)
        twice =
            strcmp(parts[i - 1].name, parts[i].name) == 0 &&
            (parts[i - 1].type != AOF_HISTORY || parts[i].type != AOF_HISTORY);
    free(parts);
    return twice;
}
