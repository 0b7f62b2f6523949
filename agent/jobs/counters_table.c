#include "jobs/counters_table.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "base/memory.h"
#include "base/text.h"

enum { SHOWN_SIZE = 80 };

static int
bad(const struct counters_table *t, struct error *e)
{
    return error_in(e, "line %" PRIu64, t->lines);
}

static char *
show(char out[SHOWN_SIZE], const char *text, size_t size)
{
    return text_quote(out, SHOWN_SIZE, text, size);
}

static int
check_name(const struct counters_table *t, const char *name, struct error *e)
{
    char shown[SHOWN_SIZE];

    show(shown, name, strlen(name));
    if (t->count == COUNTERS_COLUMNS_MAX)
        return error_set(e, ERROR_FAILED, "more than %d columns",
                         (int)COUNTERS_COLUMNS_MAX);
    if (name[0] == '\0')
        return error_set(e, ERROR_FAILED, "column %zu has no name",
                         t->count + 1);
    if (strcmp(name, "redis_counter") == 0 || strcmp(name, "consistent") == 0)
        return error_set(e, ERROR_FAILED, "the column name %s is reserved",
                         name);
    if (counters_table_find(t, name) < t->count)
        return error_set(e, ERROR_FAILED, "column '%s' comes twice", shown);
    return 0;
}

/* Names become keys of JSON. */
static int
check_text(const char *text, size_t size, struct error *e)
{
    json_t *value = json_stringn(text, size);

    if (value == NULL)
        return error_set(e, ERROR_FAILED, "a column's name is no UTF-8");
    json_decref(value);
    return 0;
}

static int
read_header(struct counters_table *t, const char *text, size_t size,
            struct error *e)
{
    const struct counters_row header = {.size = (uint32_t)size, .text = text};
    char shown[SHOWN_SIZE];
    const char *end = text + size, *at = text;

    if (check_text(text, size, e) != 0)
        return bad(t, e);
    while (at <= end) {
        const char *name = counters_table_cell(&header, t->count, &size);
        char *copy = memory_copy(name, size);

        if (check_name(t, copy, e) != 0) {
            free(copy);
            return bad(t, e);
        }
        t->names[t->count++] = copy;
        at = name + size + 1;
    }
    t->key = counters_table_find(t, "key");
    t->db_max = counters_table_find(t, "db_max");
    if (t->key < t->count && t->db_max < t->count)
        return 0;
    error_set(e, ERROR_FAILED,
              "the header names no column %s; it is '%s', expected are key, "
              "db_max and any others, with tabs in between",
              t->key < t->count ? "db_max" : "key",
              show(shown, text, (size_t)(end - text)));
    return bad(t, e);
}

static bool
read_number(const char *text, size_t size, uint64_t *number)
{
    char digits[24];

    if (size >= sizeof digits)
        return false;
    memcpy(digits, text, size);
    digits[size] = '\0';
    return text_number(digits, INT64_MAX, number);
}

static int
judge_row(const struct counters_table *t, struct counters_row *row,
          struct error *e)
{
    char shown[SHOWN_SIZE];
    const char *text;
    size_t size, columns = 1;

    for (size_t i = 0; i < row->size; i++)
        columns += row->text[i] == '\t';
    if (columns != t->count)
        return error_set(e, ERROR_FAILED, "%zu column%s, expected %zu: '%s'",
                         columns, columns == 1 ? "" : "s", t->count,
                         show(shown, row->text, row->size));
    text = counters_table_cell(row, t->key, &size);
    if (size == 0)
        return error_set(e, ERROR_FAILED, "the key is empty");
    row->key_at = (uint32_t)(text - row->text);
    row->key_size = (uint32_t)size;
    text = counters_table_cell(row, t->db_max, &size);
    if (!read_number(text, size, &row->db_max))
        return error_set(e, ERROR_FAILED,
                         "db_max '%s' is no whole number from 0 to %" PRId64,
                         show(shown, text, size), INT64_MAX);
    return 0;
}

static int
take_line(struct counters_table *t, const char *text, size_t size,
          struct error *e)
{
    struct counters_row row = {.text = text};

    t->lines++;
    if (size > 0 && text[size - 1] == '\r')
        size--;
    if (memchr(text, '\0', size) != NULL) {
        error_set(e, ERROR_FAILED, "a NUL byte, expected is text");
        return bad(t, e);
    }
    if (t->count == 0)
        return read_header(t, text, size, e);
    row.size = (uint32_t)size;
    if (judge_row(t, &row, e) != 0)
        return bad(t, e);
    return t->take(t->context, &row, e);
}

/* The line goes on behind bytes. */
static int
keep_partial(struct counters_table *t, const char *bytes, size_t size,
             struct error *e)
{
    if (size > COUNTERS_LINE_MAX - t->partial_size) {
        t->lines++;
        error_set(e, ERROR_FAILED, "longer than %d bytes",
                  (int)COUNTERS_LINE_MAX);
        return bad(t, e);
    }
    memcpy(t->partial + t->partial_size, bytes, size);
    t->partial_size += size;
    return 0;
}

void
counters_table_begin(struct counters_table *t, counters_table_take *take,
                     void *context)
{
    *t = (struct counters_table){
        .take = take,
        .context = context,
        .partial = memory_new(COUNTERS_LINE_MAX),
    };
}

int
counters_table_feed(struct counters_table *t, const char *bytes, size_t size,
                    struct error *e)
{
    const char *end = bytes + size, *newline;

    for (; (newline = memchr(bytes, '\n', (size_t)(end - bytes))) != NULL;
         bytes = newline + 1) {
        const char *line = bytes;
        size_t length = (size_t)(newline - bytes);

        if (t->partial_size > 0 || length > COUNTERS_LINE_MAX) {
            if (keep_partial(t, bytes, length, e) != 0)
                return -1;
            line = t->partial;
            length = t->partial_size;
            t->partial_size = 0;
        }
        if (take_line(t, line, length, e) != 0)
            return -1;
    }
    return keep_partial(t, bytes, (size_t)(end - bytes), e);
}

int
counters_table_end(struct counters_table *t, struct error *e)
{
    char shown[SHOWN_SIZE];

    if (t->partial_size > 0) {
        t->lines++;
        error_set(e, ERROR_FAILED,
                  "'%s' does not end with a newline: half a line?",
                  show(shown, t->partial, t->partial_size));
        return bad(t, e);
    }
    if (t->count == 0)
        return error_set(e, ERROR_FAILED,
                         "it printed nothing, expected is a header");
    return 0;
}

const char *
counters_table_cell(const struct counters_row *row, size_t column, size_t *size)
{
    const char *at = row->text, *end = row->text + row->size, *tab;

    for (; (tab = memchr(at, '\t', (size_t)(end - at))) != NULL; at = tab + 1)
        if (column-- == 0) {
            *size = (size_t)(tab - at);
            return at;
        }
    *size = column == 0 ? (size_t)(end - at) : 0;
    return at;
}

size_t
counters_table_find(const struct counters_table *t, const char *name)
{
    size_t i = 0;

    while (i < t->count && strcmp(t->names[i], name) != 0)
        i++;
    return i;
}

void
counters_table_clear(struct counters_table *t)
{
    for (size_t i = 0; i < t->count; i++)
        free(t->names[i]);
    free(t->partial);
    *t = (struct counters_table){0};
}
