#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "answer.h"
#include "base/clock.h"
#include "base/memory.h"
#include "base/text.h"
#include "command.h"
#include "jobs/prune.h"
#include "jobs/value.h"
#include "screen.h"
#include "settings.h"
#include "table.h"

enum { EXIT_FROZEN = 4 };

static struct retention_rules
read_rules(const struct config *c)
{
    return (struct retention_rules){
        .last = config_number(c, CONFIG_RETENTION_LAST),
        .hourly = config_number(c, CONFIG_RETENTION_HOURLY),
        .daily = config_number(c, CONFIG_RETENTION_DAILY),
        .weekly = config_number(c, CONFIG_RETENTION_WEEKLY),
        .monthly = config_number(c, CONFIG_RETENTION_MONTHLY),
        .yearly = config_number(c, CONFIG_RETENTION_YEARLY),
        .within_ms = config_duration_ms(c, CONFIG_RETENTION_WITHIN),
        .max_bytes = config_size(c, CONFIG_RETENTION_MAX_SIZE),
        .collapse_percent = (double)config_number(c, CONFIG_ALARMS_COLLAPSE),
    };
}

static json_t *
list(const struct retention *r, bool keep)
{
    json_t *all = json_array();

    for (size_t i = 0; i < r->count; i++) {
        const struct retention_item *item = &r->items[i];
        json_t *reasons;

        if (item->keep != keep)
            continue;
        reasons = json_array();
        for (size_t n = 0; n < item->reason_count; n++)
            json_array_append_new(reasons, value_string(item->reasons[n]));
        json_array_append_new(all,
                              json_pack("{s:s, s:o}", "id", item->snapshot->id,
                                        "reasons", reasons));
    }
    return all;
}

static json_t *
to_json(const struct prune *p, bool dry_run)
{
    const struct retention *r = &p->retention;
    const struct retention_freeze *f = &r->freeze;

    return json_pack(
        "{s:o, s:o, s:b, s:o, s:o, s:I, s:I, s:I, s:b}", "keep", list(r, true),
        "remove", list(r, false), "frozen", f->frozen, "frozen_by",
        f->frozen ? value_string(f->id) : json_null(), "frozen_text",
        f->frozen ? value_string(f->text) : json_null(), "bytes_kept",
        (json_int_t)r->kept_bytes, "bytes_removed",
        (json_int_t)r->removed_bytes, "bytes_freed",
        (json_int_t)p->emptied.freed_bytes, "dry_run", dry_run);
}

static void
show_item(struct table *t, const struct retention_item *item)
{
    char *text = memory_dup(item->reasons[0]), *longer;

    for (size_t n = 1; n < item->reason_count; n++) {
        longer = text_format("%s, %s", text, item->reasons[n]);
        free(text);
        text = longer;
    }
    table_cell(t, "%s", item->snapshot->id);
    table_cell(t, "%s", item->keep ? "kept" : "removed");
    table_cell(t, "%s", text);
    free(text);
}

static void
show_table(const struct retention *r, bool quiet)
{
    static const char *const titles[] = {"id", "is", "because of", NULL};
    struct table t;

    table_begin(&t, titles);
    for (size_t i = 0; i < r->count; i++)
        if (!quiet || !r->items[i].keep)
            show_item(&t, &r->items[i]);
    if (t.count > 0)
        table_print(&t);
    table_clear(&t);
}

static void
show(const struct prune *p, const struct invocation *in, bool dry_run)
{
    const struct retention *r = &p->retention;
    char kept[TEXT_WORDS_SIZE], removed[TEXT_WORDS_SIZE];
    char freed[TEXT_WORDS_SIZE];

    show_table(r, in->quiet);
    text_write_size(kept, r->kept_bytes);
    text_write_size(removed, r->removed_bytes);
    text_write_size(freed, p->emptied.freed_bytes);
    if (!in->quiet)
        printf("%zu kept (%s), %zu removed (%s)\n", r->count - r->removed, kept,
               r->removed, removed);
    if (dry_run)
        puts("dry run: nothing was changed");
    else if (!in->quiet && p->emptied.freed_bytes > 0)
        printf("%s of the trash deleted\n", freed);
    if (p->emptied.waiting > 0 && !in->quiet)
        printf("%zu files of the trash stay until nobody reads\n",
               p->emptied.waiting);
}

/* Whoever is told must be able to act on this line alone. */
static void
tell_freeze(const struct retention_freeze *f)
{
    char *until = f->newer ? memory_dup("")
                           : text_format(" until newer data looks right, or"
                                         " 'redkeep prune --accept %s' says"
                                         " that this does",
                                         f->id);
    char *line = text_format("redkeep prune: frozen: %s: nothing is removed%s",
                             f->text, until);

    screen_print(stderr, 4, line);
    free(line);
    free(until);
}

static int
run(struct invocation *in, struct error *e)
{
    const bool dry_run = command_has(in, "dry-run");
    struct settings settings;
    struct prune prune = {0};
    int rc = -1;

    if (settings_read(&settings, in, e) != 0 ||
        prune_run(&prune,
                  &(struct prune_options){
                      .instance = settings.instance,
                      .repo = config_text(&in->config, CONFIG_REPO),
                      .name = config_text(&in->config, CONFIG_INSTANCE),
                      .rules = read_rules(&in->config),
                      .accept = command_value_of(in, "accept"),
                      .dry_run = dry_run,
                      .adopt = command_has(in, "yes"),
                  },
                  clock_wall_ms(), e) != 0)
        goto out;
    rc = prune.retention.freeze.frozen ? EXIT_FROZEN : 0;
    if (!in->json)
        show(&prune, in, dry_run);
    else if (answer_print(to_json(&prune, dry_run), e) != 0)
        rc = -1;
    if (prune.retention.freeze.frozen)
        tell_freeze(&prune.retention.freeze);

out:
    prune_clear(&prune);
    settings_clear(&settings);
    return rc;
}

const struct command cmd_prune = {
    .name = "prune",
    .words = "",
    .summary = "remove the snapshots that no rule keeps",
    .details =
        "Says for each why it stays or goes. Never removed: the last good one,\n"
        "one that is held, one that another needs; and none at all while the\n"
        "newest data looks wrong (exit status 4). What goes is in trash/ for an\n"
        "hour.\n",
    .options =
        {
            {"dry-run", NULL, "say what would be done, change nothing"},
            {"accept", "ID", "the data is right up to this one"},
            {"yes", NULL, "take over the instance of another directory"},
        },
    .settings =
        {
            {"retention-last", "N", "the newest"},
            {"retention-hourly", "N", "one of each hour"},
            {"retention-daily", "N", "one of each day"},
            {"retention-weekly", "N", "one of each week"},
            {"retention-monthly", "N", "one of each month"},
            {"retention-yearly", "N", "one of each year"},
            {"retention-within", "DURATION", "all so young"},
            {"retention-max-size", "SIZE", "of all together; 0: any"},
            {"alarms-collapse", "PERCENT", "lost data that looks wrong"},
        },
    .run = run,
};
