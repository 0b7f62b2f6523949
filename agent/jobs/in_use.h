/*
 * in_use.h - whether a server uses a data directory, by every means there is:
 * the server itself, /proc, the kernel's leases, and watched growth.
 */
#ifndef JOBS_IN_USE_H
#define JOBS_IN_USE_H

#include <stdbool.h>

#include "base/error.h"
#include "jobs/instance.h"

/*
 * 0 when no server uses the directory; ERROR_REFUSED when one does, or when it
 * cannot be told and stopped (the user's word) is false: the text says which.
 * server may be NULL (none answered); dir is the target, shown as path. A
 * directory without a dataset is free unless a server works in it. names says
 * what the dataset is called; NULL: as the server's settings do.
 */
int in_use_check(const struct instance *server, int dir,
                 const struct dataset_names *names, const char *path,
                 bool stopped, struct error *e);

#endif
