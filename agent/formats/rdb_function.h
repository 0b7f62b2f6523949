/*
 * rdb_function.h - a library of functions in an RDB: its source. Servers run it
 * when they load it. The first line, "#!lua name=NAME", and that no name comes
 * twice is judged here; the rest is known to a Lua interpreter only.
 */
#ifndef FORMATS_RDB_FUNCTION_H
#define FORMATS_RDB_FUNCTION_H

#include <stdbool.h>

#include "formats/rdb_read.h"

/* Reads a library, behind its opcode at offset. */
bool rdb_function_read(struct rdb_read *r, uint64_t offset);

#endif
