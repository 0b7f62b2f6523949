/*
 * rdb_packed.h - values that are one packed structure, and nodes of lists and
 * streams: what a server looks at when it loads them, and with --deep all.
 */
#ifndef FORMATS_RDB_PACKED_H
#define FORMATS_RDB_PACKED_H

#include <stdbool.h>

#include "formats/rdb_read.h"

enum rdb_packed_kind {
    RDB_PACKED_HASH_ZIPMAP,
    RDB_PACKED_SET_INTSET,
    RDB_PACKED_LIST_ZIPLIST,
    RDB_PACKED_NODE_ZIPLIST, /* of a list */
    RDB_PACKED_ZSET_ZIPLIST,
    RDB_PACKED_HASH_ZIPLIST,
    RDB_PACKED_LIST_LISTPACK,
    RDB_PACKED_SET_LISTPACK,
    RDB_PACKED_ZSET_LISTPACK,
    RDB_PACKED_HASH_LISTPACK,
    RDB_PACKED_HASH_TIMES, /* field, value, expiry or 0 */
};

/* Reads such a string; empty: no elements, as servers see it. */
bool rdb_packed_read(struct rdb_read *r, enum rdb_packed_kind kind,
                     bool *empty);

/* Reads the listpack of a stream's node; live: its entries, -1 not known. */
bool rdb_packed_read_node(struct rdb_read *r, int64_t *live);

#endif
