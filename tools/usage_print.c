#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "screen.h"
#include "stats_table.h"
#include "status_row.h"
#include "table.h"
#include "usage.h"

static void
print_why(const char *label, const struct error *e)
{
    struct status_row r;

    status_row_begin(&r, label);
    status_row_add(&r, "%s", e->text);
    status_row_print(&r);
}

static void
print_server(const struct usage *u)
{
    const struct info *i = &u->info;
    char used[TEXT_WORDS_SIZE], limit[TEXT_WORDS_SIZE];
    struct status_row r;

    if (!usage_knows_server(u)) {
        print_why("server", &u->server);
        return;
    }
    text_write_size(used, i->used_memory > 0 ? (uint64_t)i->used_memory : 0);
    status_row_begin(&r, "server");
    status_row_add(&r, "%s %s, %s used", i->valkey ? "valkey" : "redis",
                   i->version, used);
    if (i->maxmemory > 0) {
        text_write_size(limit, (uint64_t)i->maxmemory);
        status_row_add(&r, " of %s (%.0f %%)", limit,
                       100 * (double)i->used_memory / (double)i->maxmemory);
    } else {
        status_row_add(&r, ", no limit (maxmemory 0)");
    }
    if (i->loading)
        status_row_add(&r, ", still loads its data");
    if (i->maxmemory_policy[0] != '\0')
        status_row_add(&r, ", %s", i->maxmemory_policy);
    if (!isnan(i->fragmentation))
        status_row_add(&r, ", fragmentation %.2f", i->fragmentation);
    if (i->evicted_keys > 0)
        status_row_add(&r, ", %lld keys evicted since it started",
                       (long long)i->evicted_keys);
    status_row_print(&r);
}

static void
add_full(struct status_row *r, const struct usage *u)
{
    char time[TEXT_WORDS_SIZE];
    const struct growth *g = &u->growth;

    if (g->verdict != GROWTH_GROWS || !usage_knows_server(u) ||
        u->info.maxmemory <= 0)
        return;
    if (u->full_in_ms >= 0) {
        text_write_duration(time, (uint64_t)u->full_in_ms);
        status_row_add(r, "; if it goes on so, full in %s", time);
        return;
    }
    text_write_duration(time, (uint64_t)(g->to_ms - g->from_ms) * GROWTH_AHEAD);
    status_row_add(r, "; not full within %s", time);
}

static void
print_growth(const struct usage *u)
{
    const struct growth *g = &u->growth;
    char size[TEXT_WORDS_SIZE], time[TEXT_WORDS_SIZE];
    struct status_row r;

    status_row_begin(&r, "growth");
    text_write_duration(time, (uint64_t)(g->to_ms - g->from_ms));
    switch (g->verdict) {
    case GROWTH_UNKNOWN:
        status_row_add(&r,
                       "not known yet: it takes %d snapshots of the last %d "
                       "days, over an hour or more",
                       GROWTH_POINTS_MIN - 1, GROWTH_DAYS);
        break;
    case GROWTH_UNCLEAR:
        status_row_add(&r, "unclear: up and down within %s", time);
        break;
    case GROWTH_STEADY:
        status_row_add(&r, "steady over %s", time);
        break;
    case GROWTH_GROWS:
    case GROWTH_SHRINKS:
        text_write_size(size, (uint64_t)fabs(g->bytes_per_day));
        status_row_add(&r, "%s by %s a day (seen over %s)",
                       growth_name(g->verdict), size, time);
        add_full(&r, u);
        break;
    }
    status_row_print(&r);
}

