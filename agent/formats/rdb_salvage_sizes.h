/*
 * rdb_salvage_sizes.h - the number of keys that a file says each database has,
 * against those that were found: how many a hole holds, and whether another
 * database can begin in it.
 */
#ifndef FORMATS_RDB_SALVAGE_SIZES_H
#define FORMATS_RDB_SALVAGE_SIZES_H

#include <stdbool.h>
#include <stdint.h>

/* Databases beyond are not counted. */
enum { RDB_SALVAGE_SIZES_MAX = 256 };

enum rdb_salvage_change {
    RDB_SALVAGE_NO_CHANGE,
    RDB_SALVAGE_MAY_CHANGE,
    RDB_SALVAGE_CHANGES,
};

struct rdb_salvage_sizes {
    struct rdb_salvage_size {
        uint64_t db, keys, holes;       /* of this pass */
        uint64_t last_keys, last_holes; /* of the one before */
        uint64_t all_keys, all_holes;   /* of the one that was frozen */
        uint64_t told;                  /* keys that it has; 0: not told */
        bool selected;                  /* in this pass */
    } databases[RDB_SALVAGE_SIZES_MAX];
    unsigned count;
    bool frozen; /* all_* are known */
};

/* Begins a pass. */
void rdb_salvage_sizes_begin(struct rdb_salvage_sizes *z);

/*
 * A database is selected, of so many keys. False: so it was before, as in a
 * copy of an earlier part of the file.
 */
bool rdb_salvage_sizes_select(struct rdb_salvage_sizes *z, uint64_t db,
                              uint64_t told);

/* A key, good or bad. */
void rdb_salvage_sizes_key(struct rdb_salvage_sizes *z, uint64_t db);

/* A hole: the number of its keys, or -1. */
int64_t rdb_salvage_sizes_hole(struct rdb_salvage_sizes *z, uint64_t db,
                               uint64_t size_bytes,
                               enum rdb_salvage_change *change);

/*
 * What was counted is all there is. From now on each pass finds the same
 * changes of the database.
 */
void rdb_salvage_sizes_freeze(struct rdb_salvage_sizes *z);

#endif
