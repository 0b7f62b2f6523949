#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "answer.h"
#include "base/clock.h"
#include "base/memory.h"
#include "base/text.h"
#include "command.h"
#include "formats/footprint.h"
#include "jobs/reach.h"
#include "hint.h"
#include "meter.h"
#include "settings.h"
#include "usage.h"

enum { STATUS_DAMAGED = 1 };

enum { TOP_MAX = 1000 };

static int
read_options(struct weigh_options *o, const struct invocation *in,
             struct error *e)
{
    const char *top = command_value_of(in, "top");
    const char *separator = command_value_of(in, "prefix-separator");
    uint64_t most = RDB_STATS_MOST;

    if (top != NULL && (!text_number(top, TOP_MAX, &most) || most == 0))
        return error_set(e, ERROR_USAGE,
                         "--top: found '%s', expected a number from 1 to %d",
                         top, TOP_MAX);
    if (separator != NULL &&
        (strlen(separator) != 1 || *separator < ' ' || *separator > '~'))
        return error_set(e, ERROR_USAGE,
                         "--prefix-separator: found '%s', expected one"
                         " character of ASCII",
                         separator);
    o->most = (size_t)most;
    o->separator = separator != NULL ? *separator : ':';
    return 0;
}

/* Queues are looked for even where the agent does not watch them. */
static int
ask_queues(struct usage *u, const struct config *c, struct link *link,
           struct error *e)
{
    const char *watch = config_text(c, CONFIG_QUEUES_WATCH);
    const struct queues_options options = {
        .watch = watch == NULL || strcmp(watch, "off") == 0 ? "auto" : watch,
        .keys_max = QUEUES_KEYS_ONCE,
    };

    if (queues_ask(&u->found, link, &options, &u->queues) == 0 ||
        u->queues.kind != ERROR_STOPPED)
        return 0;
    *e = u->queues;
    return -1;
}

/* No command but INFO, and those that count jobs. */
static int
ask_server(struct usage *u, const struct settings *s, const struct config *c,
           struct error *e)
{
    struct link *link = link_open(&s->reach.link, &u->server);
    int rc = 0;

    error_set(&u->queues, ERROR_FAILED, "the server does not answer");
    if (link != NULL && info_ask(link, &u->info, &u->server) == 0) {
        u->queues = (struct error){0};
        rc = ask_queues(u, c, link, e);
    } else if (u->server.kind == ERROR_STOPPED) {
        *e = u->server;
        rc = -1;
    }
    link_close(link);
    return rc;
}

static int
weigh_newest(struct usage *u, const struct storage *storage,
             const struct catalog *c, const struct weigh_options *o,
             struct error *e)
{
    const struct catalog_entry *entry = catalog_newest(c, true);

    if (entry == NULL)
        return error_set(e, ERROR_ABSENT,
                         "no good snapshot in %s/%s: take one with 'redkeep"
                         " snapshot'",
                         storage->path, storage->instance);
    memcpy(u->id, entry->id, sizeof u->id);
    u->state_ms = entry->state_time_ms;
    return weigh_read(&u->weigh, storage, entry, o, e);
}

static int
read_storage(struct usage *u, struct storage *storage, const struct config *c,
             const struct weigh_options *o, struct error *e)
{
    struct lock lock = LOCK_NONE;
    struct catalog catalog = {0};
    int rc = -1;

    if (storage_open(storage, config_text(c, CONFIG_REPO),
                     config_text(c, CONFIG_INSTANCE), e) != 0 ||
        storage_lock_readers(storage, &lock, e) != 0 ||
        catalog_load(&catalog, storage->snapshots_dir, e) != 0)
        goto out;
    growth_of_catalog(
        &u->growth, &catalog, u->now_ms,
        usage_knows_server(u) && !u->info.loading ? u->info.used_memory : -1);
    rc = weigh_newest(u, storage, &catalog, o, e);

out:
    catalog_clear(&catalog);
    lock_release(&lock);
    return rc;
}

static int
gather(struct usage *u, const struct invocation *in, struct error *e)
{
    struct storage storage = {.instance_dir = -1, .snapshots_dir = -1};
    struct weigh_options options = {.now_ms = u->now_ms,
                                    .progress = &in->progress};
    struct settings s = {0};
    int rc = read_options(&options, in, e);

    if (rc == 0)
        rc = settings_read(&s, in, e);
    if (rc == 0) {
        u->url = url_write(s.reach.link.url);
        rc = ask_server(u, &s, &in->config, e);
    }
    settings_clear(&s);
    if (rc != 0)
        return -1;
    growth_judge(&u->growth, NULL, 0);
    options.pages = footprint_has_pages(u->info.allocator);
    read_storage(u, &storage, &in->config, &options, &u->snapshot);
    storage_close(&storage);
    meter_end();
    if (u->snapshot.kind == ERROR_STOPPED ||
        (!usage_knows_server(u) && u->id[0] == '\0')) {
        if (u->snapshot.kind != ERROR_STOPPED)
            return error_set(e, u->server.kind, "%s%s", u->server.text,
                             reach_advice(&u->server));
        *e = u->snapshot;
        return -1;
    }
    u->full_in_ms = -1;
    if (usage_knows_server(u) && !u->info.loading)
        u->full_in_ms = growth_full_in_ms(&u->growth, u->info.used_memory,
                                          u->info.maxmemory);
    return 0;
}

/* Its command can be pasted. */
static void
complete(struct error *e, const struct invocation *in)
{
    char *whole = hint_complete(in, e->text);

    snprintf(e->text, sizeof e->text, "%s", whole);
    free(whole);
}

static int
run(struct invocation *in, struct error *e)
{
    struct usage u = {.now_ms = clock_wall_ms()};
    int rc = gather(&u, in, e);

    complete(&u.snapshot, in);
    if (rc == 0 && in->json)
        rc = answer_print(usage_json(&u), e);
    else if (rc == 0)
        usage_print(&u);
    if (rc == 0 && u.snapshot.kind == ERROR_DAMAGED)
        rc = STATUS_DAMAGED;
    weigh_clear(&u.weigh);
    queues_clear(&u.found);
    free(u.url);
    return rc;
}

const struct command cmd_memory = {
    .name = "memory",
    .words = "",
    .summary = "what needs the memory, and how it grows",
    .details =
        "The server is asked for INFO and the lengths of job queues; the biggest\n"
        "keys and prefixes are those of the newest good snapshot, in the memory\n"
        "that the server needs for them. Exit status 1: that snapshot is damaged.\n",
    .options =
        {
            {"top", "N", "so many keys and prefixes (20)"},
            {"prefix-separator", "C", "what ends the parts of a name (:)"},
        },
    .run = run,
};
