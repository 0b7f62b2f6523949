/*
 * listing.h - a catalog as the JSON of the contract: what redkeep list --json
 * prints, and the agent tells.
 */
#ifndef JOBS_LISTING_H
#define JOBS_LISTING_H

#include <jansson.h>
#include <stddef.h>

#include "repo/catalog.h"

/*
 * {"snapshots":[],"windows":[],"gaps":[]}, oldest first, of more than max (0:
 * no bound) snapshots the newest. Caller's.
 */
json_t *listing_write(const struct catalog *c, size_t max);

/* last_drill of the contract, of a snapshots folder; null: none is noted. */
json_t *listing_write_drill(int snapshots_dir);

/* One snapshot; caller's. */
json_t *listing_write_item(const struct catalog_item *item);

#endif
