#include <string.h>

#include "answer.h"
#include "base/clock.h"
#include "command.h"
#include "jobs/persist_files.h"
#include "jobs/persist_run.h"
#include "jobs/reach.h"
#include "meter.h"
#include "persist_words.h"
#include "settings.h"

enum { STATUS_WRONG = 1 };

static int
status(struct invocation *in, const struct instance *i,
       const struct instance_options *options, struct error *e)
{
    struct persist_files files;
    bool wrong = persist_words_trouble(&i->info) != NULL;
    int rc = 0;

    persist_files_look(&files, options);
    if (in->json)
        rc = answer_print(persist_words_json(i, &files), e);
    else
        persist_words_show(i, &files, clock_wall_ms());
    persist_files_clear(&files);
    return rc != 0 ? -1 : wrong ? STATUS_WRONG : 0;
}

static int
do_run(struct invocation *in, struct instance *i,
       const struct instance_options *options, enum persist_kind kind,
       struct error *e)
{
    const struct persist_run_options run_options = {
        .kind = kind,
        .time_limit_ms =
            config_duration_ms(&in->config, CONFIG_JOBS_TIME_LIMIT),
        .progress = &in->progress,
    };
    struct persist_run run;
    struct persist_files files;
    int rc = 0;

    if (persist_run(&run, i, &run_options, e) != 0)
        return -1;
    meter_end();
    persist_files_look(&files, options);
    if (in->json)
        rc = answer_print(persist_words_run_json(kind, &run, &files), e);
    else if (!in->quiet)
        persist_words_show_run(kind, &run, &files);
    persist_files_clear(&files);
    return rc;
}

static int
act(struct invocation *in, struct instance *i,
    const struct instance_options *options, struct error *e)
{
    const char *word = in->words[0];

    if (i->link == NULL)
        return error_set(e, i->why.kind, "%s%s", i->why.text,
                         reach_advice(&i->why));
    if (strcmp(word, "bgsave") == 0)
        return do_run(in, i, options, PERSIST_BGSAVE, e);
    if (strcmp(word, "bgrewriteaof") == 0)
        return do_run(in, i, options, PERSIST_BGREWRITEAOF, e);
    return status(in, i, options, e);
}

static int
run(struct invocation *in, struct error *e)
{
    static const char *const words[] = {"status", "bgsave", "bgrewriteaof"};
    struct settings settings;
    struct instance i;
    size_t n = 0;
    int rc;

    while (n < 3 && strcmp(in->words[0], words[n]) != 0)
        n++;
    if (n == 3)
        return error_set(e, ERROR_USAGE,
                         "'%s' is not one of status bgsave bgrewriteaof",
                         in->words[0]);
    rc = settings_read(&settings, in, e);
    if (rc == 0)
        rc = instance_connect(&i, &settings.instance, e);
    if (rc == 0) {
        rc = act(in, &i, &settings.instance, e);
        instance_close(&i);
    }
    settings_clear(&settings);
    return rc;
}

const struct command cmd_persist = {
    .name = "persist",
    .words = "status|bgsave|bgrewriteaof",
    .summary = "the server's persistence: shown, or run to its end",
    .details =
        "status shows what INFO persistence says, and the files; exit status 1:\n"
        "the last save, rewrite or write failed. bgsave and bgrewriteaof look\n"
        "whether the server can, ask for it and follow it to its end. Exit\n"
        "status 3: it could not or failed; 4: not asked for, as its host lacks\n"
        "memory or space. What was begun goes on when this command is stopped.\n",
    .words_min = 1,
    .words_max = 1,
    .settings =
        {
            {"jobs-time-limit", "DURATION", "how long it may take"},
        },
    .run = run,
};
