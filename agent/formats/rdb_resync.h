/*
 * rdb_resync.h - finds where keys go on behind damage of unknown extent.
 *
 * That bytes parse as a key proves little: of random ones one place in 1000
 * does, and what it swallows may end by chance where a true key begins. A
 * place is believed in when its name is like the others in the file, keys (or
 * the end) follow it, and no better place lies inside its first key.
 */
#ifndef FORMATS_RDB_RESYNC_H
#define FORMATS_RDB_RESYNC_H

#include <stdbool.h>
#include <stdint.h>

#include "base/source.h"
#include "formats/rdb_chain.h"
#include "formats/rdb_names.h"

enum rdb_resync_found {
    RDB_RESYNC_NOTHING,
    RDB_RESYNC_ITEM,     /* a key or what may stand before one */
    RDB_RESYNC_END,      /* the end mark */
    RDB_RESYNC_COMMANDS, /* no key, but an AOF goes on there */
};

/* What long searches found, for the next pass over the same file. */
enum { RDB_RESYNC_SEARCHES = 64 };

struct rdb_resync_memory {
    struct rdb_resync_search {
        uint64_t from, db, names; /* what it depends on, */
        uint8_t allowed;
        enum rdb_resync_found found; /* and what came of it */
        uint64_t offset, spent, passed;
        bool gave_up;
    } searches[RDB_RESYNC_SEARCHES];
    unsigned count;
};

struct rdb_resync {
    struct rdb_resync_memory *memory; /* borrowed, or NULL */
    uint8_t allowed;
    bool gave_up; /* so much looked like keys that it would not end */
    bool starts[256];
    uint64_t passed;
    struct rdb_chain_reader chain; /* .db is set by who asks */
};

/* s and names are borrowed; like tells magic and version. */
void rdb_resync_begin(struct rdb_resync *y, struct source *s,
                      const struct rdb_names *names,
                      const struct rdb_result *like);

/* Keys of this file have such an opcode in front. */
void rdb_resync_allow(struct rdb_resync *y, uint8_t opcode);

/* Looks from an offset on. The source stands anywhere afterwards. */
enum rdb_resync_found rdb_resync_find(struct rdb_resync *y, uint64_t from,
                                      uint64_t *offset);

/*
 * Whether the value [from, to) ends in keys that it swallowed, as its length
 * was damaged; *offset is where they begin.
 */
bool rdb_resync_find_swallowed(struct rdb_resync *y, uint64_t from, uint64_t to,
                               uint64_t *offset);

void rdb_resync_end(struct rdb_resync *y);

#endif
