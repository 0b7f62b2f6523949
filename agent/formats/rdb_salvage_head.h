/*
 * rdb_salvage_head.h - the magic and version of an RDB that is mended. Where
 * they are damaged, the new file gets the least version that has all it holds,
 * as then most servers load it.
 */
#ifndef FORMATS_RDB_SALVAGE_HEAD_H
#define FORMATS_RDB_SALVAGE_HEAD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/source.h"
#include "formats/mend.h"
#include "formats/rdb.h"

struct rdb_salvage_head {
    uint64_t begin, end_offset;
    int version;     /* to read by */
    int new_version; /* of the new file */
    bool valkey;
    bool intact;
    bool version_known;
};

/*
 * Reads what is at begin; whole is what rdb_walk made of it. ERROR_REFUSED: of
 * a kind or version that this program does not read.
 */
int rdb_salvage_head_read(struct rdb_salvage_head *h, const struct source *s,
                          uint64_t begin, const struct rdb_result *whole,
                          struct error *e);

/* The new file will hold that: a key's type, or else an opcode. */
void rdb_salvage_head_need(struct rdb_salvage_head *h, bool key, uint8_t byte);

/* Keeps it, or puts another in its place and tells the loss. */
int rdb_salvage_head_write(const struct rdb_salvage_head *h, struct mend *m,
                           struct error *e);

#endif
