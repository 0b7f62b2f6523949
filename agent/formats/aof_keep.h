/*
 * aof_keep.h - what of a damaged append-only file goes into the new one, place
 * by place. Private to aof.
 *
 * A server runs a command in the database selected last. So where a SELECT that
 * could be read is left out, it is put in again before what is kept next.
 */
#ifndef FORMATS_AOF_KEEP_H
#define FORMATS_AOF_KEEP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "formats/aof_peek.h"
#include "formats/mend.h"

/* A place in the old file, and what had come until there. */
struct aof_keep_mark {
    uint64_t offset, commands;
    uint64_t database; /* selected */
    int64_t time;      /* of the last annotation; -1 none */
};

/* Begins with m, e, peek.from and held; all else zero. */
struct aof_keep {
    struct mend *m;
    struct error *e;
    int rc;               /* -1: m failed, *e says why; nothing more is done */
    struct aof_peek peek; /* at what is rewritten */
    struct aof_keep_mark held; /* nothing behind it was decided yet */
    uint64_t database;         /* selected in the new file */
    size_t undated;            /* losses from here on have no before_s */
};

/*
 * Everything from the held place to that one is in the new file; with rewrite,
 * written as servers do. A place before the held one changes nothing.
 */
void aof_keep_until(struct aof_keep *k, struct aof_keep_mark to, bool rewrite);

/*
 * Everything from the held place to that one is lost; commands and why are the
 * loss's own, name is copied.
 */
void aof_keep_lose(struct aof_keep *k, struct aof_keep_mark to,
                   int64_t commands, const char *name, const char *why);

/* The commands from the held place to that one. */
int64_t aof_keep_commands(const struct aof_keep *k, struct aof_keep_mark to);

/* An annotation came: the losses before it are before that time. */
void aof_keep_date(struct aof_keep *k, int64_t time);

#endif
