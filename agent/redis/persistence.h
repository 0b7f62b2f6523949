/*
 * persistence.h - having the server write an RDB, followed to its end.
 */
#ifndef REDIS_PERSISTENCE_H
#define REDIS_PERSISTENCE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "redis/info.h"
#include "redis/link.h"

/* Called about once in 200 ms while the server works; percent 0-100, or -1. */
typedef void persistence_progress(void *context, int percent);

struct persistence_options {
    unsigned time_limit_ms;         /* of the whole; 0: none */
    persistence_progress *progress; /* may be NULL */
    void *context;
};

/*
 * Asks for a BGSAVE that begins now or later, not for one that has begun
 * already: what was acknowledged before the call is in the dump. Waits for a
 * running save or rewrite to end first, and tries again when another child
 * wins the race. Done only if the server says ok and the save is newer than the
 * call; *after is INFO as it was then. All refusals and failures of the server
 * end in words with what to do (fork failed, disk full, LOADING, NOPERM, a
 * replica's sync, last save failed).
 */
int persistence_bgsave(struct link *link,
                       const struct persistence_options *options,
                       struct info *after, struct error *e);

/*
 * Asks for it ("BGSAVE", "BGREWRITEAOF") and does not follow: *scheduled if it
 * begins when another child has ended. -1: the server's words.
 */
int persistence_ask(struct link *link, const char *command, bool *scheduled,
                    struct error *e);

/*
 * Waits until all that was acknowledged before the call is in the AOF (a server
 * may hold it in a buffer for up to 2 s while an fsync is slow), at most
 * limit_ms. *settled tells whether it is; INFO as it was then in *now.
 */
int persistence_settle(struct link *link, unsigned limit_ms, bool *settled,
                       struct info *now, struct error *e);

#endif
