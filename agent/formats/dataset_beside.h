/*
 * dataset_beside.h - AOF files that lie beside the data. Private to dataset.
 */
#ifndef FORMATS_DATASET_BESIDE_H
#define FORMATS_DATASET_BESIDE_H

#include "formats/dataset.h"

/*
 * Of the names in a folder those that look like files of this AOF,
 * "appendonly.aof.12.incr.aof" and the like or the migrated old file, and that
 * m does not name. The array is the caller's, the names are borrowed.
 */
const char **dataset_beside_orphans(const struct aof_manifest *m, char **names,
                                    size_t count, const char *appendfilename,
                                    size_t *found);

/* Notes an orphan of appenddirname, which is open as dir. */
void dataset_beside_add_orphan(struct dataset *d, int dir,
                               const struct dataset_names *names,
                               const char *name);

/* Notes a file of the data directory itself, or the manifest of a whole set. */
void dataset_beside_add(struct dataset *d, int dir, const char *path,
                        enum dataset_beside_kind kind);

/* Whether a dump was saved after the last write to the files of d. */
bool dataset_beside_is_newer(const struct dataset *d, int dir,
                             const char *dump);

/*
 * After CONFIG SET appendonly yes writes are collected in a file that no
 * manifest names, until the first base is made: notes one that is there.
 */
void dataset_beside_switch(struct dataset *d, int dir,
                           const struct dataset_names *names);

/* Notes what the manifest names as history. */
void dataset_beside_add_history(struct dataset *d, int dir,
                                const struct dataset_names *names);

#endif
