/*
 * retention_mark.h - up to which snapshot the data is taken as right. One line
 * in <repo>/<instance>/accepted:
 *
 *   20261120T113000Z 42
 *
 * the id and the sequence of a snapshot. prune moves it to the newest good one
 * while nothing looks wrong, and to the one that --accept names. What comes
 * later is compared with that one.
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

/* Reads the line; false, and mark empty, if it is not one. */
bool retention_mark_read(struct retention_mark *mark, const char *bytes,
                         size_t size);

/*
 * Loads it from an open instance folder. None there, or one that cannot be
 * read: empty, and then all that the repository holds is compared.
 */
void retention_mark_load(struct retention_mark *mark, int instance_dir);

int retention_mark_save(const struct retention_mark *mark, int instance_dir,
                        struct error *e);

#endif
