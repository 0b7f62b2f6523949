/*
 * counters_rows.h - the rows of a table, kept in a scratch file, and read in
 * their order as often as one likes: all of them, or a choice at random.
 */
#ifndef JOBS_COUNTERS_ROWS_H
#define JOBS_COUNTERS_ROWS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/source.h"
#include "jobs/counters_table.h"

struct counters_rows {
    int fd; /* -1: not begun */
    uint64_t count, size_bytes;
    char *block; /* not written yet */
    size_t used;
};

int counters_rows_begin(struct counters_rows *r, struct error *e);
int counters_rows_add(struct counters_rows *r, const struct counters_row *row,
                      struct error *e);

/* Needed before they are read. */
int counters_rows_end(struct counters_rows *r, struct error *e);

/* Accepts one that was not begun, if fd is -1. */
void counters_rows_clear(struct counters_rows *r);

/* A reader; several may be at different places. Not to be moved. */
struct counters_cursor {
    const struct counters_rows *rows;
    struct source source;
    uint64_t offset;       /* of what source pulls next */
    uint64_t left, wanted; /* rows not read yet; those of them to choose */
    uint64_t random;
};

/* Cursors that want as many with the same seed choose the same rows. */
void counters_cursor_begin(struct counters_cursor *c,
                           const struct counters_rows *rows, uint64_t wanted,
                           uint64_t seed);

/* The next row, borrowed until the next call. False: the end, or a failure. */
bool counters_cursor_next(struct counters_cursor *c, struct counters_row *row);

/* 0 when all that were wanted have been read. */
int counters_cursor_end(struct counters_cursor *c, struct error *e);

#endif
