#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "repo/retention.h"

enum {
    STAMP_LENGTH = 16,     /* of an id, before "-2" */
    SIZE_MIN_BYTES = 65536 /* sizes below it go up and down */
};

static bool
lost(double before, double after, double percent)
{
    return before > 0 && 100.0 * (before - after) / before >= percent;
}

static bool
know_keys(const struct catalog_entry *a, const struct catalog_entry *b)
{
    return a->keys >= 0 && b->keys >= 0;
}

/*
 * A dump is as large as its data. An AOF may be many times larger, until a
 * rewrite: before, only its base is sure to have been needed.
 */
static double
data_bytes(const struct catalog_entry *entry, bool surely)
{
    double sum = 0;

    for (size_t n = 0; n < entry->file_count; n++) {
        const struct catalog_file *f = &entry->files[n];

        if (!f->config && (!surely || f->role == DATASET_ROLE_DUMP ||
                           f->role == DATASET_ROLE_BASE))
            sum += (double)f->size_bytes;
    }
    return sum;
}

static bool
lost_size(const struct catalog_entry *entry, const struct catalog_entry *before,
          double percent)
{
    double then = data_bytes(before, true);

    return entry->dataset == before->dataset && then >= SIZE_MIN_BYTES &&
           lost(then, data_bytes(entry, false), percent);
}

static bool
lost_keys(const struct catalog_entry *entry, const struct catalog_entry *before,
          double percent)
{
    return know_keys(entry, before) &&
           lost((double)before->keys, (double)entry->keys, percent);
}

static bool
has_collapsed(const struct catalog_entry *entry,
              const struct catalog_entry *before, double percent)
{
    if (percent <= 0 || before == NULL)
        return false;
    return lost_keys(entry, before, percent) ||
           lost_size(entry, before, percent);
}

/* A mark beyond the newest is of another history: of a later copy. */
static uint64_t
marked(const struct catalog *c, const struct retention_mark *mark)
{
    const struct catalog_entry *newest = catalog_newest(c, false);

    return newest != NULL && mark->sequence <= newest->sequence ? mark->sequence
                                                                : 0;
}

const struct catalog_entry *
retention_collapsed(const struct catalog *c, const struct retention_mark *mark,
                    double collapse_percent, const struct catalog_entry *entry)
{
    const struct catalog_entry *right = NULL;
    uint64_t from = marked(c, mark);

    if (entry->sequence <= from)
        return NULL;
    for (size_t i = 0; i < c->count; i++) {
        const struct catalog_entry *n = &c->items[i].entry;

        if (c->items[i].broken.kind != ERROR_NONE ||
            n->sequence >= entry->sequence || n->sequence < from)
            continue;
        /* What was accepted is right whatever its verdict. */
        if ((n->verdict == VERDICT_SOUND || n->sequence == from) &&
            !has_collapsed(n, right, collapse_percent))
            right = n;
    }
    return has_collapsed(entry, right, collapse_percent) ? right : NULL;
}

void
retention_write_collapse(char out[RETENTION_TEXT_SIZE],
                         const struct catalog_entry *entry,
                         const struct catalog_entry *before,
                         double collapse_percent)
{
    char now[TEXT_WORDS_SIZE], then[TEXT_WORDS_SIZE];

    if (lost_keys(entry, before, collapse_percent)) {
        snprintf(out, RETENTION_TEXT_SIZE,
                 "%s has %lld keys, %s before it %lld", entry->id,
                 (long long)entry->keys, before->id, (long long)before->keys);
        return;
    }
    text_write_size(now, (uint64_t)data_bytes(entry, false));
    text_write_size(then, (uint64_t)data_bytes(before, true));
    snprintf(out, RETENTION_TEXT_SIZE, "%s has %s of data, %s before it %s",
             entry->id, now, before->id, then);
}

/* By time, then by the number behind it: "-10" is later than "-2". */
static int
compare_ids(const char *a, const char *b)
{
    int order = strncmp(a, b, STAMP_LENGTH);
    unsigned long x, y;

    if (order != 0 || a[0] == '\0' || b[0] == '\0')
        return order;
    x = strtoul(a + STAMP_LENGTH + (a[STAMP_LENGTH] == '-'), NULL, 10);
    y = strtoul(b + STAMP_LENGTH + (b[STAMP_LENGTH] == '-'), NULL, 10);
    return x < y ? -1 : x > y;
}

static void
freeze_for(struct retention_freeze *f, const char *id)
{
    f->frozen = true;
    snprintf(f->id, sizeof f->id, "%s", id);
}

/*
 * An entry that cannot be read has no sequence: of those, one that is later by
 * its name is the newest. What a newer redkeep wrote may need anything.
 */
static void
look_at_broken(struct retention_freeze *f, const struct catalog *c,
               const struct retention_mark *mark, const char *newest)
{
    for (size_t i = 0; i < c->count && !f->frozen; i++) {
        const struct catalog_item *item = &c->items[i];

        if (item->broken.kind == ERROR_REFUSED ||
            (item->broken.kind != ERROR_NONE &&
             compare_ids(item->id, newest) > 0 &&
             compare_ids(item->id, mark->id) > 0)) {
            freeze_for(f, item->id);
            f->newer = item->broken.kind == ERROR_REFUSED;
            snprintf(f->text, sizeof f->text, "%.200s", item->broken.text);
        }
    }
}

void
retention_freeze(struct retention_freeze *f, const struct catalog *c,
                 const struct retention_mark *mark, double collapse_percent)
{
    const struct catalog_entry *newest = catalog_newest(c, false), *before;

    *f = (struct retention_freeze){0};
    look_at_broken(f, c, mark, newest != NULL ? newest->id : "");
    if (f->frozen || newest == NULL)
        return;
    before = retention_collapsed(c, mark, collapse_percent, newest);
    if (before != NULL) {
        freeze_for(f, newest->id);
        f->collapsed = true;
        retention_write_collapse(f->text, newest, before, collapse_percent);
    } else if ((newest->verdict == VERDICT_DAMAGED || newest->failed) &&
               newest->sequence > marked(c, mark)) {
        freeze_for(f, newest->id);
        snprintf(f->text, sizeof f->text, "%s is %s", newest->id,
                 catalog_word(newest));
    }
}
