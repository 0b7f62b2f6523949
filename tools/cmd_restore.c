#include <stdio.h>
#include <string.h>

#include "answer.h"
#include "base/text.h"
#include "command.h"
#include "jobs/restore.h"
#include "jobs/value.h"
#include "meter.h"
#include "screen.h"
#include "settings.h"

static int
read_layout(const struct invocation *in, enum restore_layout *layout,
            struct error *e)
{
    static const char *const words[] = {
        [RESTORE_AUTO] = "auto",
        [RESTORE_AOF] = "aof",
        [RESTORE_RDB] = "rdb",
    };
    const char *value = command_value_of(in, "layout");

    *layout = RESTORE_AUTO;
    if (value == NULL)
        return 0;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strcmp(value, words[i]) == 0) {
            *layout = (enum restore_layout)i;
            return 0;
        }
    return error_set(e, ERROR_USAGE,
                     "--layout: found '%s', expected auto, aof or rdb", value);
}

static int
read_options(struct restore_options *o, const struct invocation *in,
             const struct settings *s, struct error *e)
{
    const struct config *c = &in->config;
    const char *to = command_value_of(in, "to");

    *o = (struct restore_options){
        .instance = s->instance,
        .repo = config_text(c, CONFIG_REPO),
        .name = config_text(c, CONFIG_INSTANCE),
        .id = in->word_count > 0 && strcmp(in->words[0], "latest") != 0
                  ? in->words[0]
                  : NULL,
        .target = to,
        .yes = command_has(in, "yes"),
        .server_stopped = command_has(in, "server-is-stopped"),
        .dry_run = command_has(in, "dry-run"),
        .boot_check = command_has(in, "boot-check"),
        .boot_limit_ms =
            (unsigned)config_duration_ms(c, CONFIG_JOBS_TIME_LIMIT),
        .service = command_value_of(in, "service"),
        .stop_command = command_value_of(in, "stop-command"),
        .start_command = command_value_of(in, "start-command"),
        .collapse_percent = (double)config_number(c, CONFIG_ALARMS_COLLAPSE),
        .progress = &in->progress,
    };
    if (to == NULL || to[0] == '\0')
        return error_set(e, ERROR_USAGE,
                         "--to DIR is needed: the data directory to restore"
                         " into");
    return read_layout(in, &o->layout, e);
}

static json_t *
to_json(const struct restore *r)
{
    json_t *steps = json_array();

    for (size_t n = 0; n < r->step_count; n++)
        json_array_append_new(steps, value_string(r->steps[n].text));
    return json_pack("{s:o, s:o, s:o, s:o, s:o, s:f, s:o, s:s, s:o, s:o}", "id",
                     value_text(r->id), "to", value_string(r->target), "point",
                     value_time(r->point_ms), "kept", value_string(r->kept),
                     "keys", value_number(r->keys), "seconds",
                     (double)r->took_ms / 1000.0, "down_seconds",
                     r->served ? json_real((double)r->down_ms / 1000.0)
                               : json_null(),
                     "journal", journal_state_name(r->state), "plan", steps,
                     "findings", answer_findings(&r->report));
}

/* How long clients had no server. */
static void
show_downtime(const struct restore *r)
{
    char down[TEXT_WORDS_SIZE], load[TEXT_WORDS_SIZE];

    if (!r->served)
        return;
    text_write_duration(down, r->down_ms);
    text_write_duration(load, r->load_ms);
    printf("the server was away for %s, %s of that loading\n", down, load);
}

/* What became of what a journal speaks of. */
static void
show_journal(const struct restore *r, const struct invocation *in)
{
    if (r->nothing)
        printf("%s: there is nothing to do\n", r->target);
    else if (command_has(in, "forget"))
        printf("%s: what was done before is forgotten\n", r->target);
    else if (command_has(in, "undo"))
        printf("%s is as it was before\n", r->target);
    else
        printf("%s holds the new set\n", r->target);
    if (r->kept != NULL)
        printf(command_has(in, "forget") ? "an older set stays in %s\n"
                                         : "what was there is in %s\n",
               r->kept);
    show_downtime(r);
}

