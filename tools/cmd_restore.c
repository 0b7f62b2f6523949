#include <string.h>

#include "answer.h"
#include "command.h"
#include "jobs/restore.h"
#include "meter.h"
#include "restore_words.h"
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
        .redis_conf = command_value_of(in, "redis-conf"),
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

static void
show_plan(void *words, const struct restore *r)
{
    restore_words_plan(r, words);
}

static int
run(struct invocation *in, struct error *e)
{
    int (*job)(struct restore *, const struct restore_options *,
               struct error *);
    struct restore_options options;
    struct restore restore = {0};
    struct restore_words words = {.in = in};
    struct settings settings;
    int rc = -1;

    if (settings_read(&settings, in, e) != 0 ||
        read_options(&options, in, &settings, e) != 0 ||
        choose(in, &job, e) != 0)
        goto out;
    options.planned = show_plan;
    options.planned_context = &words;
    if (job(&restore, &options, e) != 0)
        goto out;
    meter_end();
    rc = 0;
    if (in->json)
        rc = answer_print(restore_words_json(&restore), e);
    else
        restore_words_show(&restore, &words, options.dry_run);

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
            {"redis-conf", "FILE", "what the target's server is started with"},
            {"dbfilename", "NAME", "where the target's server does not tell"},
            {"appendfilename", "NAME", "the same"},
            {"appenddirname", "NAME", "the same"},
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
