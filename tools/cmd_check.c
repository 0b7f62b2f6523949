#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "answer.h"
#include "base/clock.h"
#include "base/text.h"
#include "command.h"
#include "file_json.h"
#include "jobs/check.h"
#include "meter.h"
#include "server_settings.h"
#include "stats_table.h"
#include "table.h"

/* What all paths together come to: the worst of each. */
struct outcome {
    enum verdict verdict;
    enum judge_server server;
    bool well;     /* exit status 0 */
    json_t *files; /* for JSON; else the table */
    struct table table;
    struct stats_table stats;
};

static void
write_count(char out[24], bool known, uint64_t count)
{
    snprintf(out, 24, "%llu", (unsigned long long)count);
    if (!known)
        out[0] = '\0';
}

/* What a file cannot have is left blank. */
static void
add_row(struct table *t, const struct judge_file *f)
{
    const char *kind = file_json_kind(f);
    bool is_aof = strcmp(kind, "aof") == 0;
    char size[TEXT_WORDS_SIZE], version[24], keys[24], commands[24];

    text_write_size(size, f->size_bytes);
    write_count(version, f->version > 0, (uint64_t)f->version);
    write_count(keys, is_aof ? f->aof.has_rdb : strcmp(kind, "rdb") == 0,
                f->keys);
    write_count(commands, is_aof, f->commands);
    table_cell(t, "%s", f->path);
    table_cell(t, "%s", kind);
    table_cell(t, "%s", verdict_name(f->verdict));
    table_cell(t, "%s", f->missing ? "" : size);
    table_cell(t, "%s", version);
    table_cell(t, "%s", keys);
    table_cell(t, "%s", commands);
    table_cell(t, "%s", rdb_checksum_name(f->checksum));
}

static void
add_nothing(struct table *t, const char *path)
{
    table_cell(t, "%s", path);
    table_cell(t, "no data");
    for (size_t column = 2; column < t->columns; column++)
        table_cell(t, "%s", "");
}

static void
add(struct outcome *o, const char *path, const struct check *c)
{
    const struct judge *j = &c->judge;

    o->verdict = verdict_worse(o->verdict, j->verdict);
    if (j->server > o->server)
        o->server = j->server;
    o->well = o->well && j->verdict == VERDICT_SOUND &&
              (j->server == JUDGE_LOADS ||
               (j->server == JUDGE_EMPTY && check_is_empty(c)));
    for (size_t n = 0; n < j->count; n++) {
        if (o->files != NULL)
            json_array_append_new(o->files, file_json_make(&j->files[n]));
        else
            add_row(&o->table, &j->files[n]);
        stats_table_take(&o->stats, &j->files[n]);
    }
    if (check_is_empty(c))
        add_nothing(&o->table, path);
}

static void
show(struct outcome *o, const struct report *report,
     const struct judge_options *options, const struct invocation *in)
{
    char release[RELEASE_TEXT_SIZE];

    release_write(release, &options->release);
    if (!in->quiet && o->table.count > 0)
        table_print(&o->table);
    stats_table_print(&o->stats);
    if (answer_show_findings(report, in->verbose) && !in->quiet)
        printf("man 7 redkeep-findings tells more of each [code].\n");
    printf("%s: %s %s\n", verdict_name(o->verdict), release,
           answer_server_does(o->server));
}

static int
run(struct invocation *in, struct error *e)
{
    static const char *const titles[] = {
        "file",  "kind",      "verdict",  ">size", ">version",
        ">keys", ">commands", "checksum", NULL,
    };
    struct outcome o = {.well = true, .files = in->json ? json_array() : NULL};
    struct judge_options options;
    struct report report = {0};
    struct check c;
    char *given;
    int rc = -1;

    table_begin(&o.table, titles);
    if (server_settings_read(&options, in, e) != 0)
        goto out;
    options.stats = command_has(in, "stats");
    options.now_ms = clock_wall_ms();
    for (size_t n = 0; n < in->word_count; n++) {
        if (check_path(&c, in->words[n], &options, &report, &in->progress, e) !=
            0)
            goto out;
        add(&o, in->words[n], &c);
        check_clear(&c);
    }
    meter_end();
    given = server_settings_words(in);
    report_fill_options(&report, given);
    free(given);
    rc = o.well ? 0 : 1;
    if (!in->json)
        show(&o, &report, &options, in);
    else if (answer_print(json_pack("{s:s, s:s, s:O, s:o}", "verdict",
                                    verdict_name(o.verdict), "server",
                                    judge_server_name(o.server), "files",
                                    o.files, "findings",
                                    answer_findings(&report)),
                          e) != 0)
        rc = -1;

out:
    table_clear(&o.table);
    stats_table_clear(&o.stats);
    json_decref(o.files);
    report_clear(&report);
    return rc;
}

const struct command cmd_check = {
    .name = "check",
    .words = "PATH...",
    .summary = "judge an RDB, an AOF, a manifest or a data directory",
    .details =
        "Opens read-only and never writes. Says what is wrong, where, and what\n"
        "a server of the given release and settings would do with it.\n"
        "Exit status 0: sound, and the server loads it, or there is no data at\n"
        "all; 1: anything else.\n",
    .words_min = 1,
    .words_max = 10000,
    .options =
        {
            {"stats", NULL, "count keys, types, prefixes, commands"},
            SERVER_SETTINGS_OPTIONS,
        },
    .run = run,
};
