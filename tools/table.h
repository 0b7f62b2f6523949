/*
 * table.h - rows in aligned columns.
 */
#ifndef TOOLS_TABLE_H
#define TOOLS_TABLE_H

#include <stddef.h>

enum { TABLE_COLUMNS_MAX = 12 };

struct table {
    const char *const *titles; /* NULL-terminated; ">" in front: to the right */
    size_t columns;
    char **cells; /* row after row, owned */
    size_t count, capacity;
};

void table_begin(struct table *t, const char *const *titles);

/* Adds the next cell (copied), row after row. */
void table_cell(struct table *t, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/*
 * Prints titles and rows on standard output. Rows that are wider than the
 * terminal take two lines: the first cell has one for itself.
 */
void table_print(const struct table *t);

void table_clear(struct table *t);

#endif
