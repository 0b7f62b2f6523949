/*
 * rdb_opcode.h - what stands between the keys of an RDB.
 */
#ifndef FORMATS_RDB_OPCODE_H
#define FORMATS_RDB_OPCODE_H

#include <stdbool.h>

#include "formats/rdb_read.h"

enum { RDB_OPCODE_END = 255, RDB_OPCODE_FIRST = 242 };

/*
 * Reads what follows an opcode other than RDB_OPCODE_END; offset is where the
 * opcode stood. 243 and 242 mean different things by magic. What belongs to
 * the next key is kept in r->key and r->pending is set.
 */
bool rdb_opcode_read(struct rdb_read *r, unsigned opcode, uint64_t offset);

#endif
