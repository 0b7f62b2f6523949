/*
 * ties.h - what a server hangs together with: a primary that it copies, its
 * replicas, Sentinels, a cluster, modules; and whether it writes a dump when it
 * is stopped.
 */
#ifndef REDIS_TIES_H
#define REDIS_TIES_H

#include <stddef.h>
#include <stdint.h>

#include "redis/link.h"

enum { TIES_MODULES_MAX = 256 };

struct ties {
    char *primary;     /* "host:port"; NULL: it is none's replica */
    int64_t replicas;  /* INFO_UNKNOWN: not told; so below */
    int64_t sentinels; /* that watch it */
    int cluster;       /* 1, 0 */
    int saves;         /* it has save points: 1, 0 */
    char **modules;    /* names of those it has loaded */
    size_t module_count;
    int modules_told; /* 1, 0 */
};

#define TIES_NONE                                                   \
    {                                                               \
        .replicas = -1, .sentinels = -1, .cluster = -1, .saves = -1 \
    }

/* Asks; what the server does not tell us stays unknown. t is TIES_NONE. */
void ties_ask(struct ties *t, struct link *link);

void ties_clear(struct ties *t);

#endif
