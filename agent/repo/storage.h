/*
 * storage.h - a repository on a local file system.
 *
 *   <repo>/<instance>/instance.json       whose snapshots these are
 *   <repo>/<instance>/snapshots/<id>.tar.zst, <id>.json
 *   <repo>/<instance>/locks/<job>
 *   <repo>/<instance>/agent/              of the agent (storage_agent.h)
 *   <repo>/<instance>/trash/              storage_trash.h
 */
#ifndef REPO_STORAGE_H
#define REPO_STORAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/lock.h"
#include "repo/catalog.h"

/* A lock of the readers is waited for; what is longer is told. */
enum { STORAGE_FORMAT = 1 };

/* Who waits for a lock looks so often, and so long at most. */
enum { STORAGE_LOOK_MS = 20, STORAGE_WAIT_MS = 10000 };

#define STORAGE_READERS "readers" /* their lock */

struct storage {
    char *path; /* of the repository, for messages */
    char *instance;
    int instance_dir; /* -1 when closed */
    int snapshots_dir;
    bool made; /* by this storage_open_writable: it was not there before */
};

/* Whose data an instance folder holds. */
struct storage_owner {
    const char *machine_id; /* /etc/machine-id, or host name */
    const char *host;       /* for people */
    const char *directory;  /* absolute, resolved; NULL: any (existing) */
};

/*
 * Opens for reading; works on a read-only file system. No repository, or no
 * such instance: ERROR_FAILED, and the text says what is there and what to do.
 * A newer format: ERROR_REFUSED.
 */
int storage_open(struct storage *s, const char *repo, const char *instance,
                 struct error *e);

/*
 * Opens for writing, creating what is missing (folders 0700). Another
 * machine's or directory's instance is ERROR_REFUSED and names both, unless
 * adopt, which rewrites instance.json. A folder that is neither empty (but for
 * an agent's locks and state) nor an instance of ours is ERROR_REFUSED.
 */
int storage_open_writable(struct storage *s, const char *repo,
                          const char *instance,
                          const struct storage_owner *owner, bool adopt,
                          struct error *e);

/*
 * The same for one that must be there: it is not made. With owner NULL nobody
 * is compared.
 */
int storage_open_existing(struct storage *s, const char *repo,
                          const char *instance,
                          const struct storage_owner *owner, bool adopt,
                          struct error *e);

/*
 * Takes an instance that was made just now away again, if it has no snapshot:
 * a failed first one must not say whose the instance is.
 */
void storage_unmake(struct storage *s);

/*
 * Removes what a killed run left: drafts, and archives without an entry. Only
 * with the snapshot lock held.
 */
int storage_sweep(struct storage *s, struct error *e);

/*
 * Takes to the trash what a killed prune left of snapshots whose entry is there
 * already, and removes its drafts.
 */
int storage_sweep_pruned(struct storage *s, struct error *e);

/*
 * Locks of this instance: "snapshot", "prune", "follow"; readers share. Those
 * of the readers, and storage_lock_soon, wait STORAGE_WAIT_MS at most.
 */
int storage_lock(struct storage *s, struct lock *lock, const char *job,
                 struct error *e);
int storage_lock_soon(struct storage *s, struct lock *lock, const char *job,
                      struct error *e);
int storage_lock_readers(struct storage *s, struct lock *lock, struct error *e);

/*
 * Opens an entry's archive for reading after a look at its size, in the trash
 * too: it may have been pruned since the catalog was loaded. -1.
 */
int storage_open_archive(const struct storage *s,
                         const struct catalog_entry *entry, struct error *e);

void storage_close(struct storage *s);

#endif
