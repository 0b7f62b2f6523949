/*
 * mend.h - a damaged file is mended by writing it anew: the good ranges of the
 * old one, and a few bytes of our own between. What is left out is told.
 *
 * Those who decide what is good (rdb_salvage, aof_salvage) call mend_keep and
 * mend_put in the order of the new file, and mend_lose for each hole. With no
 * write they only find out: that is the plan.
 */
#ifndef FORMATS_MEND_H
#define FORMATS_MEND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/source.h"

/* Takes the bytes of the new file in order; -1 ends the mending. */
typedef int mend_write(void *context, const void *bytes, size_t size,
                       struct error *e);

/* One piece of the old file that is not in the new one. */
struct mend_loss {
    uint64_t offset, size_bytes; /* in the old file */
    int64_t commands, keys;      /* -1: some, and nobody can say how many */
    char *name; /* of the key or command, unprintable bytes as \xHH; NULL where
                   it is not known; owned */
    const char *why;           /* a constant: "does not parse", ... */
    int64_t after_s, before_s; /* annotations around it, s since 1970; -1 */
};

enum { MEND_LOSSES_MAX = 1000 };

struct mend {
    const struct source *from; /* the old file; readable again; borrowed */
    mend_write *write;         /* NULL: only find out */
    void *context;
    struct mend_loss *losses; /* in the order of the file */
    size_t count;
    uint64_t dropped;                 /* losses beyond MEND_LOSSES_MAX */
    uint64_t bytes_lost;              /* of all, the dropped ones too */
    int64_t commands_lost, keys_lost; /* sums; -1 when one was -1 */
    uint64_t commands, keys;          /* what is in the new file */
    uint64_t size_bytes;              /* of the new file so far */
    bool changed; /* the new file is not the old one, byte for byte */
    /* Private: */
    uint64_t range_begin, range_end; /* kept, not written yet */
    uint64_t crc;
};

/*
 * Begins a new file. from must be source_is_again and outlive m. Ownership:
 * mend_clear.
 */
void mend_begin(struct mend *m, const struct source *from, mend_write *write,
                void *context);

/* Bytes of the old file as they are. */
int mend_keep(struct mend *m, uint64_t offset, uint64_t size, struct error *e);

/* Bytes of our own. */
int mend_put(struct mend *m, const void *bytes, size_t size, struct error *e);

/*
 * Ends an RDB that began with the new file: its end mark, and for
 * versions that have one the CRC-64 of all before it (rdb.h).
 */
int mend_put_rdb_end(struct mend *m, int version, struct error *e);

/* Notes a loss; its name becomes m's (or is freed, beyond the limit). */
void mend_lose(struct mend *m, struct mend_loss loss);

/*
 * Takes back what was lost from that offset on: there is more to be kept. Sums
 * that are not known stay so.
 */
void mend_regain(struct mend *m, uint64_t offset);

/* Writes what is still held back. After it the new file is complete. */
int mend_end(struct mend *m, struct error *e);

void mend_clear(struct mend *m);

#endif
