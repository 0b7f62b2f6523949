/*
 * aof_salvage.h - every command that can be read from a damaged append-only
 * file, into a new one that a server loads whole.
 */
#ifndef FORMATS_AOF_SALVAGE_H
#define FORMATS_AOF_SALVAGE_H

#include "base/error.h"
#include "base/source.h"
#include "formats/aof.h"
#include "formats/mend.h"

/*
 * Reads the file from its beginning and gives m the new one: an RDB in front
 * by rdb_salvage, then all that parses. Behind what does not it goes on at the
 * next place from which commands parse. A transaction is kept whole or not at
 * all: one that a hole cuts is left out up to its EXEC. An unfinished tail
 * (command, MULTI, annotation, zeros) is left out; of a MULTI without EXEC not
 * what is no part of it, where that shows (aof_reopen.h). A command
 * whose only fault is how its numbers or line ends are written is written as a
 * server would; one that no server can run is left out. Each loss is told to m.
 *
 * Of options: release and own_commands, as for aof_scan. A file that is sound
 * is kept as it is, byte for byte. -1: the source or m failed, or ERROR_REFUSED
 * of rdb_salvage.
 */
int aof_salvage(struct source *s, const struct aof_options *options,
                struct mend *m, struct error *e);

#endif
