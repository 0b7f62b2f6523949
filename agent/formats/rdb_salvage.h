/*
 * rdb_salvage.h - every key that can be read from a damaged RDB, into a new
 * valid one of the same version.
 */
#ifndef FORMATS_RDB_SALVAGE_H
#define FORMATS_RDB_SALVAGE_H

#include "base/error.h"
#include "base/source.h"
#include "formats/mend.h"

/*
 * Reads the RDB that begins at source->at (which is where m begins: offset 0)
 * and gives m the new one: header, auxiliary fields and functions as they are,
 * each good key with what belongs to it (expiry, database, ...) as raw bytes,
 * end mark and a new checksum. Values are judged as by --deep.
 *
 * A bad value whose extent is known is left out alone. Behind one whose extent
 * is not known it goes on at the next place where a key may begin, if keys
 * parse from there. Of keys that come twice the first stays. Each loss is
 * told to m.
 *
 * The source then stands behind the RDB's end mark and checksum, or at its end
 * when these were not found: what follows is the caller's (an AOF). An RDB
 * that is sound is kept as it is, byte for byte. ERROR_REFUSED: of a version or
 * kind that this program does not read. -1 also when the source or m fails.
 */
int rdb_salvage(struct source *s, struct mend *m, struct error *e);

#endif
