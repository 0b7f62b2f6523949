/*
 * unpack_file.h - the files that unpack.c writes; for unpack.c only.
 */
#ifndef JOBS_UNPACK_FILE_H
#define JOBS_UNPACK_FILE_H

#include "jobs/unpack.h"

/*
 * Opens the file to write, and makes the folders above it; -1 in *fd where
 * nothing is to be written.
 */
int unpack_file_create(const struct unpack_options *o,
                       const struct catalog_file *f, int *fd, struct error *e);

/* Owner and mode; all of it is on the disk then. */
int unpack_file_finish(const struct unpack_options *o,
                       const struct catalog_file *f, int fd, struct error *e);

#endif
