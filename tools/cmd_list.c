#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "answer.h"
#include "base/text.h"
#include "command.h"
#include "hint.h"
#include "jobs/listing.h"
#include "repo/storage.h"
#include "screen.h"
#include "table.h"

static const char *
bound_word(enum catalog_bound bound)
{
    static const char *const words[] = {
        [CATALOG_NO_SERVER] = "-",
        [CATALOG_UNBOUND] = "no",
        [CATALOG_BOUND] = "yes",
    };

    return words[bound];
}

/* "2026-11-20 11:30": seven columns have to fit into 80. */
static void
write_minute(char out[TEXT_TIME_SIZE], int64_t ms)
{
    text_write_time(out, ms);
    out[strcspn(out, "T")] = ' ';
    out[strlen("2026-11-20 11:30")] = '\0';
}

static void
show_one(struct table *t, const struct catalog_entry *n)
{
    char when[TEXT_TIME_SIZE], source[TEXT_WORDS_SIZE];
    char stored[TEXT_WORDS_SIZE], keys[24] = "";

    if (n->keys >= 0)
        snprintf(keys, sizeof keys, "%lld", (long long)n->keys);
    write_minute(when, n->state_time_ms);
    text_write_size(source, n->bytes_source);
    text_write_size(stored, n->bytes_stored);
    table_cell(t, "%s", n->id);
    table_cell(t, "%s", when);
    table_cell(t, "%s", n->failed ? "NOT OK" : verdict_name(n->verdict));
    table_cell(t, "%s", bound_word(n->bound));
    table_cell(t, "%s", keys);
    table_cell(t, "%s", source);
    table_cell(t, "%s", stored);
}

static void
show_failed(const struct catalog_entry *n, const struct invocation *in)
{
    char at[TEXT_TIME_SIZE], *line, *whole;

    write_minute(at, n->look.at_ms);
    line = text_format("%s: not what was stored, found %s: %s", n->id, at,
                       *n->look.wrong != '\0' ? n->look.wrong
                                              : "'redkeep verify' tells more");
    whole = hint_complete(in, line);
    screen_print(stdout, 4, whole);
    free(whole);
    free(line);
}

/* What verify found; what it did not look at yet is only counted. */
static void
show_verified(const struct catalog *c, const struct invocation *in)
{
    char at[TEXT_TIME_SIZE];
    int64_t last_ms = -1;
    size_t count = 0;

    for (size_t i = 0; i < c->count; i++) {
        const struct catalog_entry *n = &c->items[i].entry;

        if (n->failed)
            show_failed(n, in);
        if (n->verified_ms > last_ms)
            last_ms = n->verified_ms;
        count += n->verified_ms >= 0 && !n->failed;
    }
    if (count == 0)
        return;
    write_minute(at, last_ms);
    printf("verified since stored: %zu of %zu, the last %s\n", count, c->count,
           at);
}

static void
show(const struct catalog *c, const struct storage *s,
     const struct invocation *in)
{
    static const char *const titles[] = {
        "id",    "data as of (UTC)", "verdict", "proven", ">keys",
        ">data", ">stored",          NULL,
    };
    struct table t;
    char *hint;

    if (c->count == 0) {
        hint = hint_complete(in, "take one with 'redkeep snapshot'");
        printf("no snapshot in %s/%s yet: %s\n", s->path, s->instance, hint);
        free(hint);
        return;
    }
    table_begin(&t, titles);
    for (size_t i = 0; i < c->count; i++)
        if (c->items[i].broken.kind == ERROR_NONE)
            show_one(&t, &c->items[i].entry);
    table_print(&t);
    table_clear(&t);
    for (size_t i = 0; i < c->count; i++)
        if (c->items[i].entry.held)
            printf("%s: held\n", c->items[i].id);
    for (size_t i = 0; i < c->count; i++)
        if (c->items[i].broken.kind != ERROR_NONE)
            printf("%s: damaged entry: %s\n", c->items[i].id,
                   c->items[i].broken.text);
    show_verified(c, in);
}

/* An entry that cannot be read, or what is not what was stored. */
static bool
has_bad(const struct catalog *c)
{
    for (size_t i = 0; i < c->count; i++)
        if (c->items[i].broken.kind != ERROR_NONE || c->items[i].entry.failed)
            return true;
    return false;
}

static int
run(struct invocation *in, struct error *e)
{
    struct storage storage = {.instance_dir = -1, .snapshots_dir = -1};
    struct catalog catalog = {0};
    int rc = -1;

    if (storage_open(&storage, config_text(&in->config, CONFIG_REPO),
                     config_text(&in->config, CONFIG_INSTANCE), e) != 0 ||
        catalog_load(&catalog, storage.snapshots_dir, e) != 0)
        goto out;
    rc = has_bad(&catalog);
    if (!in->json)
        show(&catalog, &storage, in);
    else if (answer_print(listing_write(&catalog, 0), e) != 0)
        rc = -1;

out:
    catalog_clear(&catalog);
    storage_close(&storage);
    return rc;
}

const struct command cmd_list = {
    .name = "list",
    .words = "",
    .summary = "show the snapshots of an instance",
    .details =
        "Oldest first. Works on a read-only repository. proven: whether the\n"
        "files are known to be those of the server that was asked; - without\n"
        "a server. NOT OK: it is not what was stored, says 'redkeep verify'.\n"
        "Exit status 1: that is one of them, or an entry cannot be read.\n",
    .run = run,
};
