/*
 * counters_table.h - reads the table that a source of counters prints: lines of
 * columns with tabs in between, the first one naming them, every line ended.
 *
 *     key<TAB>id<TAB>name<TAB>db_max
 *     chat_app:1:counter<TAB>1<TAB>Mobile App<TAB>1050
 *
 * key and db_max must be there; nothing is quoted or escaped. What is wrong
 * ends it: "line 3: db_max 'x' is no whole number from 0 to 9223372036854775807".
 */
#ifndef JOBS_COUNTERS_TABLE_H
#define JOBS_COUNTERS_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

enum {
    COUNTERS_LINE_MAX = 16384, /* bytes */
    COUNTERS_COLUMNS_MAX = 64,
};

/* Borrowed, until the function that got it returns. */
struct counters_row {
    uint64_t db_max;
    uint32_t size, key_at, key_size;
    const char *text; /* the line without its end; size bytes */
};

/* -1 ends the reading with *e. */
typedef int counters_table_take(void *context, const struct counters_row *row,
                                struct error *e);

struct counters_table {
    char *names[COUNTERS_COLUMNS_MAX];
    size_t count; /* 0: there was no header yet */
    size_t key, db_max;
    uint64_t lines; /* read so far */
    /* Private: */
    counters_table_take *take;
    void *context;
    char *partial; /* the beginning of a line */
    size_t partial_size;
};

void counters_table_begin(struct counters_table *t, counters_table_take *take,
                          void *context);

/* Takes bytes as they come. -1: a line is bad, or take does not want it. */
int counters_table_feed(struct counters_table *t, const char *bytes,
                        size_t size, struct error *e);

/* -1: there was no header, or the last line has no end. */
int counters_table_end(struct counters_table *t, struct error *e);

/* A column of a row by its place; "" of one that it does not have. */
const char *counters_table_cell(const struct counters_row *row, size_t column,
                                size_t *size);

/* The place of a column; the number of columns if there is none. */
size_t counters_table_find(const struct counters_table *t, const char *name);

void counters_table_clear(struct counters_table *t);

#endif
