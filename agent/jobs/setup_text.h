/*
 * setup_text.h - a configuration for a server that was found, as text for the
 * operator to review: what was seen stands in it as comments.
 */
#ifndef JOBS_SETUP_TEXT_H
#define JOBS_SETUP_TEXT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "jobs/discover.h"

struct setup_text_options {
    const struct discover_server *server;
    const char *instance, *repo, *listen;
    const char
        *password_file; /* NULL: named by the instance, if one is wanted */
    bool has_password;  /* one was given to us */
    int64_t now_ms;
};

/*
 * The text, which a configuration's own rules find good; the caller frees it.
 * NULL: a path or URL cannot be written in such a file.
 */
char *setup_text_write(const struct setup_text_options *options,
                       struct error *e);

/*
 * A name for the server's instance: what its configuration file or socket adds
 * to "redis", else its port. The caller frees it.
 */
char *setup_text_name(const struct discover_server *server);

/*
 * The owner of the data directory by name; NULL: not known. The caller frees
 * it.
 */
char *setup_text_owner(const struct discover_server *server);

#endif