static void
show(const struct restore *r, const struct invocation *in, bool dry_run)
{
    char when[TEXT_TIME_SIZE], size[TEXT_WORDS_SIZE], took[TEXT_WORDS_SIZE];

    for (size_t n = 0; n < r->step_count && !in->quiet; n++)
        if (dry_run || in->verbose || r->steps[n].advice)
            screen_print(stdout, 4, r->steps[n].text);
    if (dry_run) {
        printf("dry run: nothing was changed\n");
        return;
    }
    if (r->point_ms < 0) {
        show_journal(r, in);
        return;
    }
    text_write_time(when, r->point_ms);
    text_write_size(size, r->bytes);
    text_write_duration(took, r->took_ms);
    printf("restored %s to %s\ndata as of %s, %s in %s\n", r->id, r->target,
           when, size, took);
    if (r->keys >= 0)
        printf("%lld key%s\n", (long long)r->keys, r->keys == 1 ? "" : "s");
    if (r->kept != NULL)
        printf("what was there is in %s\n", r->kept);
    show_downtime(r);
}

/* The one of the jobs that was asked for. */
static int
choose(const struct invocation *in,
       int (**job)(struct restore *, const struct restore_options *,
                   struct error *),
       struct error *e)
{
    static const struct {
        const char *option;
        int (*job)(struct restore *, const struct restore_options *,
                   struct error *);
    } jobs[] = {
        {"resume", restore_resume},
        {"undo", restore_undo},
        {"forget", restore_forget},
    };
    const char *chosen = NULL;

    *job = restore_run;
    for (size_t i = 0; i < sizeof jobs / sizeof *jobs; i++) {
        if (!command_has(in, jobs[i].option))
            continue;
        if (chosen != NULL || in->word_count > 0)
            return error_set(e, ERROR_USAGE, "--%s goes without %s%s",
                             jobs[i].option, chosen != NULL ? "--" : "",
                             chosen != NULL ? chosen : in->words[0]);
        chosen = jobs[i].option;
        *job = jobs[i].job;
    }
    return 0;
}

static int
run(struct invocation *in, struct error *e)
{
    int (*job)(struct restore *, const struct restore_options *,
               struct error *);
    struct restore_options options;
    struct restore restore = {0};
    struct settings settings;
    int rc = -1;

    if (settings_read(&settings, in, e) != 0 ||
        read_options(&options, in, &settings, e) != 0 ||
        choose(in, &job, e) != 0 || job(&restore, &options, e) != 0)
        goto out;
    meter_end();
    rc = 0;
    if (!in->json)
        show(&restore, in, options.dry_run);
    else
        rc = answer_print(to_json(&restore), e);

out:
    restore_clear(&restore);
    settings_clear(&settings);
    return rc;
}

const struct command cmd_restore = {
    .name = "restore",
    .words = "[ID|latest]",
    .summary = "put a snapshot into a data directory",
    .details =
        "latest, the default, is the newest good one. What was there is moved\n"
        "aside to DIR/redkeep-before-TIME; a directory that a server uses is\n"
        "refused. --undo puts it back, also later, and keeps what is there then.\n",
    .words_max = 1,
    .options =
        {
            {"to", "DIR", "the data directory (needed); made if missing"},
            {"layout", "auto|aof|rdb", "aof: an RDB becomes an AOF's base"},
            {"boot-check", NULL, "have a private server load it, first"},
            {"dry-run", NULL, "say what would be done, change nothing"},
            {"resume", NULL, "finish one that was cut off"},
            {"undo", NULL, "put back what was there before"},
            {"forget", NULL, "give up undo; what was kept stays"},
            {"service", "UNIT", "systemd stops its server meanwhile"},
            {"stop-command", "CMD", "stops the server, where no systemd does"},
            {"start-command", "CMD", "starts it again"},
            {"server-is-stopped", NULL, "your word, where it cannot be told"},
            {"yes", NULL, "restore what would be refused as doubtful"},
        },
    .settings =
        {
            {"alarms-collapse", "PERCENT",
             "keys lost that make latest doubtful"},
        },
    .run = run,
};
