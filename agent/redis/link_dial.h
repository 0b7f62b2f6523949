/*
 * link_dial.h - from a URL to a connected socket, every address of the host
 * tried in turn, without waiting.
 */
#ifndef REDIS_LINK_DIAL_H
#define REDIS_LINK_DIAL_H

#include <stdbool.h>

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
 * Begins. The look-up of a name has no limit but the caller's; then with
 * several addresses each has its share of what is left of limit_ms. NULL: a
 * name cannot be looked up.
 */
struct link_dial *link_dial_new(struct event_base *base, const struct url *url,
                                unsigned limit_ms, link_dial_done *done,
                                void *context, struct error *e);

/* Whether it still waits for the look-up of the host's name. */
bool link_dial_looks_up(const struct link_dial *dial);

/* Ends it, connected or not; accepts NULL. */
void link_dial_free(struct link_dial *dial);

#endif
