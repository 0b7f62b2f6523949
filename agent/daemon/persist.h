/*
 * persist.h - BGSAVE and BGREWRITEAOF asked by the agent: only when the server
 * can (no other child, not loading, memory and overcommit for the fork, disk
 * for the file, a replica's link up), followed to the end through INFO, never
 * waiting.
 */
#ifndef DAEMON_PERSIST_H
#define DAEMON_PERSIST_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "daemon/server.h"
#include "jobs/persist_judge.h"

struct event_base;

/*
 * ERROR_NONE: done, and proven; ERROR_DENIED: cannot run now (skipped), try
 * later; ERROR_FAILED: it ran and failed, or was lost sight of. text says what.
 */
typedef void persist_done(void *context, const struct error *why,
                          const char *text);

struct persist;

/*
 * Begins; done is called once, never before this returns, and p is gone then.
 */
struct persist *persist_start(struct event_base *base, struct server *server,
                              enum persist_kind kind, uint64_t time_limit_ms,
                              persist_done *done, void *context);

/* Forgets it (the server's child goes on); done is not called; accepts NULL. */
void persist_free(struct persist *p);

#endif
