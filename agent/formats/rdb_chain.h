/*
 * rdb_chain.h - what parses from one place on, in the middle of an RDB: keys
 * one behind the other, and how much they prove; for rdb_resync.c.
 */
#ifndef FORMATS_RDB_CHAIN_H
#define FORMATS_RDB_CHAIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/source.h"
#include "formats/rdb_names.h"
#include "formats/rdb_read.h"

/* Reads bytes at any place, again and again; it is large. */
struct rdb_chain_reader {
    struct source *s; /* the whole file; borrowed, as are the names */
    const struct rdb_names *names;
    uint64_t db;    /* selected before the place */
    uint64_t spent; /* bytes walked so far */
    struct source window;
    struct rdb_result result;
    struct rdb_read r;
};

/* What parses from one place on. */
struct rdb_chain {
    uint64_t base;    /* offset of the reader's byte 0 */
    uint64_t fence;   /* an offset that matters, or 0 */
    bool known;       /* all names must be known */
    bool begun;       /* something was read */
    bool wants_sizes; /* SELECT came first, RESIZE must follow */
    bool first_known;
    bool exact;  /* a key ended at the fence */
    bool at_end; /* came to the RDB's end */
    bool cut;    /* the window ended */
    uint64_t keys, score, first_end, hash;
};

/* like tells magic and version. */
void rdb_chain_begin(struct rdb_chain_reader *y, struct source *s,
                     const struct rdb_names *names,
                     const struct rdb_result *like);
void rdb_chain_end(struct rdb_chain_reader *y);

/* Gives y->r these bytes alone. */
void rdb_chain_look_at(struct rdb_chain_reader *y, const unsigned char *p,
                       size_t size);

/*
 * The chain in size bytes at p, which are at c.base in the file: until it
 * proves enough, or to the fence. c tells base, fence and known.
 */
struct rdb_chain rdb_chain_walk(struct rdb_chain_reader *y,
                                const unsigned char *p, size_t size,
                                struct rdb_chain c);

/* The same in the source, for values larger than a window; moves it. */
struct rdb_chain rdb_chain_walk_source(struct rdb_chain_reader *y,
                                       uint64_t offset);

/* Whether a key may begin where it did. */
bool rdb_chain_is_proof(const struct rdb_chain_reader *y,
                        const struct rdb_chain *c);

/* Whether one that reached its fence, or passed it, has so many keys, or more
 * than a value holds by chance. */
bool rdb_chain_is_inside(const struct rdb_chain *c, uint64_t keys);

/* "*2\r\n$6\r\nSELECT\r\n": how a command begins. */
bool rdb_chain_is_command(const unsigned char *p, size_t size);

/* Whether an end mark there is the RDB's: nothing but a checksum follows, or
 * an AOF. */
bool rdb_chain_is_end(const struct rdb_chain_reader *y, uint64_t mark);

#endif
