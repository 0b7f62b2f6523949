/*
 * persist_files.h - the files that a server keeps its data in, where they can
 * be looked at from here.
 */
#ifndef JOBS_PERSIST_FILES_H
#define JOBS_PERSIST_FILES_H

#include <stddef.h>
#include <stdint.h>

#include "jobs/instance.h"

struct persist_file {
    char *path; /* relative to the data directory */
    enum dataset_role role;
    uint64_t size_bytes;
    int64_t modified_ms;
};

struct persist_files {
    struct persist_file *items;
    size_t count;
    char *data_dir;
    struct error why; /* they are not known: why */
};

/*
 * Those that the server loads at a start (a manifest, then base and incrs), and
 * the dump.rdb in any case. Only of a directory that is proven to be that
 * server's.
 */
void persist_files_look(struct persist_files *files,
                        const struct instance_options *options);

/* Of all of a role; -1: not known, or there is none. */
int64_t persist_files_size(const struct persist_files *files,
                           enum dataset_role role);

void persist_files_clear(struct persist_files *files);

#endif
