/*
 * instance.h - the server that is kept: the connection to it if it answers, what
 * it says of itself, and its data directory, opened.
 */
#ifndef JOBS_INSTANCE_H
#define JOBS_INSTANCE_H

#include <stdbool.h>

#include "base/error.h"
#include "formats/dataset.h"
#include "formats/release.h"
#include "redis/info.h"
#include "redis/link.h"

struct instance_options {
    struct link_options link;
    const char *data_dir; /* NULL: asked of the server */
    /* Used where the server does not tell; each may be NULL. */
    const char *dbfilename, *appendfilename, *appenddirname;
};

struct instance {
    struct link *link; /* NULL: no server answers */
    char *url;         /* for messages, without a password */
    struct error why;  /* why no server answers */
    struct info info;
    struct info_settings settings;
    bool settings_known; /* CONFIG GET was answered */
    char *data_dir;      /* absolute, links resolved */
    int dir;             /* data_dir, open */
};

/*
 * Connects, if a server answers, and asks it; nothing is opened. -1 only when
 * asked to stop: a server that is away or does not let us in is told by why.
 */
int instance_connect(struct instance *i, const struct instance_options *options,
                     struct error *e);

/*
 * Connects and opens the data directory. Without data_dir a server must answer
 * and tell it. With data_dir a server that is away is no failure (link is NULL
 * and why says it), but one that answers and does not let us in is.
 */
int instance_open(struct instance *i, const struct instance_options *options,
                  struct error *e);

/* How the server names its files; borrowed from i and options. */
struct dataset_names instance_names(const struct instance *i,
                                    const struct instance_options *options);

/* The server's release; false if none answers. */
bool instance_release(const struct instance *i, struct release *release);

void instance_close(struct instance *i);

#endif
