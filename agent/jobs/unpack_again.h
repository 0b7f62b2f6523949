/*
 * unpack_again.h - bytes of a member that have passed already: for the few that
 * a judge has to compare (rdb_deep.h), by a second reading of the archive, so
 * that nothing of the others must be kept. Use unpack.h.
 */
#ifndef JOBS_UNPACK_AGAIN_H
#define JOBS_UNPACK_AGAIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "formats/report.h"
#include "repo/catalog.h"
#include "repo/pack.h"
#include "repo/storage.h"

/* So often at most the archive is read from its beginning; one that needs it
 * more was made for that. */
enum { UNPACK_AGAIN_MAX = 32 };

struct unpack_again {
    const struct storage *storage;
    const struct catalog_entry *entry;
    const char *path; /* of the member */
    int fd;
    struct pack_reader *pack; /* NULL: not begun, or given up */
    uint64_t at;              /* in the member */
    unsigned begun;
    bool given_up; /* not all could be read that was asked for */
};

/* Borrows all. Reads nothing yet. */
void unpack_again_begin(struct unpack_again *a, const struct storage *storage,
                        const struct catalog_entry *entry, const char *path);

/* Like source_read_at; *got is 0 once it is given up. */
int unpack_again_read(struct unpack_again *a, void *bytes, size_t size,
                      uint64_t offset, size_t *got, struct error *e);

/* Gives back what it holds; reports if it was given up. */
void unpack_again_end(struct unpack_again *a, struct report *report);

#endif
