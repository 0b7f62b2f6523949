/*
 * rdb_deep.h - what check --deep keeps over a whole walk: hashes of all keys,
 * and of the members of the value at hand. Two that are the same are read
 * again from the source and compared, so that there are no false alarms.
 */
#ifndef FORMATS_RDB_DEEP_H
#define FORMATS_RDB_DEEP_H

#include <stdbool.h>
#include <stdint.h>

#include "formats/rdb_read.h"
#include "formats/twins.h"

/* Begins and ends it; end tells keys that come twice. -1: no scratch file, or
 * the source could not be read again. */
void rdb_deep_begin(struct rdb_read *r);
int rdb_deep_end(struct rdb_read *r, struct error *e);
void rdb_deep_free(struct rdb_read *r);

/* For members of a packed structure; also without --deep. */
struct twins *rdb_deep_twins(struct rdb_read *r);

/* Reads a key's name. The key is added when its value has been walked. */
bool rdb_deep_name(struct rdb_read *r);
void rdb_deep_key(struct rdb_read *r);

/* The same for a name that was read by others, at that offset. */
struct rdb_blob;
void rdb_deep_name_read(struct rdb_read *r, const struct rdb_blob *name);

/*
 * For who mends: rdb_deep_end tells it where the second of each pair is, of
 * keys and of members of large values (and then all pairs are compared).
 */
typedef void rdb_deep_twice(void *context, uint64_t offset);
void rdb_deep_tell_twice(struct rdb_read *r, rdb_deep_twice *twice,
                         void *context);

/* Members of one value: begin, read each, end. Who refuses one twice. Two
 * levels: a stream's groups (1) have consumers (0). */
void rdb_deep_begin_members(struct rdb_read *r, unsigned level);
bool rdb_deep_member(struct rdb_read *r, unsigned level);
void rdb_deep_end_members(struct rdb_read *r, unsigned level,
                          unsigned refused_by, const char *what);

/* Notes, once, that a structure is too large to be walked. Returns true. */
bool rdb_deep_tell_large(struct rdb_read *r, uint64_t offset, uint64_t size);

#endif
