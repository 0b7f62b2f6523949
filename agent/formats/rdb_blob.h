/*
 * rdb_blob.h - strings of an RDB as bytes in a row, unpacked, for those who
 * look into them. What does not lie so in the source's window is put together
 * in one buffer, that is used again and again.
 */
#ifndef FORMATS_RDB_BLOB_H
#define FORMATS_RDB_BLOB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "formats/rdb_read.h"

/* Larger ones are judged by head and end alone. */
enum { RDB_BLOB_MAX = 16 << 20, RDB_BLOB_DEEP_MAX = 64 << 20 };

enum { RDB_BLOB_HEAD = 16 };

struct rdb_blob {
    uint64_t start; /* of the string, in the stream */
    uint64_t size;
    const unsigned char *bytes; /* until the next read; NULL: head alone */
    unsigned char head[RDB_BLOB_HEAD]; /* the first ones, if there are */
    unsigned char last;
    bool last_known;
    bool broken; /* LZF; told */
};

/* Reads a string to its end: all of it unless it is too large. */
bool rdb_blob_read(struct rdb_read *r, struct rdb_blob *b);

/* Reads a string to its end: head and last byte (bytes may be set too). */
bool rdb_blob_read_head(struct rdb_read *r, struct rdb_blob *b);

/*
 * The same, and where it is compressed and seems not to end in FF, as packed
 * structures do, all of it: that it does not is then known.
 */
bool rdb_blob_read_ends(struct rdb_read *r, struct rdb_blob *b);

#endif
