/*
 * usage.h - what redkeep memory knows: of the server, of the snapshots, and of
 * job queues; each part may be missing, and why.
 */
#ifndef TOOLS_USAGE_H
#define TOOLS_USAGE_H

#include <jansson.h>
#include <stdbool.h>

#include "jobs/growth.h"
#include "jobs/queues.h"
#include "jobs/weigh.h"
#include "redis/info.h"

struct usage {
    int64_t now_ms;
    char *url;                /* without a password */
    struct error server;      /* why there is no info */
    struct info info;         /* if not */
    struct error snapshot;    /* why nothing was weighed */
    char id[CATALOG_ID_SIZE]; /* of the snapshot; "": none was found */
    int64_t state_ms;         /* whose state it is */
    struct weigh weigh;
    struct growth growth;
    int64_t full_in_ms;  /* -1: nothing is told */
    struct error queues; /* why they are not known */
    struct queues found;
};

/* Whether that part was found. */
bool usage_knows_server(const struct usage *u);
bool usage_knows_sizes(const struct usage *u);
bool usage_knows_queues(const struct usage *u);

/* The object of redkeep(1). */
json_t *usage_json(const struct usage *u);

/* For people, on standard output. */
void usage_print(const struct usage *u);

/* What may be cleaned, each with its command; the caller frees the texts. */
enum { USAGE_CLEAN_MAX = 20 };
struct usage_clean {
    char *what, *command;
};
size_t usage_clean(const struct usage *u,
                   struct usage_clean clean[USAGE_CLEAN_MAX]);
void usage_clean_clear(struct usage_clean *clean, size_t count);

#endif
