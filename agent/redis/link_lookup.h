/*
 * link_lookup.h - the addresses of a host, without waiting. The system knows
 * only one way to look a name up by all its rules (getaddrinfo), and that one
 * waits: so a child does it.
 */
#ifndef REDIS_LINK_LOOKUP_H
#define REDIS_LINK_LOOKUP_H

#include <sys/socket.h>

#include "base/error.h"

struct event_base;
struct link_lookup;

enum { LINK_LOOKUP_MAX = 16 }; /* addresses of a name; more are left out */

struct link_address {
    socklen_t size;
    struct sockaddr_storage address;
};

/*
 * Called once, from the loop: the addresses in the order they are to be tried,
 * borrowed for the call; or none, and why. The callee may free the look-up.
 */
typedef void link_lookup_done(void *context, const struct link_address *list,
                              unsigned count, const struct error *why);

/*
 * Begins, for a name or an address in figures (which takes no child). It has
 * no limit of its own. NULL: there can be no child.
 */
struct link_lookup *link_lookup_new(struct event_base *base, const char *host,
                                    unsigned port, link_lookup_done *done,
                                    void *context, struct error *e);

/* Ends it, done or not; accepts NULL. */
void link_lookup_free(struct link_lookup *lookup);

#endif
