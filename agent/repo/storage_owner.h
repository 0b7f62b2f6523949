/*
 * storage_owner.h - an instance belongs to one data directory on one machine;
 * use storage.h.
 */
#ifndef REPO_STORAGE_OWNER_H
#define REPO_STORAGE_OWNER_H

#include <stdbool.h>

#include "base/error.h"
#include "repo/storage.h"

/*
 * Compares instance.json in s->instance_dir with owner (another's:
 * ERROR_REFUSED, or rewritten where adopt says so), or makes it in a folder
 * that is empty, and sets s->made.
 */
int storage_owner_mark(struct storage *s, const struct storage_owner *owner,
                       bool adopt, struct error *e);

#endif
