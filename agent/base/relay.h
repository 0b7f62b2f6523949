/*
 * relay.h - has a source_pull run ahead of its reader, in a thread of its own,
 * by up to RELAY_BLOCKS blocks. So reading and unpacking go on while the
 * reader works on what came before.
 *
 * The thread begins with the second block: what is short never has one. Where
 * no thread can be had, the blocks are pulled as they are asked for.
 */
#ifndef BASE_RELAY_H
#define BASE_RELAY_H

#include <stddef.h>

#include "base/error.h"
#include "base/source.h"

enum { RELAY_BLOCKS = 4, RELAY_BLOCK_BYTES = 1 << 20 };

struct relay;

/*
 * pull and all it works on belong to the relay from the first relay_next on
 * until that has told the end or an error, or until relay_free. pull is not
 * called again after it said 0 bytes or failed.
 */
struct relay *relay_new(source_pull *pull, void *context);

/*
 * Lends the next block until the next call; *size 0 is the end. -1 when pull
 * failed (told behind all blocks before it), or with ERROR_STOPPED when the
 * process is asked to stop. The end and a failure are told again and again.
 */
int relay_next(struct relay *r, const void **bytes, size_t *size,
               struct error *e);

/* Waits for the pull that is under way, if any. NULL is fine. */
void relay_free(struct relay *r);

#endif
