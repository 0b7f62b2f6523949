#include "repo/retention.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "repo/retention_slot.h"

enum { REASON_SIZE = 80, NONE = -1 };

struct judge {
    struct retention *r;
    const struct retention_rules *rules;
    long *parents;   /* index of each one's parent, or NONE */
    bool *good;      /* sound and as stored, all it builds on is there */
    bool *protected; /* max_size may not take it */
    int64_t now_ms;
};

static const struct catalog_entry *
entry_of(const struct judge *j, size_t i)
{
    return &j->r->items[i].snapshot->entry;
}

static bool
is_broken(const struct judge *j, size_t i)
{
    return j->r->items[i].snapshot->broken.kind != ERROR_NONE;
}

static void
give_reason(struct retention_item *item, const char *text)
{
    item->reasons = memory_resize(item->reasons, item->reason_count + 1,
                                  sizeof *item->reasons);
    item->reasons[item->reason_count++] = memory_dup(text);
}

static void
keep(struct judge *j, size_t i, const char *reason)
{
    j->r->items[i].keep = true;
    give_reason(&j->r->items[i], reason);
}

static void
protect(struct judge *j, size_t i, const char *reason)
{
    keep(j, i, reason);
    j->protected[i] = true;
}

/* Parents come before their children: no chain is a ring. */
static long
find_parent(const struct judge *j, size_t i)
{
    const char *parent = entry_of(j, i)->parent;

    for (size_t k = i; k > 0; k--)
        if (strcmp(j->r->items[k - 1].snapshot->id, parent) == 0)
            return (long)(k - 1);
    return NONE;
}

static void
judge_each(struct judge *j)
{
    bool *whole = memory_new(j->r->count * sizeof *whole);

    for (size_t i = 0; i < j->r->count; i++) {
        j->parents[i] = NONE;
        whole[i] = !is_broken(j, i);
        if (whole[i] && entry_of(j, i)->parent != NULL) {
            j->parents[i] = find_parent(j, i);
            whole[i] = j->parents[i] != NONE && whole[j->parents[i]];
        }
        j->good[i] = whole[i] && entry_of(j, i)->verdict == VERDICT_SOUND &&
                     !entry_of(j, i)->failed;
    }
    free(whole);
}

static bool
is_bound(const struct judge *j, size_t i)
{
    return j->good[i] && entry_of(j, i)->bound == CATALOG_BOUND;
}

/* Whatever the rules say. */
static void
keep_always(struct judge *j)
{
    bool newest = true, good = true, bound = true;
    char reason[sizeof j->r->items->snapshot->broken.text + 32];

    for (size_t i = j->r->count; i-- > 0;) {
        if (is_broken(j, i)) {
            snprintf(reason, sizeof reason, "cannot be read: %s",
                     j->r->items[i].snapshot->broken.text);
            protect(j, i, reason);
            continue;
        }
        if (j->good[i] && good)
            protect(j, i, "the last good snapshot");
        else if (bound && is_bound(j, i))
            protect(j, i, "the last good one of a proven server");
        else if (newest)
            protect(j, i, "the newest snapshot");
        if (entry_of(j, i)->held)
            protect(j, i, "held");
        newest = false;
        good = good && !j->good[i];
        bound = bound && !is_bound(j, i);
    }
}

/*
 * A rule is asked twice: for the good snapshots alone, and for all of them. Of
 * the second answer only those that are not good are kept: so each stays as
 * long as it would if it were good, and never in a good one's place.
 */
static void
keep_by_rule(struct judge *j, size_t i, bool good_only, const char *reason)
{
    const char *why = catalog_word(entry_of(j, i));
    char text[REASON_SIZE + 32];

    if (good_only) {
        keep(j, i, reason);
    } else if (!j->good[i]) {
        if (catalog_is_good(j->r->items[i].snapshot))
            why = "its chain is broken";
        snprintf(text, sizeof text, "%s (%s)", reason, why);
        keep(j, i, text);
    }
}

