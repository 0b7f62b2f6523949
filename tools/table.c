#include "table.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "screen.h"

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
    t->cells[t->count++] = screen_tame(text);
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

/* Letters, not bytes: names may be in UTF-8. */
static int
width_of(const char *text)
{
    int width = 0;

    for (; *text != '\0'; text++)
        width += ((unsigned char)*text & 0xc0) != 0x80;
    return width;
}

/* owed: the blanks due before the next text, so that no line ends in any. */
static void
print_cell(const struct table *t, size_t column, const char *text, int width,
           int *owed)
{
    int blanks = width - width_of(text);
    bool right = is_right(t, column);

    if (column == 0)
        *owed = 0;
    if (right)
        *owed += blanks;
    if (*text != '\0') {
        printf("%*s%s", *owed, "", text);
        *owed = 0;
    }
    *owed += (right ? 0 : blanks) + 2;
    if (column + 1 == t->columns)
        putchar('\n');
}

/* Fills widths, and returns what a row takes with the blanks between. */
static unsigned
measure(const struct table *t, int widths[TABLE_COLUMNS_MAX])
{
    unsigned sum = 0;

    for (size_t c = 0; c < t->columns; c++)
        widths[c] = (int)strlen(title(t, c));
    for (size_t n = 0; n < t->count; n++) {
        int width = width_of(t->cells[n]);
        if (width > widths[n % t->columns])
            widths[n % t->columns] = width;
    }
    for (size_t c = 0; c < t->columns; c++)
        sum += (unsigned)widths[c] + (c > 0 ? 2 : 0);
    return sum;
}

void
table_print(const struct table *t)
{
    unsigned columns = screen_columns(stdout);
    int widths[TABLE_COLUMNS_MAX], owed = 0;
    bool folded;

    if (t->columns == 0)
        return;
    folded = measure(t, widths) > columns && columns > 0;
    for (size_t n = 0; n < t->columns + t->count; n++) {
        size_t column = n % t->columns;
        const char *text = n < t->columns ? title(t, n)
                                          : t->cells[n - t->columns];

        if (folded && column == 0)
            printf("%s\n  ", text);
        else
            print_cell(t, column, text, widths[column], &owed);
    }
}

void
table_clear(struct table *t)
{
    for (size_t n = 0; n < t->count; n++)
        free(t->cells[n]);
    free(t->cells);
    memset(t, 0, sizeof *t);
}
