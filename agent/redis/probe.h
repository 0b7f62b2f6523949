/*
 * probe.h - looks into a server of our own: how far it has loaded, what it
 * counts, and whether a key is what an RDB has of it.
 */
#ifndef REDIS_PROBE_H
#define REDIS_PROBE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "redis/link.h"

struct probe_loading {
    bool loading;
    uint64_t done_bytes, total_bytes; /* 0: not told */
};

int probe_loading(struct link *link, struct probe_loading *l, struct error *e);

struct probe_database {
    int number;
    int64_t keys, expires;
};

/* Those that hold keys, by number; *all is the caller's: free. */
int probe_databases(struct link *link, struct probe_database **all,
                    size_t *count, struct error *e);

int probe_select(struct link *link, int database, struct error *e);

/* A key, and the value that an RDB has for it as DUMP would give it. */
struct probe_key {
    const void *name, *dump;
    size_t name_size, dump_size;
    int64_t expire_ms; /* -1: none */
};

enum probe_finding {
    PROBE_SAME,
    PROBE_OTHER_TYPE, /* or there is no such key */
    PROBE_OTHER_VALUE,
    PROBE_UNTOLD, /* the server takes no such value, or has no DEBUG */
};

/*
 * Compares type and value: the server restores dump under a name of its own and
 * says the digest of both (DEBUG DIGEST-VALUE: the order within hash tables is
 * nobody's matter). words (of size) gets what it said, where that is not SAME.
 */
int probe_compare(struct link *link, const struct probe_key *key,
                  const char *type, enum probe_finding *finding, char *words,
                  size_t size, struct error *e);

#endif
