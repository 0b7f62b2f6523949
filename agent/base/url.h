/*
 * url.h - where a server is: redis://[user:password@]host[:port][/db],
 * rediss://... (TLS), unix:///path[?db=N] with [user:password@] after
 * "unix://".
 */
#ifndef BASE_URL_H
#define BASE_URL_H

#include <stdbool.h>

#include "base/error.h"

struct url {
    bool tls;
    char *path; /* unix socket, else NULL */
    char *host; /* without brackets; NULL for a unix socket */
    unsigned port;
    char *user;     /* NULL: none; percent-decoded */
    char *password; /* NULL: none; percent-decoded */
    unsigned db;
};

/* Reads text; ERROR_USAGE says what is wrong without showing a password. */
int url_read(struct url *u, const char *text, struct error *e);

/* For people and logs, the password as ***. Caller frees. */
char *url_write(const struct url *u);

void url_clear(struct url *u);

#endif
