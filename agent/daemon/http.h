/*
 * http.h - the HTTP interface: evhttp with the limits of the contract around
 * it. Answers are made of what the agent knows; nothing here waits, but for one:
 * http_counters.h.
 */
#ifndef DAEMON_HTTP_H
#define DAEMON_HTTP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "config/config.h"

struct agent;
struct http;

/* How many answers of each status were given, and connections there are now. */
struct http_view {
    struct {
        int code;
        uint64_t count;
    } codes[32];
    unsigned code_count;
    unsigned connections;
};

/*
 * Listens at [http] listen (off: NULL without an error, kind ERROR_NONE).
 * Borrows agent. The token file is read here; one that cannot be: ERROR_USAGE.
 */
struct http *http_new(const struct agent *agent, struct error *e);

const struct http_view *http_view(struct http *h); /* h may be NULL */

/* Token and limits of another configuration; the address stays. */
int http_reload(struct http *h, const struct config *config, struct error *e);

void http_free(struct http *h); /* accepts NULL */

#endif
