/*
 * lock.h - one job of a kind at a time, on a file that the kernel unlocks when
 * its holder dies. The file says who holds it: "host boot-id pid\n".
 */
#ifndef BASE_LOCK_H
#define BASE_LOCK_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/error.h"

/* -1 in fd means: not held. Start with LOCK_NONE. */
struct lock {
    int fd;
};
#define LOCK_NONE \
    {             \
        .fd = -1  \
    }

/*
 * Takes the lock alone, without waiting. Held by another: ERROR_LOCKED, and
 * the text names host and pid, where they could be written. The file is
 * created if missing and stays.
 */
int lock_take(struct lock *lock, int dir, const char *name, struct error *e);

/*
 * Takes it together with other readers. On a file system that is read-only, or
 * a folder we may not write, where nothing can be locked, this succeeds
 * without a lock: nobody can delete there either.
 */
int lock_share(struct lock *lock, int dir, const char *name, struct error *e);

/*
 * The process that holds the lock alone, as the file says, if it is one of this
 * host that lives; else 0. A hint: the lock itself is not touched, so that
 * looking keeps nobody from taking it.
 */
pid_t lock_find_holder(int dir, const char *name);

/* Gives it back; does nothing when not held. */
void lock_release(struct lock *lock);

#endif
