/*
 * aof_resync.h - the next place of a damaged append-only file from which
 * commands parse. Private to aof.
 *
 * Values may hold the text of commands. So whole arguments are passed over, by
 * their length, wherever they are found, and a place counts when known commands
 * follow each other from there.
 */
#ifndef FORMATS_AOF_RESYNC_H
#define FORMATS_AOF_RESYNC_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/source.h"
#include "formats/aof_peek.h"

/* Begins with from and own_commands; all else zero. */
struct aof_resync {
    const struct source *from; /* that can be read again; borrowed */
    bool own_commands;         /* see aof.h */
    /* Private: */
    struct aof_peek near; /* goes through the file */
    struct aof_peek far;  /* tries what lies before it */
};

/* What does not parse. */
struct aof_resync_hole {
    uint64_t command;  /* its first byte */
    uint64_t argument; /* a lone one stands here, see below; or 0 */
    bool unfinished;   /* the file ends inside that command */
};

/*
 * The first such place behind the command's first byte, with an annotation that
 * stands before it; the size of the file if there is none. In an unfinished
 * command it looks only behind an argument whose length has one wrong digit;
 * *hides then tells that commands parse in it elsewhere. -1: the source failed.
 */
int aof_resync_find(struct aof_resync *r, const struct aof_resync_hole *hole,
                    uint64_t *place, bool *hides, struct error *e);

/*
 * Whether a whole argument with an item behind it stands at offset, where a
 * command should: then the one before has a wrong number, of words or of bytes.
 */
bool aof_resync_is_argument(struct aof_resync *r, uint64_t offset);

#endif
