/*
 * catalog_entry_files.h - the list of files of an entry; use catalog.h.
 */
#ifndef REPO_CATALOG_ENTRY_FILES_H
#define REPO_CATALOG_ENTRY_FILES_H

#include "repo/catalog.h"
#include "repo/catalog_fields.h"

/* Reads "files" into entry, which is to be cleared also after a failure. */
void catalog_entry_files_read(struct catalog_fields *f,
                              struct catalog_entry *entry);

#endif
