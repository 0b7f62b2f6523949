/*
 * retention_mark.h - up to which snapshot the data is taken as right. One line
 * in <repo>/<instance>/accepted:
 *
 *   20261120T113000Z 42
 *
 * the latest id and the highest sequence that are. prune moves it to the newest
 * good snapshot before it removes others, and to the one that --accept names.
 * What comes later is compared with that one.
 */
#ifndef REPO_RETENTION_MARK_H
#define REPO_RETENTION_MARK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "repo/catalog.h"

struct retention_mark {
    uint64_t sequence; /* 0: nothing was marked yet */
    char id[CATALOG_ID_SIZE];
};

/*
 * Takes id and all up to sequence as right. Never goes back: what is later in
 * mark stays, in id by its time.
 */
void retention_mark_accept(struct retention_mark *mark, const char *id,
                           uint64_t sequence);

/* Reads the line; false, and mark empty, if it is not one. */
bool retention_mark_read(struct retention_mark *mark, const char *bytes,
                         size_t size);

/*
 * Loads it from an open instance folder; before the catalog, so that it is not
 * ahead of that. None there, or one that cannot be read: empty, and then all
 * that the repository holds is compared.
 */
void retention_mark_load(struct retention_mark *mark, int instance_dir);

int retention_mark_save(const struct retention_mark *mark, int instance_dir,
                        struct error *e);

#endif
