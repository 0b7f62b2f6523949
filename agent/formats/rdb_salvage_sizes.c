#include "formats/rdb_salvage_sizes.h"

#include <stddef.h>

/* Type, an empty name, an empty value. */
enum { KEY_BYTES_MIN = 3 };

static struct rdb_salvage_size *
find(struct rdb_salvage_sizes *z, uint64_t db)
{
    for (unsigned i = z->count; i-- > 0;)
        if (z->databases[i].db == db)
            return &z->databases[i];
    if (z->count == RDB_SALVAGE_SIZES_MAX)
        return NULL;
    z->databases[z->count] = (struct rdb_salvage_size){.db = db};
    return &z->databases[z->count++];
}

void
rdb_salvage_sizes_begin(struct rdb_salvage_sizes *z)
{
    for (unsigned i = 0; i < z->count; i++) {
        struct rdb_salvage_size *d = &z->databases[i];

        d->last_keys = d->keys;
        d->last_holes = d->holes;
        d->keys = d->holes = 0;
        d->selected = false;
    }
}

bool
rdb_salvage_sizes_select(struct rdb_salvage_sizes *z, uint64_t db,
                         uint64_t told)
{
    struct rdb_salvage_size *d = find(z, db);

    if (d == NULL)
        return true;
    if (d->selected && d->told == told)
        return false;
    d->selected = true;
    d->told = told;
    return true;
}

void
rdb_salvage_sizes_key(struct rdb_salvage_sizes *z, uint64_t db)
{
    struct rdb_salvage_size *d = find(z, db);

    if (d != NULL)
        d->keys++;
}

int64_t
rdb_salvage_sizes_hole(struct rdb_salvage_sizes *z, uint64_t db,
                       uint64_t size_bytes, enum rdb_salvage_change *change)
{
    struct rdb_salvage_size *d = find(z, db);

    *change = z->count > 1 ? RDB_SALVAGE_MAY_CHANGE : RDB_SALVAGE_NO_CHANGE;
    if (d == NULL)
        return -1;
    d->holes++;
    if (!z->frozen || d->told == 0)
        return -1;
    /* So many keys are still to come that this hole cannot hold them. */
    if (d->keys < d->told && d->told - d->keys > size_bytes / KEY_BYTES_MIN)
        *change = RDB_SALVAGE_NO_CHANGE;
    else if (d->all_keys > d->told)
        *change = d->all_holes == 1 ? RDB_SALVAGE_CHANGES
                                    : RDB_SALVAGE_MAY_CHANGE;
    /* The only hole in a database holds what is missing. */
    if (*change != RDB_SALVAGE_NO_CHANGE || d->last_holes != 1 ||
        d->last_keys > d->told ||
        d->told - d->last_keys > size_bytes / KEY_BYTES_MIN)
        return -1;
    return (int64_t)(d->told - d->last_keys);
}

void
rdb_salvage_sizes_freeze(struct rdb_salvage_sizes *z)
{
    for (unsigned i = 0; i < z->count; i++) {
        z->databases[i].all_keys = z->databases[i].keys;
        z->databases[i].all_holes = z->databases[i].holes;
    }
    z->frozen = true;
}
