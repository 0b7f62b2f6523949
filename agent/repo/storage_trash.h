/*
 * storage_trash.h - what prune took away, for an hour. A file <name> of
 * snapshots/ is trash/<time>_<name>, the time as in an id: it says when it was
 * taken whatever a file system or a copy does to times.
 *
 * An entry goes before all else of its snapshot, so that what is listed is
 * whole, and from the trash as well: one that is there without its archive is
 * always the trace of a prune that was killed in between.
 */
#ifndef REPO_STORAGE_TRASH_H
#define REPO_STORAGE_TRASH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "repo/storage.h"

#define STORAGE_TRASH "trash"

enum { STORAGE_TRASH_MS = 3600 * 1000 };

/* Takes a file of snapshots/ there; none of that name is fine. */
int storage_trash_put(const struct storage *s, const char *name, int64_t now_ms,
                      struct error *e);

/* Opens what was a file of that name in snapshots/. Descriptor, or -1. */
int storage_trash_open(const struct storage *s, const char *name,
                       struct error *e);

/*
 * Takes a file of snapshots/ that has no entry to the trash, if the entry is
 * there and the file is not (*taken).
 */
int storage_trash_take_rest(const struct storage *s, const char *name,
                            bool *taken, struct error *e);

struct storage_trash_emptied {
    uint64_t freed_bytes;
    size_t waiting; /* files whose hour is over, but somebody reads */
};

/*
 * Deletes what is there for an hour, unless a reader holds his lock. What comes
 * from the future, as the clock went back, begins its hour anew.
 */
int storage_trash_empty(struct storage *s, int64_t now_ms,
                        struct storage_trash_emptied *emptied, struct error *e);

#endif
