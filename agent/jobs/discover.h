/*
 * discover.h - the servers of this host: running processes, their own
 * configuration files, the places where sockets usually are. They are asked
 * what they are; nothing is changed.
 */
#ifndef JOBS_DISCOVER_H
#define JOBS_DISCOVER_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/error.h"
#include "redis/info.h"

struct discover_server {
    char *url;         /* without a password */
    char *found_by;    /* for people: "process 12", a path */
    pid_t pid;         /* 0: not known */
    char *config_file; /* NULL: not known */
    char *data_dir;    /* NULL: not known */
    bool told_dir;     /* it tells its directory itself (CONFIG GET) */
    char *tls_ca, *tls_cert, *tls_key; /* of a rediss:// URL, or NULL */
    bool answers;
    bool wants_password; /* it does, or ours is wrong */
    struct error why;    /* why it does not answer */
    struct info info;    /* if it answers */
};

struct discover {
    struct discover_server *servers; /* those that answer first */
    size_t count, capacity;
};

/* Where to look. Lists of folders end with NULL. */
struct discover_places {
    const char *const *configs; /* that hold servers' configuration files */
    const char *const *sockets;
    bool processes;
    const char *url; /* at which to knock in any case; NULL: none */
};

struct discover_options {
    const char *url;      /* this server alone; NULL: look for them */
    const char *password; /* NULL: none */
    const struct discover_places *places; /* NULL: the usual ones */
    unsigned timeout_ms;                  /* for each answer */
};

/*
 * Finds and asks. That there is none is no failure; -1 only when asked to stop,
 * or /proc cannot be read, or the URL is bad.
 */
int discover_find(struct discover *d, const struct discover_options *options,
                  struct error *e);

void discover_clear(struct discover *d);

#endif
