#include "repo/catalog.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/file.h"
#include "base/memory.h"

enum {
    STAMP_LENGTH = 16, /* 20261120T113000Z */
    NUMBER_DIGITS = 9, /* of "-2" */
};

/* 9999-12-31T23:59:59Z */
#define STAMP_MAX_S INT64_C(253402300799)

static bool
is_digits(const char *text, size_t count)
{
    return strspn(text, "0123456789") >= count;
}

/* "-2", "-3" ... behind the stamp: each id has one form only. */
static bool
is_number(const char *text)
{
    size_t length;

    if (text[0] != '-')
        return false;
    length = strlen(++text);
    if (length == 0 || length > NUMBER_DIGITS || !is_digits(text, length))
        return false;
    return text[0] != '0' && strcmp(text, "1") != 0;
}

bool
catalog_is_id(const char *text)
{
    if (strnlen(text, STAMP_LENGTH) < STAMP_LENGTH)
        return false;
    return is_digits(text, 8) && text[8] == 'T' && is_digits(text + 9, 6) &&
           text[15] == 'Z' &&
           (text[STAMP_LENGTH] == '\0' || is_number(text + STAMP_LENGTH));
}

/* Whether name is an id and that suffix; then id is set. */
static bool
split_name(const char *name, const char *suffix, char id[CATALOG_ID_SIZE])
{
    size_t length = strlen(name), end = strlen(suffix);

    if (length <= end || length - end >= CATALOG_ID_SIZE ||
        strcmp(name + length - end, suffix) != 0)
        return false;
    memcpy(id, name, length - end);
    id[length - end] = '\0';
    return catalog_is_id(id);
}

/*
 * What is listed must be there whole: a copy of the repository may have been
 * interrupted. prune removes the entry first, so if that is gone too by now,
 * there is no snapshot (ERROR_ABSENT).
 */
static int
check_archive(int dir, const char *name, const struct catalog_entry *entry,
              struct error *e)
{
    struct file_identity identity;

    if (file_identify_at(dir, entry->archive.name, &identity, e) != 0) {
        if (e->kind != ERROR_ABSENT ||
            file_identify_at(dir, name, &identity, e) != 0)
            return -1;
        return error_set(e, ERROR_DAMAGED, "its archive %s is missing",
                         entry->archive.name);
    }
    if (identity.size_bytes == entry->archive.size_bytes)
        return 0;
    return error_set(
        e, ERROR_DAMAGED, "its archive %s has %llu bytes, expected %llu",
        entry->archive.name, (unsigned long long)identity.size_bytes,
        (unsigned long long)entry->archive.size_bytes);
}

static int
load_entry(int dir, const char *name, const char *id,
           struct catalog_entry *entry, struct error *e)
{
    size_t size;
    char *bytes;
    int rc;

    if (file_load(dir, name, CATALOG_ENTRY_MAX, &bytes, &size, e) != 0)
        return -1;
    rc = catalog_entry_read(entry, bytes, size, e);
    free(bytes);
    if (rc == 0 && strcmp(entry->id, id) != 0)
        rc = error_set(e, ERROR_DAMAGED, "it is the entry of %s", entry->id);
    if (rc == 0)
        rc = check_archive(dir, name, entry, e);
    return rc == 0 ? 0 : error_in(e, "%s", name);
}

/* An entry that prune removed since the folder was listed is no item. */
static void
add_item(struct catalog *c, size_t *capacity, int dir, const char *name,
         const char *id)
{
    struct catalog_item item = {0};
    struct error note = {0};

    snprintf(item.id, sizeof item.id, "%s", id);
    if (load_entry(dir, name, id, &item.entry, &item.broken) == 0 &&
        catalog_note_load(&item.entry, dir, id, &note) != 0)
        item.broken = note;
    if (item.broken.kind != ERROR_NONE)
        catalog_entry_clear(&item.entry);
    if (item.broken.kind == ERROR_ABSENT)
        return;
    item.entry.held = catalog_is_held(dir, id);
    c->items = memory_grow(c->items, c->count, capacity, sizeof *c->items);
    c->items[c->count++] = item;
}

