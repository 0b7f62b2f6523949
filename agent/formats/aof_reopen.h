/*
 * aof_reopen.h - where a transaction ends that has no EXEC. Private to aof.
 *
 * A server that finds its file torn inside a MULTI cuts the torn command alone
 * and writes on behind it (aof-load-truncated; seen on 7.0.15): there is no
 * EXEC, and at the next start all from the MULTI on is gone. It does not know
 * then which database is selected and writes a SELECT first, be it of the same
 * one; no other SELECT is of the database that is selected.
 */
#ifndef FORMATS_AOF_REOPEN_H
#define FORMATS_AOF_REOPEN_H

#include <stdbool.h>
#include <stdint.h>

#include "formats/aof_keep.h"

/*
 * Looks for that SELECT, or the annotation before it, in commands as servers
 * write them from the MULTI to end; known tells that the database of the MULTI
 * is right. Else for another MULTI: then the commands up to it are those that a
 * server runs with the EXEC of that one, and *place is behind the first MULTI.
 * Why what lies before *place is lost (a constant); NULL: neither is there.
 */
const char *aof_reopen_find(struct aof_peek *p, struct aof_keep_mark multi,
                            bool known, uint64_t end,
                            struct aof_keep_mark *place);

#endif
