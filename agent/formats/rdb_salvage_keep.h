/*
 * rdb_salvage_keep.h - what a salvage has learned so far, and what it keeps and
 * leaves out; for rdb_salvage.c and rdb_salvage_walk.c.
 */
#ifndef FORMATS_RDB_SALVAGE_KEEP_H
#define FORMATS_RDB_SALVAGE_KEEP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/source.h"
#include "formats/mend.h"
#include "formats/rdb.h"
#include "formats/rdb_item.h"
#include "formats/rdb_names.h"
#include "formats/rdb_read.h"
#include "formats/rdb_resync.h"
#include "formats/rdb_salvage_head.h"
#include "formats/rdb_salvage_sizes.h"

/* Places of keys that come twice: 32 MiB. */
enum { RDB_SALVAGE_TWICE_MAX = 4 << 20 };

/* LEARN what names look like, COMPARE the good keys, WRITE. */
enum rdb_salvage_pass {
    RDB_SALVAGE_LEARN,
    RDB_SALVAGE_COMPARE,
    RDB_SALVAGE_WRITE,
};

struct rdb_salvage {
    enum rdb_salvage_pass pass;
    struct source *s;
    struct mend *m;
    struct error *e; /* of what is written */
    bool failed;     /* *e is set */
    struct rdb_salvage_head head;
    struct rdb_result whole; /* of rdb_walk */
    struct rdb_result result;
    struct rdb_read r;
    struct rdb_resync resync;
    struct rdb_resync_memory memory;
    struct rdb_names names;
    struct rdb_salvage_sizes sizes;
    uint64_t *twice;
    size_t twice_count, twice_capacity, twice_at;
    uint64_t keys;    /* good ones */
    uint64_t learned; /* the same, of LEARN */
    struct held {     /* the good key before, not kept yet */
        struct rdb_key key;
        uint64_t name; /* its offset */
        bool held, strange;
    } last;
    struct {
        uint64_t begin, end, before; /* db before */
    } select;                        /* not kept yet, if end is not 0 */
    bool after_bad;                  /* the value before was bad */
    uint64_t end_offset;             /* behind the RDB */
    uint64_t opcodes[256];           /* that LEARN saw in front of keys */
};

/* *v->e was set. Returns false. */
bool rdb_salvage_keep_fail(struct rdb_salvage *v);

/* A range goes into the new file. False: it failed. */
bool rdb_salvage_keep_range(struct rdb_salvage *v, uint64_t begin,
                            uint64_t end);

/* Goes on at an offset. */
void rdb_salvage_keep_move(struct rdb_salvage *v, uint64_t offset);

/* A loss. name: offset of the name, or 0. keys -1: not known. */
void rdb_salvage_keep_lose(struct rdb_salvage *v, uint64_t begin, uint64_t end,
                           int64_t keys, uint64_t name, const char *why);

/* The good key just read is kept when it was seen what follows it. */
bool rdb_salvage_keep_hold(struct rdb_salvage *v, const struct rdb_item *item,
                           bool strange);

/* Keeps what is held. False: it failed. */
bool rdb_salvage_keep_settle(struct rdb_salvage *v);

/* Whether the good key that ends there may have been hurt at its end. */
bool rdb_salvage_keep_is_odd(const struct rdb_salvage *v, uint64_t end);

/* COMPARE's ear for rdb_deep_tell_twice, and what WRITE asks it: whether the
 * key just read, or a member in it, was there before. */
void rdb_salvage_keep_note_twice(void *context, uint64_t offset);
bool rdb_salvage_keep_is_twice(struct rdb_salvage *v);

#endif
