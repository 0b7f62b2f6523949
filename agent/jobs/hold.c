#include "jobs/hold.h"

#include "repo/catalog.h"
#include "repo/storage.h"

static int
set(const struct storage *s, const struct catalog *c, const char *id, bool held,
    bool *changed, struct error *e)
{
    const struct catalog_item *item = catalog_find(c, id);

    if (item == NULL)
        return error_set(e, ERROR_FAILED,
                         "no snapshot '%s' in %s/%s: 'redkeep list' shows"
                         " those that are there",
                         id, s->path, s->instance);
    *changed = item->entry.held != held;
    /* Also if it seems to be so: one that cannot be looked at seems held. */
    return catalog_note_hold(s->snapshots_dir, id, held, e);
}

int
hold_set(const char *repo, const char *name, const char *id, bool held,
         bool *changed, struct error *e)
{
    struct storage storage;
    struct lock lock = LOCK_NONE;
    struct catalog catalog = {0};
    int rc = -1;

    if (storage_open_existing(&storage, repo, name, NULL, false, e) != 0)
        return -1;
    /* What is held must not be on its way to the trash. */
    if (storage_lock_soon(&storage, &lock, "prune", e) == 0 &&
        catalog_load(&catalog, storage.snapshots_dir, e) == 0)
        rc = set(&storage, &catalog, id, held, changed, e);
    catalog_clear(&catalog);
    lock_release(&lock);
    storage_close(&storage);
    return rc;
}
