/*
 * rdb_lzf.h - judges the LZF strings that the walk passes over. They are noted
 * and walked many at a time (lzf_check), where there are enough by a thread
 * beside the walk, all before the window moves on.
 */
#ifndef FORMATS_RDB_LZF_H
#define FORMATS_RDB_LZF_H

#include <stdbool.h>
#include <stdint.h>

#include "formats/rdb_read.h"

/* Behind the sizes of a string that began at start: moves over it. */
bool rdb_lzf_skip(struct rdb_read *r, uint64_t start, uint64_t packed,
                  uint64_t plain);

/*
 * Judges what waits and tells it: before the window moves, before anything
 * else is told (so that findings come in the order of the file, each key's
 * first one first), and at the end.
 */
void rdb_lzf_flush(struct rdb_read *r);

/* Tells that a string cannot be unpacked; only_short: but for its size. */
bool rdb_lzf_broken(struct rdb_read *r, uint64_t start, uint64_t plain,
                    bool only_short);

void rdb_lzf_free(struct rdb_read *r);

#endif
