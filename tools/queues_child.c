/*
 * redkeep queues: counts job queues, for the agent alone. With --again the
 * report of the run before is on standard input, and the look for queues goes
 * on where that one ended.
 */
#include <stdio.h>

#include "answer.h"
#include "command.h"
#include "jobs/queues.h"
#include "settings.h"

static int
ask(struct queues *all, const struct settings *s, const struct invocation *in,
    struct error *e)
{
    json_t *before = command_has(in, "again") ? json_loadf(stdin, 0, NULL)
                                              : NULL;
    const struct queues_options options = {
        .watch = config_text(&in->config, CONFIG_QUEUES_WATCH),
        .keys_max = QUEUES_KEYS_AGAIN,
        .before = before,
    };
    struct link *link = link_open(&s->reach.link, e);
    int rc = -1;

    if (link != NULL)
        rc = queues_ask(all, link, &options, e);
    link_close(link);
    json_decref(before);
    return rc;
}

static int
run(struct invocation *in, struct error *e)
{
    struct settings settings;
    struct queues all = {0};
    int rc = settings_read(&settings, in, e);

    if (rc == 0)
        rc = ask(&all, &settings, in, e);
    settings_clear(&settings);
    if (rc == 0)
        rc = answer_print(queues_json(&all), e);
    queues_clear(&all);
    return rc;
}

const struct command queues_child = {
    .name = "queues",
    .words = "",
    .summary = "",
    .details = "For the agent alone: counts the jobs in queues.\n",
    .inner = true,
    .options = {{"again", NULL, "go on from a report on standard input"}},
    .run = run,
};
