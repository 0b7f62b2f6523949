/*
 * link_greet.h - the first words on a connection: AUTH, SELECT, and a PING,
 * because a server that takes nobody more says so only to the first command.
 */
#ifndef REDIS_LINK_GREET_H
#define REDIS_LINK_GREET_H

#include "base/error.h"
#include "redis/link_core.h"

struct link_greet {
    struct link_core *core;             /* borrowed */
    const struct link_options *options; /* borrowed */
    void (*done)(struct link_core *core, const struct error *why);
    unsigned step; /* starts at 0 */
};

/* Begins; done is called once, with NULL when the server is ready for us. */
void link_greet_begin(struct link_greet *greet);

/* How the connection is lost when done was called with this. */
enum link_fault link_greet_fault(const struct link_greet *greet,
                                 const struct error *why);

#endif
