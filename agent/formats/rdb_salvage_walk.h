/*
 * rdb_salvage_walk.h - one pass of a salvage over the items of the file.
 */
#ifndef FORMATS_RDB_SALVAGE_WALK_H
#define FORMATS_RDB_SALVAGE_WALK_H

#include "formats/rdb_salvage_keep.h"

/* What stands in front of at least some keys may begin one behind a hole. */
void rdb_salvage_walk_allow(struct rdb_salvage *v);

/*
 * From v->r's place to the end of the RDB, v->end_offset. What failed is in
 * v->failed or the source.
 */
void rdb_salvage_walk(struct rdb_salvage *v);

#endif
