#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "jobs/counters_work.h"
#include "jobs/value.h"

void
counters_warn(struct counters *c, const char *format, ...)
{
    va_list words;
    char *text;

    if (c->warnings_total++ >= COUNTERS_WARNINGS_MAX)
        return;
    va_start(words, format);
    if (vasprintf(&text, format, words) < 0)
        abort(); /* out of memory, see memory.h */
    va_end(words);
    json_array_append_new(c->warnings, value_string(text));
    free(text);
}

/* A decimal number as a number, all else as a string. */
static json_t *
cell_value(const char *text, size_t size)
{
    char *copy = memory_copy(text, size);
    bool below = copy[0] == '-';
    uint64_t number;
    json_t *value;

    if (text_number(copy + below, INT64_MAX, &number) &&
        (copy[below] != '0' || (copy[below + 1] == '\0' && !below)))
        value = json_integer(below ? -(json_int_t)number : (json_int_t)number);
    else
        value = value_string(copy);
    free(copy);
    return value;
}

static void
add_item(struct counters_set *set, const struct counters_row *row, bool known,
         int64_t number)
{
    const struct counters_table *t = &set->table;
    json_t *item = json_object();

    for (size_t i = 0; i < t->count; i++) {
        size_t size;
        const char *text = counters_table_cell(row, i, &size);

        if (i != t->key && i != t->db_max)
            json_object_set_new(item, t->names[i], cell_value(text, size));
    }
    json_object_set_new(item, "redis_counter",
                        known ? json_integer(number) : json_null());
    json_object_set_new(item, "db_max", json_integer((json_int_t)row->db_max));
    json_object_set_new(item, "consistent",
                        json_boolean(known && number >= (int64_t)row->db_max));
    json_array_append_new(set->items, item);
}

/* Column id, else the key. */
static const char *
find_id(const struct counters_set *set, const struct counters_row *row,
        size_t *size)
{
    size_t id = counters_table_find(&set->table, "id");

    return counters_table_cell(row, id < set->table.count ? id : set->table.key,
                               size);
}

/* "ChatApplication 1 (Mobile App)"; the caller's. */
static char *
name_row(const struct counters_set *set, const struct counters_row *row)
{
    const struct counters_table *t = &set->table;
    size_t name = counters_table_find(t, "name"), id_size, name_size = 0;
    const char *id_text = find_id(set, row, &id_size), *name_text = "";

    if (name < t->count)
        name_text = counters_table_cell(row, name, &name_size);
    return text_format("%s %.*s%s%.*s%s", set->title, (int)id_size, id_text,
                       name < t->count ? " (" : "", (int)name_size, name_text,
                       name < t->count ? ")" : "");
}

static void
warn_of(struct counters *c, const struct counters_set *set,
        const struct counters_row *row, bool known, int64_t number)
{
    char *name;

    if (c->warnings_total >= COUNTERS_WARNINGS_MAX) {
        c->warnings_total++;
        return;
    }
    name = name_row(set, row);
    if (known)
        counters_warn(c,
                      "%s: Redis counter (%" PRId64 ") < DB max (%" PRIu64 ")",
                      name, number, row->db_max);
    else
        counters_warn(c, "%s: Redis key %.*s holds no whole number below 2^63",
                      name, (int)row->key_size, row->text + row->key_at);
    free(name);
}

static void
add_behind(struct counters_set *set, const struct counters_row *row,
           int64_t number)
{
    size_t size;
    const char *id = find_id(set, row, &size);

    if (json_array_size(set->behind) < COUNTERS_BEHIND_MAX)
        json_array_append_new(set->behind,
                              json_pack("{s:o, s:I, s:I}", "id",
                                        cell_value(id, size), "redis_counter",
                                        (json_int_t)number, "db_max",
                                        (json_int_t)row->db_max));
}

void
counters_tell(struct counters *c, struct counters_set *set,
              const struct counters_row *row, enum counter_state state,
              int64_t number)
{
    bool known = state != COUNTER_NO_STRING && state != COUNTER_NO_NUMBER;
    bool behind = known && number < (int64_t)row->db_max;

    set->checked++;
    set->missing += state == COUNTER_MISSING || state == COUNTER_MADE;
    set->raised += state == COUNTER_RAISED || state == COUNTER_MADE;
    set->failed += !known;
    set->inconsistent += behind;
    if (behind)
        add_behind(set, row, number);
    if (behind || !known)
        warn_of(c, set, row, known, number);
    if (set->items != NULL && json_array_size(set->items) < COUNTERS_ITEMS_MAX)
        add_item(set, row, known, number);
}
