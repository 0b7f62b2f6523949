/*
 * reach.h - how the server is reached: what a connection is made of, out of the
 * configuration and the password file.
 */
#ifndef JOBS_REACH_H
#define JOBS_REACH_H

#include <stdbool.h>

#include "base/error.h"
#include "config/config.h"
#include "redis/link.h"
#include "base/url.h"

/* Not to be moved once read: link points into it. */
struct reach {
    struct url url;
    char *password; /* of the password file; NULL: the URL has one, or none */
    struct link_options link; /* borrows from here and from the configuration */
};

/*
 * Reads the password file too, where the URL has no password. ERROR_USAGE.
 * reach_clear in any case.
 */
int reach_read(struct reach *r, const struct config *config, struct error *e);

/* Whether a connection made of the one would be like one made of the other. */
bool reach_equal(const struct reach *a, const struct reach *b);

/* What to type where no server was reached, to be put behind why; "" where its
 * words say it. */
const char *reach_advice(const struct error *why);

void reach_clear(struct reach *r);

#endif
