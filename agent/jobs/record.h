/*
 * record.h - fills the commit record of a snapshot from what was pinned.
 */
#ifndef JOBS_RECORD_H
#define JOBS_RECORD_H

#include "formats/judge.h"
#include "jobs/instance.h"
#include "jobs/pin.h"
#include "repo/catalog.h"

/*
 * Begins an entry: its id, times, server, names, and one file for each that
 * will be stored (sizes known, hashes not yet).
 */
void record_begin(struct catalog_entry *entry, const struct catalog *catalog,
                  const struct instance *i, const struct pin *p,
                  const struct dataset_names *names);

/* Adds a file to the entry from what the source's is; borrowed from entry. */
struct catalog_file *record_add(struct catalog_entry *entry, const char *path,
                                enum dataset_role role,
                                const struct file_identity *id);

/* After all was read: counts, verdict and the moment whose state it is. */
void record_end(struct catalog_entry *entry, const struct judge *j,
                const struct pin *p);

/* The JSON of the archive's first member, redkeep.json. Caller frees. */
char *record_label(const struct catalog_entry *entry, size_t *size);

#endif
