#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "answer.h"
#include "base/clock.h"
#include "base/process.h"
#include "base/text.h"
#include "jobs/value.h"
#include "command.h"
#include "screen.h"
#include "status_ask.h"
#include "status_offline.h"
#include "status_shape.h"
#include "status_text.h"
#include "status_words.h"
#include "status_wrong.h"

enum { LIMIT_MS = 5000, REDRAW_MS = 2000 };

/* On one host two agents may have been given the same address. */
static int
check_instance(const json_t *state, const struct status_ask *ask,
               const char *wanted, struct error *e)
{
    const char *found = status_shape_text(state, "instance");
    char name[80];

    if (strcmp(found, wanted) == 0)
        return 0;
    text_quote(name, sizeof name, found, strlen(found));
    return error_set(e, ERROR_USAGE,
                     "the agent at %s keeps the instance '%s', not '%s':"
                     " --config names the file of the agent that is meant",
                     ask->address, name, wanted);
}

/* The state, from the agent if it runs. */
static int
look(const struct config *config, const struct status_ask *ask, json_t **state,
     struct error *e)
{
    *state = NULL;
    if (ask->host != NULL && status_ask_agent(ask, LIMIT_MS, state, e) == 0) {
        if (check_instance(*state, ask, config_text(config, CONFIG_INSTANCE),
                           e) == 0)
            return 0;
        json_decref(*state);
        *state = NULL;
        return -1;
    }
    if (ask->host != NULL && e->kind != ERROR_ABSENT)
        return -1;
    return status_offline_read(config, ask->address, clock_wall_ms(), state, e);
}

static bool
is_coloured(void)
{
    const char *no_color = getenv("NO_COLOR");

    return screen_columns(stdout) > 0 &&
           (no_color == NULL || *no_color == '\0');
}

/* The commands that are advised are those that have to be typed here. */
static void
spell(const struct config *config, const struct status_wrongs *wrongs)
{
    struct status_words words;

    status_words_read(&words, config);
    for (size_t i = 0; i < wrongs->count; i++) {
        struct status_wrong *w = &wrongs->items[i];
        char *remedy = w->remedy;

        if (remedy == NULL)
            continue;
        w->remedy = status_words_put(&words, remedy);
        free(remedy);
    }
    status_words_clear(&words);
}

/* Gives state back. The exit status, or -1. */
static int
show(const struct invocation *in, json_t *state, struct error *e)
{
    int64_t now_ms = value_read_time(state, "time");
    struct status_wrongs wrongs;
    int rc;

    status_wrong_look(&wrongs, state, now_ms);
    spell(&in->config, &wrongs);
    rc = wrongs.count > 0 ? 1 : 0;
    if (in->json && answer_print(json_incref(state), e) != 0)
        rc = -1;
    else if (!in->json && in->quiet)
        status_text_print_wrongs(&wrongs, is_coloured());
    else if (!in->json)
        status_text_print(state, &wrongs, now_ms, is_coloured());
    status_wrong_clear(&wrongs);
    json_decref(state);
    return rc;
}

static int
watch(const struct invocation *in, const struct status_ask *ask,
      struct error *e)
{
    json_t *state;

    if (look(&in->config, ask, &state, e) != 0)
        return -1;
    /* One write a picture, lest it flickers. */
    setvbuf(stdout, NULL, _IOFBF, 64 << 10);
    while (process_stop_signal() == 0) {
        fputs("\033[H\033[2J", stdout);
        if (state != NULL)
            show(in, state, e);
        else
            screen_print(stdout, 0, e->text);
        if (fflush(stdout) != 0)
            return error_sys(e, "write to standard output");
        poll(NULL, 0, REDRAW_MS);
        if (process_stop_signal() == 0)
            look(&in->config, ask, &state, e);
    }
    putchar('\n'); /* the terminal has shown ^C */
    return 0;
}

static int
run(struct invocation *in, struct error *e)
{
    bool watching = command_has(in, "watch");
    struct status_ask ask = {0};
    json_t *state;
    int rc = -1;

    if (watching && (in->json || !isatty(STDOUT_FILENO)))
        return error_set(e, ERROR_USAGE,
                         in->json ? "--watch and --json do not go together"
                                  : "--watch needs a terminal");
    if (status_ask_read(&ask, &in->config, e) != 0)
        goto out;
    if (watching)
        rc = watch(in, &ask, e);
    else if (look(&in->config, &ask, &state, e) == 0)
        rc = show(in, state, e);

out:
    status_ask_clear(&ask);
    return rc;
}

const struct command cmd_status = {
    .name = "status",
    .words = "",
    .summary = "how the server and its data are",
    .details =
        "Asks the running agent; without one, tells what the repository and\n"
        "the agent's last notes tell. Exit status 1: something is wrong, also\n"
        "that no agent runs; it is shown with what to do about it.\n",
    .options =
        {
            {"watch", NULL, "show it anew each 2 s, until Ctrl-C"},
        },
    .settings =
        {
            {"http-listen", "HOST:PORT", "where the agent listens"},
            {"http-token", "TOKEN", "what it wants to be shown"},
            {"http-token-file", "FILE", "the file that holds it"},
        },
    .run = run,
};
