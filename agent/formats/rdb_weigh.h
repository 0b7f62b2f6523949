/*
 * rdb_weigh.h - what each key of an RDB costs a server in memory: told of the
 * strings and packed structures of its value while that is walked.
 *
 * Which server's memory is meant is told by the file itself (redis-ver,
 * valkey-ver); without that the newest counts. Modules count as in the file.
 */
#ifndef FORMATS_RDB_WEIGH_H
#define FORMATS_RDB_WEIGH_H

#include <stdbool.h>
#include <stdint.h>

#include "formats/footprint.h"
#include "formats/footprint_tree.h"
#include "formats/rdb_read.h"

/* Of the value at hand. */
struct rdb_weigh {
    struct footprint server;
    bool begun;             /* server is known, by the first key */
    bool pages;             /* see struct footprint */
    bool plain;             /* a list node is a plain string */
    uint64_t bytes;         /* so far */
    uint64_t members;       /* of a table */
    uint64_t nodes, packed; /* packed structures, and their bytes */
    uint64_t last;          /* size of the last one */
    struct footprint_tree tree;
};

/* Around a value; end tells r->key what the whole costs, which has that type. */
void rdb_weigh_begin(struct rdb_read *r);
void rdb_weigh_end(struct rdb_read *r, unsigned type);

/* Read what they name, as rdb_string_skip does. */
bool rdb_weigh_text(struct rdb_read *r); /* a string that is the value */
bool rdb_weigh_elements(struct rdb_read *r, uint64_t n);
bool rdb_weigh_members(struct rdb_read *r, uint64_t n);
bool rdb_weigh_scored(struct rdb_read *r); /* a sorted set's, without score */
bool rdb_weigh_fields(struct rdb_read *r, uint64_t n, bool timed);

/* Were read: a packed structure, a list node that is a plain string, a key of
 * the tree that is being told, an owner's tree. */
void rdb_weigh_packed(struct rdb_read *r, uint64_t size);
void rdb_weigh_plain(struct rdb_read *r, uint64_t size);
void rdb_weigh_id(struct rdb_read *r, const unsigned char *id);
void rdb_weigh_tree(struct rdb_read *r);
void rdb_weigh_pending(struct rdb_read *r, uint64_t n);
void rdb_weigh_group(struct rdb_read *r);
void rdb_weigh_consumer(struct rdb_read *r, uint64_t name);

#endif
