/*
 * rdb_stream.h - walks a stream: its nodes, groups and consumers.
 *
 * Nodes: count, each an id of 16 bytes (as a string) and a listpack; items;
 * last id. Since version 2 first id, greatest deleted id, entries added. Then
 * the groups; since version 4 what producers added under ids of their own.
 */
#ifndef FORMATS_RDB_STREAM_H
#define FORMATS_RDB_STREAM_H

#include <stdbool.h>

#include "formats/rdb_read.h"

/* version: 1 to 5, of the layout. */
bool rdb_stream_walk(struct rdb_read *r, unsigned version);

#endif
