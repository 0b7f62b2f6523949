/*
 * guard_folder.h - the folder of redkeep in a data directory, for guard, which
 * may be the first to need it and may run as root.
 */
#ifndef JOBS_GUARD_FOLDER_H
#define JOBS_GUARD_FOLDER_H

#include <stdbool.h>

/* Opens it; make: creates it, as the directory's owner's. Descriptor, or -1. */
int guard_folder_open(const char *directory, bool make);

#endif
