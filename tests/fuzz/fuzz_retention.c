/*
 * The first line is a mark, the rest snapshots of eight bytes each: the
 * promises hold for any of them.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "repo/retention.h"

enum { SNAPSHOTS_MAX = 200, SNAPSHOT_SIZE = 8 };

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void
check(bool holds)
{
    if (!holds)
        abort();
}

/* Returns how long the line is. */
static size_t
read_mark(struct retention_mark *mark, const uint8_t *bytes, size_t size)
{
    const uint8_t *end = memchr(bytes, '\n', size);
    size_t length = end != NULL ? (size_t)(end - bytes) + 1 : size;

    if (retention_mark_read(mark, (const char *)bytes, length))
        check(catalog_is_id(mark->id) && mark->sequence > 0);
    else
        check(mark->id[0] == '\0' && mark->sequence == 0);
    return length;
}

static void
add(struct catalog *c, const uint8_t *from, char ids[][CATALOG_ID_SIZE])
{
    struct catalog_item *item = &c->items[c->count];
    int64_t started_ms = (int64_t)(from[0] << 8 | from[1]) * 900000;

    catalog_new_id(c, started_ms, ids[c->count]);
    memcpy(item->id, ids[c->count], CATALOG_ID_SIZE);
    memcpy(item->entry.id, item->id, CATALOG_ID_SIZE);
    item->entry.sequence = c->count + 1;
    item->entry.started_ms = started_ms - (int64_t)from[7] * 1000000000;
    item->entry.verdict = from[2] % 4;
    item->entry.keys = from[3] - 1;
    item->entry.bytes_stored = from[4];
    item->entry.held = from[5] % 16 == 0;
    if (from[5] % 2 != 0)
        item->entry.parent = ids[from[6] % (c->count + 2)];
    c->count++;
}

static const struct retention_item *
find(const struct retention *r, const char *id)
{
    for (size_t i = 0; i < r->count; i++)
        if (strcmp(r->items[i].snapshot->id, id) == 0)
            return &r->items[i];
    return NULL;
}

static void
check_promises(const struct retention *r)
{
    uint64_t kept = 0;

    for (size_t i = 0; i < r->count; i++) {
        const struct retention_item *item = &r->items[i];
        const struct catalog_entry *n = &item->snapshot->entry;
        const struct retention_item *parent =
            n->parent != NULL ? find(r, n->parent) : NULL;

        check(item->reason_count > 0);
        check(item->keep || (!n->held && !r->freeze.frozen));
        /* Only one before it is its parent. */
        if (item->keep && parent != NULL && parent < item)
            check(parent->keep);
        kept += item->keep ? n->bytes_stored : 0;
    }
    check(r->count == 0 || r->items[r->count - 1].keep);
    check(kept == r->kept_bytes);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static char ids[SNAPSHOTS_MAX + 2][CATALOG_ID_SIZE];
    struct catalog_item *items = calloc(SNAPSHOTS_MAX, sizeof *items);
    struct catalog c = {.items = items};
    struct retention_mark mark;
    struct retention r;
    struct retention_rules rules = {0};
    size_t at;

    check(items != NULL);
    memset(ids, 0, sizeof ids);
    at = read_mark(&mark, bytes, size);
    if (size - at >= SNAPSHOT_SIZE) {
        rules = (struct retention_rules){
            .last = bytes[at] % 4,
            .hourly = bytes[at + 1] % 8,
            .daily = bytes[at + 2] % 8,
            .weekly = bytes[at + 3] % 4,
            .monthly = bytes[at + 4] % 4,
            .yearly = bytes[at + 5] % 2,
            .within_ms = (uint64_t)bytes[at + 6] * 3600000,
            .max_bytes = (uint64_t)bytes[at + 7] * 16,
            .collapse_percent = bytes[at] % 100,
        };
        at += SNAPSHOT_SIZE;
    }
    for (; size - at >= SNAPSHOT_SIZE && c.count < SNAPSHOTS_MAX;
         at += SNAPSHOT_SIZE)
        add(&c, bytes + at, ids);
    retention_apply(&r, &c, &rules, &mark, INT64_C(1795174200000));
    check_promises(&r);
    retention_clear(&r);
    free(items);
    return 0;
}
