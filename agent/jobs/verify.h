/*
 * verify.h - re-reads a snapshot from the repository: its archive, every hash,
 * and the formats of what is inside.
 */
#ifndef JOBS_VERIFY_H
#define JOBS_VERIFY_H

#include <stdbool.h>

#include "base/error.h"
#include "formats/report.h"
#include "jobs/progress.h"
#include "repo/catalog.h"
#include "repo/storage.h"

/*
 * Reads one snapshot whole. *ok: it is as it was stored (a damaged source that
 * was kept as such is ok). Time and outcome are noted beside the entry, where
 * the repository can be written.
 */
int verify_one(const struct storage *storage, const struct catalog_item *item,
               const struct progress *progress, struct report *report, bool *ok,
               struct error *e);

#endif
