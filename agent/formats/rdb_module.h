/*
 * rdb_module.h - walks what modules wrote: values, fields of their own, and
 * metadata of keys. All are made of the same parts, so no module is needed.
 *
 * Parts: a number that tells the kind (1 signed, 2 unsigned, 3 float, 4
 * double, 5 string) and its value; kind 0 ends them. A module's id is 9
 * characters of 6 bits and 10 bits of encoding version.
 */
#ifndef FORMATS_RDB_MODULE_H
#define FORMATS_RDB_MODULE_H

#include <stdbool.h>

#include "formats/rdb_read.h"

/* A value of type 7. */
bool rdb_module_walk(struct rdb_read *r, unsigned detail);

/* Behind the opcode MODULE_AUX. */
bool rdb_module_aux(struct rdb_read *r);

/* Behind the opcode KEY_META. */
bool rdb_module_key_meta(struct rdb_read *r);

#endif