static bool
counts(const struct judge *j, size_t i, bool good_only)
{
    return !is_broken(j, i) && (j->good[i] || !good_only);
}

static void
keep_last(struct judge *j, bool good_only)
{
    uint64_t left = j->rules->last;
    char reason[REASON_SIZE];

    snprintf(reason, sizeof reason, "last %llu", (unsigned long long)left);
    for (size_t i = j->r->count; i-- > 0 && left > 0;)
        if (counts(j, i, good_only)) {
            keep_by_rule(j, i, good_only, reason);
            left--;
        }
}

static bool
has_number(const int64_t *numbers, size_t count, int64_t number)
{
    for (size_t i = count; i > 0; i--)
        if (numbers[i - 1] == number)
            return true;
    return false;
}

/*
 * The newest snapshot of each slot; the clock may have jumped, so a slot that
 * comes again is the same one.
 */
static void
keep_slots(struct judge *j, enum retention_slot slot, uint64_t limit,
           bool good_only)
{
    int64_t *taken = memory_new(j->r->count * sizeof *taken);
    char reason[RETENTION_SLOT_SIZE];
    size_t count = 0;

    for (size_t i = j->r->count; i-- > 0 && count < limit;) {
        int64_t at = entry_of(j, i)->started_ms;
        int64_t number = retention_slot_of(slot, at);

        if (!counts(j, i, good_only) || has_number(taken, count, number))
            continue;
        taken[count++] = number;
        retention_slot_write(reason, slot, at);
        keep_by_rule(j, i, good_only, reason);
    }
    free(taken);
}

/* "7d": in the largest unit that has no rest. */
static void
write_span(char *out, size_t size, uint64_t ms)
{
    static const struct {
        uint64_t ms;
        const char *name;
    } units[] = {
        {86400000, "d"}, {3600000, "h"}, {60000, "m"}, {1000, "s"}, {1, "ms"},
    };
    size_t n = 0;

    while (ms % units[n].ms != 0)
        n++;
    snprintf(out, size, "within %llu%s", (unsigned long long)(ms / units[n].ms),
             units[n].name);
}

/*
 * Counted from the newest good one: where none are taken any more, none go.
 * From now, if its clock was ahead.
 */
static int64_t
within_begin(const struct judge *j)
{
    int64_t from = j->now_ms;

    for (size_t i = j->r->count; i-- > 0;)
        if (j->good[i]) {
            if (entry_of(j, i)->started_ms < from)
                from = entry_of(j, i)->started_ms;
            break;
        }
    return from - (int64_t)j->rules->within_ms;
}

static void
keep_within(struct judge *j, bool good_only)
{
    int64_t begin = within_begin(j);
    char reason[REASON_SIZE];

    if (j->rules->within_ms == 0)
        return;
    write_span(reason, sizeof reason, j->rules->within_ms);
    for (size_t i = 0; i < j->r->count; i++)
        if (counts(j, i, good_only) && entry_of(j, i)->started_ms >= begin)
            keep_by_rule(j, i, good_only, reason);
}

static void
keep_by_rules(struct judge *j, bool good_only)
{
    const struct retention_rules *rules = j->rules;

    keep_last(j, good_only);
    keep_slots(j, RETENTION_HOURLY, rules->hourly, good_only);
    keep_slots(j, RETENTION_DAILY, rules->daily, good_only);
    keep_slots(j, RETENTION_WEEKLY, rules->weekly, good_only);
    keep_slots(j, RETENTION_MONTHLY, rules->monthly, good_only);
    keep_slots(j, RETENTION_YEARLY, rules->yearly, good_only);
    keep_within(j, good_only);
}

static bool
has_rules(const struct retention_rules *rules)
{
    return rules->last > 0 || rules->hourly > 0 || rules->daily > 0 ||
           rules->weekly > 0 || rules->monthly > 0 || rules->yearly > 0 ||
           rules->within_ms > 0;
}

