#include "redis/link_greet.h"

#include <stdio.h>
#include <string.h>

enum { STEP_AUTH, STEP_SELECT, STEP_PING, STEP_END };

/* What the server says to a wrong AUTH, and what to do about it. */
static const struct {
    const char *words, *hint;
} mistakes[] = {
    {"WRONGPASS", "the URL or password_file has a wrong user or password"},
    {"unknown command", "AUTH is renamed or disabled there"},
    {"without any password", "this server wants no password: take it out of "
                             "the URL and password_file"},
    {"no password is set", "this server wants no password: take it out of "
                           "the URL and password_file"},
    {"wrong number of arguments", "servers before 6.0 know no users: take "
                                  "the user out of the URL"},
};

static void
explain_auth(struct error *e)
{
    struct error words = *e;

    for (size_t i = 0; i < sizeof mistakes / sizeof *mistakes; i++)
        if (strstr(words.text, mistakes[i].words) != NULL)
            error_set(e, e->kind, "%.300s: %s", words.text, mistakes[i].hint);
}

/*
 * Whether a server that answers PING with this error will answer us later:
 * it is loading, busy with a script, cannot save, or does not let us ping.
 */
static bool
is_alive(const struct error *why)
{
    static const char *const words[] = {
        "LOADING",    "BUSY",   "MISCONF",
        "MASTERDOWN", "NOPERM", "ERR unknown command",
    };

    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strncmp(why->text, words[i], strlen(words[i])) == 0)
            return true;
    return false;
}

static void next_step(struct link_greet *g);

static void
on_answer(void *context, struct redisReply *reply, const struct error *why)
{
    struct link_greet *g = context;
    struct error e;

    if (reply == NULL && !(g->step == STEP_PING && is_alive(why))) {
        e = *why;
        if (g->step == STEP_AUTH)
            explain_auth(&e);
        g->done(g->core, &e);
        return;
    }
    link_reply_free(reply);
    g->step++;
    next_step(g);
}

static void
ask(struct link_greet *g, int argc, const char **argv)
{
    struct error e = {0};

    if (link_core_ask(g->core, argc, argv, on_answer, g, &e) != 0)
        g->done(g->core, &e);
}

static void
next_step(struct link_greet *g)
{
    const struct url *url = g->options->url;
    const char *password = url->password ? url->password : g->options->password;
    char db[16];

    if (g->step == STEP_AUTH && url->user == NULL && password == NULL)
        g->step++;
    if (g->step == STEP_SELECT && url->db == 0)
        g->step++;
    if (g->step == STEP_AUTH && url->user != NULL) {
        ask(g, 3,
            (const char *[]){"AUTH", url->user, password ? password : ""});
    } else if (g->step == STEP_AUTH) {
        ask(g, 2, (const char *[]){"AUTH", password});
    } else if (g->step == STEP_SELECT) {
        snprintf(db, sizeof db, "%u", url->db);
        ask(g, 2, (const char *[]){"SELECT", db});
    } else if (g->step == STEP_PING) {
        ask(g, 1, (const char *[]){"PING"});
    } else {
        g->done(g->core, NULL);
    }
}

void
link_greet_begin(struct link_greet *g)
{
    g->step = STEP_AUTH;
    next_step(g);
}

enum link_fault
link_greet_fault(const struct link_greet *g, const struct error *why)
{
    if (strncmp(why->text, "NOAUTH", 6) == 0)
        return LINK_FAULT_AUTH;
    if (g->step != STEP_AUTH || strstr(why->text, "max number of clients"))
        return LINK_FAULT_REPLY;
    return LINK_FAULT_AUTH;
}
