/*
 * in_use.h - whether a server uses a data directory, by every means there is:
 * the server itself, /proc, the kernel's leases, and watched growth.
 */
#ifndef JOBS_IN_USE_H
#define JOBS_IN_USE_H

#include <stdbool.h>

#include "base/error.h"
#include "formats/dataset.h"
#include "jobs/instance.h"

/* How long a server that is about to end is waited for. */
enum { IN_USE_WAIT_MS = 2000 };

struct in_use_options {
    const struct instance *server; /* the one that was asked; may be NULL */
    int dir;
    const struct dataset_names *names; /* NULL: as the server's settings do */
    const char *path;                  /* of dir, for messages */
    bool stopped; /* the user's word, for what cannot be told */
};

/* What was looked at, open, so that it can be looked at again. */
struct in_use {
    struct in_use_options options; /* what it points to is borrowed */
    struct dataset_names names;
    struct dataset dataset;
};

/*
 * 0 when no server uses the directory; ERROR_REFUSED when one does, or when it
 * cannot be told and there is no word: the text says which. A directory without
 * a dataset is free unless a server works in it. in_use_end in any case.
 */
int in_use_begin(struct in_use *u, const struct in_use_options *options,
                 struct error *e);

/*
 * The same for a moment later, when tripwires stand where the entry files were,
 * and the other files are still in their places: a server that came in between
 * and loads the set is refused. One that is about to end is waited for; one
 * that comes after this was called finds a tripwire and is left alone.
 */
int in_use_again(struct in_use *u, struct error *e);

void in_use_end(struct in_use *u);

/* All at once. */
int in_use_check(const struct instance *server, int dir,
                 const struct dataset_names *names, const char *path,
                 bool stopped, struct error *e);

#endif
