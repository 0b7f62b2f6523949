#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "answer.h"
#include "base/text.h"
#include "command.h"
#include "jobs/drill.h"
#include "jobs/value.h"
#include "meter.h"
#include "screen.h"
#include "settings.h"

enum { STATUS_BAD = 1, STATUS_SKIPPED = 3 };

static json_t *
to_json(const struct drill *d)
{
    return json_pack(
        "{s:s, s:o, s:o, s:o, s:o}", "id", d->id, "ok",
        value_flag(d->outcome != DRILL_SKIPPED, d->outcome == DRILL_GOOD),
        "keys", value_number(d->keys), "load_seconds",
        value_seconds(d->load_ms), "text", value_string(d->text));
}

static void
show(const struct drill *d, const struct invocation *in)
{
    static const char *const words[] = {
        [DRILL_GOOD] = "ok",
        [DRILL_BAD] = "NOT OK",
        [DRILL_SKIPPED] = "skipped",
    };
    FILE *out = in->json || d->outcome == DRILL_SKIPPED ? stderr : stdout;
    char *line = text_format("%s: %s: %s", d->id, words[d->outcome], d->text);

    if (!in->json || d->outcome != DRILL_GOOD)
        screen_print(out, 4, line);
    free(line);
    if (d->not_noted[0] == '\0' || in->quiet)
        return;
    line = text_format("the repository keeps no note of it: %s", d->not_noted);
    screen_print(stderr, 4, line);
    free(line);
}

static int
run(struct invocation *in, struct error *e)
{
    const struct config *c = &in->config;
    struct settings settings;
    struct drill_options options;
    struct drill d;
    int rc = settings_read(&settings, in, e);

    options = (struct drill_options){
        .instance = settings.instance,
        .repo = config_text(c, CONFIG_REPO),
        .name = config_text(c, CONFIG_INSTANCE),
        .id = in->word_count > 0 && strcmp(in->words[0], "latest") != 0
                  ? in->words[0]
                  : NULL,
        .scratch = command_value_of(in, "scratch"),
        .load_limit_ms =
            (unsigned)config_duration_ms(c, CONFIG_JOBS_TIME_LIMIT),
        .progress = &in->progress,
    };
    if (rc == 0)
        rc = drill_run(&d, &options, e);
    meter_end();
    settings_clear(&settings);
    if (rc != 0)
        return -1;
    show(&d, in);
    if (in->json && answer_print(to_json(&d), e) != 0)
        return -1;
    return d.outcome == DRILL_GOOD  ? 0
           : d.outcome == DRILL_BAD ? STATUS_BAD
                                    : STATUS_SKIPPED;
}

const struct command cmd_drill = {
    .name = "drill",
    .words = "[ID|latest]",
    .summary = "prove that a snapshot can be restored",
    .details =
        "Restores it into a scratch folder, has a private server load it, counts\n"
        "its keys and compares a sample of them. latest, the default, is the\n"
        "newest good one. Exit status 1: it is no good; 3: not tried, as there\n"
        "is not memory enough.\n",
    .words_max = 1,
    .options =
        {
            {"scratch", "DIR",
             "restore into a folder there (in the repository)"},
        },
    .settings =
        {
            {"jobs-time-limit", "DURATION", "how long the load may take"},
        },
    .run = run,
};
