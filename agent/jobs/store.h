/*
 * store.h - packs a pinned dataset into the repository and commits it: archive
 * first, entry last. From then on the snapshot exists.
 */
#ifndef JOBS_STORE_H
#define JOBS_STORE_H

#include "base/error.h"
#include "jobs/pin.h"
#include "jobs/snapshot.h"
#include "repo/storage.h"

/* All borrowed for the call. */
struct store_source {
    const struct snapshot_options *options;
    const struct instance *instance;
    const struct dataset_names *names;
    const struct storage *storage; /* with the snapshot lock held */
    const struct catalog *catalog;
    const struct pin *pin;
};

/*
 * Reads, judges, packs, compresses and hashes in one pass, and fills entry,
 * whose report may hold findings already. ERROR_CHANGED: the source changed
 * meanwhile. A failure leaves no trace that the next run would not remove.
 */
int store_put(const struct store_source *from, struct catalog_entry *entry,
              struct error *e);

#endif
