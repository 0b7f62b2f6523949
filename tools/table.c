#include "table.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

void
table_begin(struct table *t, const char *const *titles)
{
    memset(t, 0, sizeof *t);
    t->titles = titles;
    while (titles[t->columns] != NULL && t->columns < TABLE_COLUMNS_MAX)
        t->columns++;
}

void
table_cell(struct table *t, const char *format, ...)
{
    char *text = NULL;
    va_list list;

    va_start(list, format);
    if (vasprintf(&text, format, list) < 0)
        text = memory_dup("");
    va_end(list);
    t->cells = memory_grow(t->cells, t->count, &t->capacity, sizeof *t->cells);
    t->cells[t->count++] = text;
}

static bool
is_right(const struct table *t, size_t column)
{
    return t->titles[column][0] == '>';
}

static const char *
title(const struct table *t, size_t column)
{
    return t->titles[column] + (is_right(t, column) ? 1 : 0);
}

static void
print_cell(const struct table *t, size_t column, const char *text, int width)
{
    bool last = column + 1 == t->columns;

    if (is_right(t, column))
        printf("%*s%s", width, text, last ? "\n" : "  ");
    else if (last)
        printf("%s\n", text);
    else
        printf("%-*s  ", width, text);
}

void
table_print(const struct table *t)
{
    int widths[TABLE_COLUMNS_MAX];

    for (size_t c = 0; c < t->columns; c++)
        widths[c] = (int)strlen(title(t, c));
    for (size_t n = 0; n < t->count && t->columns > 0; n++) {
        int width = (int)strlen(t->cells[n]);
        if (width > widths[n % t->columns])
            widths[n % t->columns] = width;
    }
    for (size_t c = 0; c < t->columns; c++)
        print_cell(t, c, title(t, c), widths[c]);
    for (size_t n = 0; n < t->count && t->columns > 0; n++)
        print_cell(t, n % t->columns, t->cells[n], widths[n % t->columns]);
}

void
table_clear(struct table *t)
{
    for (size_t n = 0; n < t->count; n++)
        free(t->cells[n]);
    free(t->cells);
    memset(t, 0, sizeof *t);
}