static void
keep_parents(struct judge *j)
{
    char reason[REASON_SIZE];

    for (size_t i = j->r->count; i-- > 0;) {
        long parent = j->parents[i];

        if (!j->r->items[i].keep || parent == NONE || j->r->items[parent].keep)
            continue;
        snprintf(reason, sizeof reason, "parent of %s",
                 j->r->items[i].snapshot->id);
        keep(j, (size_t)parent, reason);
    }
}

static void
clear_reasons(struct retention_item *item)
{
    for (size_t n = 0; n < item->reason_count; n++)
        free(item->reasons[n]);
    free(item->reasons);
    item->reasons = NULL;
    item->reason_count = 0;
}

static void
drop(struct retention_item *item, const char *reason)
{
    clear_reasons(item);
    item->keep = false;
    give_reason(item, reason);
}

static void
sum_up(struct retention *r)
{
    r->kept_bytes = r->removed_bytes = r->removed = 0;
    for (size_t i = 0; i < r->count; i++) {
        uint64_t bytes = r->items[i].snapshot->entry.bytes_stored;

        *(r->items[i].keep ? &r->kept_bytes : &r->removed_bytes) += bytes;
        r->removed += !r->items[i].keep;
    }
}

/* The oldest first, but no parent before its children. */
static void
limit_size(struct judge *j)
{
    size_t *children = memory_new(j->r->count * sizeof *children), i = 0;
    struct retention *r = j->r;

    for (size_t n = 0; n < r->count; n++)
        if (r->items[n].keep && j->parents[n] != NONE)
            children[j->parents[n]]++;
    sum_up(r);
    while (i < r->count && r->kept_bytes > j->rules->max_bytes) {
        long parent = j->parents[i];

        if (!r->items[i].keep || j->protected[i] || children[i] > 0) {
            i++;
            continue;
        }
        drop(&r->items[i], "over max_size");
        r->kept_bytes -= r->items[i].snapshot->entry.bytes_stored;
        if (parent != NONE && --children[parent] == 0)
            i = (size_t)parent;
    }
    free(children);
}

/* What nobody wanted goes, or is frozen. */
static void
end(struct judge *j)
{
    for (size_t i = 0; i < j->r->count; i++)
        if (j->r->freeze.frozen && !j->r->items[i].keep)
            keep(j, i, "protected by the freeze");
        else if (j->r->items[i].reason_count == 0)
            give_reason(&j->r->items[i], "no rule keeps it");
    sum_up(j->r);
}

void
retention_apply(struct retention *r, const struct catalog *c,
                const struct retention_rules *rules,
                const struct retention_mark *mark, int64_t now_ms)
{
    struct judge j = {.r = r, .rules = rules, .now_ms = now_ms};

    *r = (struct retention){.count = c->count};
    r->items = memory_new(c->count * sizeof *r->items);
    j.parents = memory_new(c->count * sizeof *j.parents);
    j.good = memory_new(c->count * sizeof *j.good);
    j.protected = memory_new(c->count * sizeof *j.protected);
    for (size_t i = 0; i < c->count; i++)
        r->items[i].snapshot = &c->items[i];
    retention_freeze(&r->freeze, c, mark, rules->collapse_percent);
    judge_each(&j);
    keep_always(&j);
    if (has_rules(rules)) {
        keep_by_rules(&j, true);
        keep_by_rules(&j, false);
    } else {
        for (size_t i = 0; i < c->count; i++)
            if (!is_broken(&j, i))
                keep(&j, i, "no rule is set");
    }
    keep_parents(&j);
    if (rules->max_bytes > 0 && !r->freeze.frozen)
        limit_size(&j);
    end(&j);
    free(j.parents);
    free(j.good);
    free(j.protected);
}

void
retention_clear(struct retention *r)
{
    for (size_t i = 0; i < r->count; i++)
        clear_reasons(&r->items[i]);
    free(r->items);
    *r = (struct retention){0};
}
