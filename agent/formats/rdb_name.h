/*
 * rdb_name.h - a key's name as text, for who asks for keys: the walk itself
 * has no use for it.
 */
#ifndef FORMATS_RDB_NAME_H
#define FORMATS_RDB_NAME_H

#include "formats/rdb_read.h"

/*
 * Puts the first bytes of the name that begins at the present place into
 * r->key, unpacked. Moves nothing and finds nothing wrong: whoever reads the
 * name next does. What is broken gives what could be read of it.
 */
void rdb_name_keep(struct rdb_read *r);

#endif