static void
print_snapshot(const struct usage *u)
{
    const struct weigh *w = &u->weigh;
    char size[TEXT_WORDS_SIZE];
    struct status_row r;

    status_row_begin(&r, "snapshot");
    status_row_add(&r, "%s, ", u->id);
    status_row_add_when(&r, u->state_ms, u->now_ms);
    if (w->stats == NULL) {
        status_row_add(&r, ": there is no RDB in it to weigh keys by; a "
                           "rewrite makes one (BGREWRITEAOF, with "
                           "aof-use-rdb-preamble yes)");
    } else {
        text_write_size(size, w->stats->rdb.all.bytes);
        status_row_add(&r, ": %llu keys, about %s of memory",
                       (unsigned long long)w->stats->rdb.all.keys, size);
    }
    if (w->after_bytes > 0) {
        text_write_size(size, w->after_bytes);
        status_row_add(&r, "; %s of commands behind it are not counted", size);
    }
    status_row_print(&r);
}

static void
add_jobs(struct table *t, const struct queues_queue *q,
         const enum queues_state *states, size_t count)
{
    int64_t jobs = 0;
    bool known = false;

    for (size_t i = 0; i < count; i++)
        if (q->jobs[states[i]] >= 0) {
            known = true;
            jobs += q->jobs[states[i]];
        }
    if (known)
        table_cell(t, "%lld", (long long)jobs);
    else
        table_cell(t, "%s", "");
}

static void
print_queues(const struct queues *all)
{
    static const enum queues_state waiting[] = {
        QUEUES_WAITING, QUEUES_PRIORITIZED, QUEUES_PAUSED};
    static const enum queues_state delayed[] = {
        QUEUES_DELAYED, QUEUES_DEFERRED, QUEUES_WAITING_CHILDREN, QUEUES_RETRY};
    static const enum queues_state single[] = {QUEUES_ACTIVE, QUEUES_COMPLETED,
                                               QUEUES_FAILED, QUEUES_DEAD};
    static const char *const titles[] = {
        "queue",      "system",  ">waiting", ">delayed", ">active",
        ">completed", ">failed", ">dead",    NULL,
    };
    struct table t;

    if (all->count == 0)
        return;
    table_begin(&t, titles);
    for (size_t i = 0; i < all->count; i++) {
        const struct queues_queue *q = &all->items[i];
        char name[64];

        table_cell(&t, "%s",
                   text_quote(name, sizeof name, q->name, strlen(q->name)));
        table_cell(&t, "%s", queues_system_name(q->system));
        add_jobs(&t, q, waiting, sizeof waiting / sizeof *waiting);
        add_jobs(&t, q, delayed, sizeof delayed / sizeof *delayed);
        for (size_t k = 0; k < sizeof single / sizeof *single; k++)
            add_jobs(&t, q, &single[k], 1);
    }
    putchar('\n');
    table_print(&t);
    table_clear(&t);
    if (!all->whole)
        puts("There may be more queues: not every key was looked at.");
    if (all->left_out > 0)
        printf("%zu more queues are not shown.\n", all->left_out);
}

static void
print_clean(const struct usage *u)
{
    struct usage_clean clean[USAGE_CLEAN_MAX];
    size_t count = usage_clean(u, clean);

    if (count > 0)
        puts("\nMay be cleaned:");
    for (size_t i = 0; i < count; i++) {
        screen_print(stdout, 0, clean[i].what);
        /* To be pasted: never folded. */
        printf("    %s\n", screen_tame(clean[i].command));
    }
    usage_clean_clear(clean, count);
}

void
usage_print(const struct usage *u)
{
    print_server(u);
    print_growth(u);
    if (u->snapshot.kind != ERROR_NONE)
        print_why("snapshot", &u->snapshot);
    else
        print_snapshot(u);
    if (usage_knows_server(u) && !usage_knows_queues(u))
        print_why("queues", &u->queues);
    if (usage_knows_sizes(u) && u->weigh.stats->rdb.all.keys > 0) {
        stats_table_print_types(u->weigh.stats);
        stats_table_print_biggest(u->weigh.stats);
        stats_table_print_prefixes(&u->weigh.stats->rdb);
    }
    if (usage_knows_queues(u))
        print_queues(&u->found);
    print_clean(u);
}