static int
compare_items(const void *a, const void *b)
{
    const struct catalog_item *x = a, *y = b;
    bool x_broken = x->broken.kind != ERROR_NONE;
    bool y_broken = y->broken.kind != ERROR_NONE;

    if (x_broken != y_broken)
        return x_broken ? 1 : -1;
    if (!x_broken && x->entry.sequence != y->entry.sequence)
        return x->entry.sequence < y->entry.sequence ? -1 : 1;
    return strcmp(x->id, y->id);
}

int
catalog_load(struct catalog *c, int snapshots_dir, struct error *e)
{
    size_t count, capacity = 0;
    char **names, id[CATALOG_ID_SIZE];

    *c = (struct catalog){0};
    if (file_names(snapshots_dir, &names, &count, e) != 0)
        return error_in(e, "read the catalog");
    for (size_t i = 0; i < count; i++)
        if (split_name(names[i], ".json", id))
            add_item(c, &capacity, snapshots_dir, names[i], id);
    file_free_names(names, count);
    if (c->count > 0)
        qsort(c->items, c->count, sizeof *c->items, compare_items);
    return 0;
}

void
catalog_clear(struct catalog *c)
{
    for (size_t i = 0; i < c->count; i++)
        catalog_entry_clear(&c->items[i].entry);
    free(c->items);
    *c = (struct catalog){0};
}

struct catalog_item *
catalog_find(const struct catalog *c, const char *id)
{
    for (size_t i = 0; i < c->count; i++)
        if (strcmp(c->items[i].id, id) == 0)
            return &c->items[i];
    return NULL;
}

const char *
catalog_word(const struct catalog_entry *entry)
{
    return entry->failed ? "not what was stored" : verdict_name(entry->verdict);
}

bool
catalog_is_good(const struct catalog_item *item)
{
    return item->broken.kind == ERROR_NONE &&
           item->entry.verdict == VERDICT_SOUND && !item->entry.failed;
}

struct catalog_entry *
catalog_newest(const struct catalog *c, bool good)
{
    for (size_t i = c->count; i > 0; i--) {
        struct catalog_item *item = &c->items[i - 1];

        if (good ? catalog_is_good(item) : item->broken.kind == ERROR_NONE)
            return &item->entry;
    }
    return NULL;
}

/* The number of an id of that second: 1, 2, 3 ...; 0: it is of another. */
static unsigned long
number_in(const char *stamp, const char *id)
{
    if (strncmp(id, stamp, STAMP_LENGTH) != 0)
        return 0;
    return id[STAMP_LENGTH] == '-' ? strtoul(id + STAMP_LENGTH + 1, NULL, 10)
                                   : 1;
}

void
catalog_new_id(const struct catalog *c, int64_t now_ms,
               char id[CATALOG_ID_SIZE])
{
    time_t seconds = (time_t)(now_ms / 1000);
    unsigned long last = 0, number;
    struct tm tm;
    size_t length;

    if (seconds < 0)
        seconds = 0;
    if (seconds > STAMP_MAX_S)
        seconds = STAMP_MAX_S;
    gmtime_r(&seconds, &tm);
    length = strftime(id, CATALOG_ID_SIZE, "%Y%m%dT%H%M%SZ", &tm);
    /* Behind the last one of this second: others may have been pruned. */
    for (size_t i = 0; i < c->count; i++) {
        number = number_in(id, c->items[i].id);
        if (number > last)
            last = number;
    }
    if (last > 0)
        snprintf(id + length, CATALOG_ID_SIZE - length, "-%lu", last + 1);
}

size_t
catalog_id_length(const char *name)
{
    size_t length = strcspn(name, ".");
    char id[CATALOG_ID_SIZE];

    if (length >= sizeof id)
        return 0;
    memcpy(id, name, length);
    id[length] = '\0';
    return catalog_is_id(id) ? length : 0;
}
