/*
 * rdb_types.h - the types of values in an RDB and how to walk each.
 */
#ifndef FORMATS_RDB_TYPES_H
#define FORMATS_RDB_TYPES_H

#include <stdbool.h>

#include "formats/rdb_read.h"

/* Walks a value; sets r->key.empty when it has no elements. */
typedef bool rdb_types_walk(struct rdb_read *r, unsigned detail);

struct rdb_types_entry {
    const char *name;     /* NULL: there is no such type */
    rdb_types_walk *walk; /* NULL: every server refuses it */
    unsigned detail;
    int since; /* version that brought it */
};

/*
 * The entry of a type; NULL when there is none. From 22 on the numbers mean
 * one thing to Redis and another to Valkey's own magic.
 */
const struct rdb_types_entry *rdb_types_find(bool valkey_magic, unsigned type);

#endif
