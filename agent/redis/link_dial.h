/*
 * link_dial.h - from a URL to a connected socket, every address of the host
 * tried in turn, without waiting.
 */
#ifndef REDIS_LINK_DIAL_H
#define REDIS_LINK_DIAL_H

#include "base/error.h"
#include "base/url.h"

struct event_base;
struct link_dial;

/*
 * Called once, from the loop: a connected non-blocking descriptor that is the
 * callee's, or -1 and why. The callee may free the dial.
 */
typedef void link_dial_done(void *context, int fd, const struct error *why);

/*
 * Begins. Only the look-up of a name waits, as long as the resolver allows;
 * the caller counts that in its own limit. NULL: the name is not known. With
 * several addresses each has its share of limit_ms.
 */
struct link_dial *link_dial_new(struct event_base *base, const struct url *url,
                                unsigned limit_ms, link_dial_done *done,
                                void *context, struct error *e);

/* Ends it, connected or not; accepts NULL. */
void link_dial_free(struct link_dial *dial);

#endif
