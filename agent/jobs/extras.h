/*
 * extras.h - the server's ACL file, nodes.conf and configuration, kept beside
 * the dataset under config/ and never restored by themselves.
 */
#ifndef JOBS_EXTRAS_H
#define JOBS_EXTRAS_H

#include "base/error.h"
#include "jobs/copy.h"
#include "jobs/instance.h"
#include "jobs/snapshot.h"
#include "repo/catalog.h"

enum { EXTRAS_MAX = 3, EXTRAS_SIZE_MAX = 16 << 20 };

struct extras {
    struct {
        char *bytes;
        size_t size;
        char path[32];
    } files[EXTRAS_MAX];
    int count;
};

/*
 * Loads those that are wanted and readable, and adds them to the entry. The
 * server names the paths, so a file is taken only if the data directory's owner
 * could read it himself: it is his, or everybody may read it.
 */
void extras_find(struct extras *x, const struct instance *i,
                 const struct snapshot_options *options,
                 struct catalog_entry *entry);

/* Puts the one that f describes into the archive and hashes it. */
int extras_put(const struct extras *x, struct catalog_file *f, struct copy *c,
               struct error *e);

void extras_clear(struct extras *x);

#endif
