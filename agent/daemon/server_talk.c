#include "daemon/server_work.h"

#include <stdio.h>
#include <string.h>

#include <event2/event.h>
#include <hiredis/hiredis.h>

#include "base/clock.h"
#include "base/log.h"
#include "daemon/timer.h"

enum { TALK_SETTINGS_MS = 60000, TALK_WORDS = 47 };

static uint64_t
interval_ms(const struct server *s, enum server_question question)
{
    switch (question) {
    case SERVER_PING:
        return config_duration_ms(s->config, CONFIG_CONNECTION_PING_INTERVAL);
    case SERVER_INFO:
        return config_duration_ms(s->config, CONFIG_CONNECTION_INFO_INTERVAL);
    case SERVER_SETTINGS:
        break;
    }
    return TALK_SETTINGS_MS;
}

/* One timer for the question whose turn comes first. */
static void
wait_for_turn(struct server *s)
{
    uint64_t now = clock_steady_ms(), next = UINT64_MAX;

    for (unsigned i = 0; i < SERVER_QUESTIONS; i++)
        if (s->turns[i].waits == 0 && s->turns[i].due_ms < next)
            next = s->turns[i].due_ms;
    event_del(s->beat);
    if (s->open && next != UINT64_MAX)
        timer_set(s->beat, next > now ? next - now : 0);
}

static bool
is_lost(const struct server *s)
{
    return s->core == NULL || link_core_fault(s->core) != LINK_FAULT_NONE;
}

/* An answer has come; the last of them lets the next turn begin. */
static void
end_turn(struct server *s, struct server_turn *t)
{
    t->waits--;
    if (t->waits == 0 && t->again)
        t->due_ms = 0;
    if (t->waits == 0)
        t->again = false;
    wait_for_turn(s);
}

/* The same words again are no further error: we ask for ever. */
static void
note_refusal(struct server *s, enum server_question question,
             const struct error *why)
{
    struct server_turn *t = &s->turns[question];

    if (strncmp(t->refused, why->text, TALK_WORDS) == 0)
        return;
    snprintf(t->refused, sizeof t->refused, "%.*s", TALK_WORDS, why->text);
    log_line(LOG_LEVEL_WARNING, "Redis: The server refuses error=\"%s\"",
             why->text);
    server_tell_error(s, SERVER_ERROR_REPLY, why);
}

static bool
begins(const struct error *why, const char *with)
{
    return strncmp(why->text, with, strlen(with)) == 0;
}

/* What it heard while it was loading is soon out of date. */
static void
take_sign_of_life(struct server *s)
{
    bool loading = s->view.loading;

    s->view.response_us =
        (int64_t)(clock_steady_us() - s->turns[SERVER_PING].asked_us);
    server_connect_reached(s);
    if (!loading)
        return;
    server_talk_soon(s, SERVER_INFO);
    server_talk_soon(s, SERVER_SETTINGS);
}

/* Whoever says something else is no server that could be kept. */
static bool
is_pong(const struct redisReply *reply)
{
    return reply->type == REDIS_REPLY_STATUS && strcmp(reply->str, "PONG") == 0;
}

/*
 * A server that cannot save (MISCONF), runs a script (BUSY) or lets us not ping
 * (NOPERM) answers, and that is what a PING is for.
 */
static void
on_ping(void *context, struct redisReply *reply, const struct error *why)
{
    struct server *s = context;
    struct server_turn *t = &s->turns[SERVER_PING];
    struct error e = *why;

    if (reply == NULL && is_lost(s))
        return;
    end_turn(s, t);
    if (reply != NULL && !is_pong(reply)) {
        error_set(&e, ERROR_FAILED, "PING was not answered with PONG");
        server_connect_fail(s, SERVER_ERROR_PROTOCOL, &e);
    } else if (reply != NULL) {
        t->refused[0] = '\0';
        take_sign_of_life(s);
    } else if (begins(&e, "LOADING")) {
        server_connect_loading(s);
    } else if (begins(&e, "NOAUTH")) {
        server_connect_fail(s, SERVER_ERROR_AUTH, &e);
    } else {
        note_refusal(s, SERVER_PING, &e);
        take_sign_of_life(s);
    }
    link_reply_free(reply);
}

static void
look_for_restart(struct server *s)
{
    struct server_view *v = &s->view;
    int64_t now = clock_wall_ms();
    json_t *details;

    if (v->info.run_id[0] == '\0' || strcmp(v->info.run_id, s->run_id) == 0)
        return;
    if (s->run_id[0] != '\0') {
        v->restarts++;
        v->restarted_ms = now;
        log_line(LOG_LEVEL_WARNING,
                 "Redis: The server was restarted run_id=%s before=%s",
                 v->info.run_id, s->run_id);
        details = json_pack("{s:s%,s:s%}", "run_id", v->info.run_id,
                            strlen(v->info.run_id), "before", s->run_id,
                            strlen(s->run_id));
        notice_tell(s->notices, now, "restart", details,
                    "the server was restarted");
        server_talk_soon(s, SERVER_SETTINGS);
    }
    memcpy(s->run_id, v->info.run_id, sizeof s->run_id);
}

static void
on_info(void *context, struct redisReply *reply, const struct error *why)
{
    struct server *s = context;
    bool is_text = reply != NULL && reply->type == REDIS_REPLY_STRING;
    struct error e = *why;

    if (reply == NULL && is_lost(s))
        return;
    end_turn(s, &s->turns[SERVER_INFO]);
    if (reply != NULL && !is_text)
        error_set(&e, ERROR_FAILED, "INFO: the reply is no text");
    if (!is_text) {
        note_refusal(s, SERVER_INFO, &e);
    } else {
        s->turns[SERVER_INFO].refused[0] = '\0';
        info_read(&s->view.info, reply->str);
        s->view.info_ms = clock_wall_ms();
        look_for_restart(s);
        s->events.informed(s->events.context);
    }
    link_reply_free(reply);
}

/* NULL: the server does not tell them. */
static void
take_settings(struct server *s, struct info_settings *heard)
{
    struct server_view *v = &s->view;
    bool known = heard != NULL;

    if (known == v->settings_known &&
        (!known || info_settings_equal(heard, &v->settings)))
        return;
    info_settings_clear(&v->settings);
    v->settings_known = known;
    if (known) {
        v->settings = *heard;
        *heard = INFO_SETTINGS_NONE;
    }
    s->events.located(s->events.context);
}

static void
on_setting(void *context, struct redisReply *reply, const struct error *why)
{
    struct server_slot *slot = context;
    struct server *s = slot->server;
    struct server_turn *t = &s->turns[SERVER_SETTINGS];
    struct error e = *why;

    if (reply == NULL && is_lost(s))
        return;
    end_turn(s, t);
    if (reply == NULL ||
        info_settings_take(&s->heard, slot->number, reply, &e) != 0) {
        s->settings_bad = true;
        note_refusal(s, SERVER_SETTINGS, &e);
    }
    link_reply_free(reply);
    if (t->waits > 0)
        return;
    if (!s->settings_bad)
        t->refused[0] = '\0';
    take_settings(s, s->settings_bad ? NULL : &s->heard);
}

static void
ask(struct server *s, struct server_turn *t, int argc, const char **argv,
    link_core_answer *answer, void *context)
{
    struct error e = {0};

    if (link_core_ask(s->core, argc, argv, answer, context, &e) == 0)
        t->waits++;
}

static void
ask_settings(struct server *s, struct server_turn *t)
{
    const char *words[] = {"CONFIG", "GET", NULL};

    info_settings_clear(&s->heard);
    s->settings_bad = false;
    for (unsigned i = 0; i < INFO_SETTINGS; i++) {
        words[2] = info_settings_names[i];
        s->slots[i] = (struct server_slot){s, i};
        ask(s, t, 3, words, on_setting, &s->slots[i]);
    }
}

void
server_talk_turn(int unused, short what, void *context)
{
    struct server *s = context;
    uint64_t now = clock_steady_ms();

    (void)unused;
    (void)what;
    for (unsigned i = 0; i < SERVER_QUESTIONS; i++) {
        struct server_turn *t = &s->turns[i];

        if (t->waits > 0 || t->due_ms > now)
            continue;
        t->due_ms = now + interval_ms(s, i);
        t->asked_us = clock_steady_us();
        if (i == SERVER_PING)
            ask(s, t, 1, (const char *[]){"PING"}, on_ping, s);
        else if (i == SERVER_INFO)
            ask(s, t, 1, (const char *[]){"INFO"}, on_info, s);
        else
            ask_settings(s, t);
    }
    wait_for_turn(s);
}

void
server_talk_begin(struct server *s)
{
    memset(s->turns, 0, sizeof s->turns);
    server_talk_turn(-1, 0, s);
}

void
server_talk_end(struct server *s)
{
    event_del(s->beat);
    info_settings_clear(&s->heard);
}

void
server_talk_soon(struct server *s, enum server_question question)
{
    struct server_turn *t = &s->turns[question];

    if (!s->open)
        return;
    if (t->waits > 0)
        t->again = true;
    else
        t->due_ms = 0;
    wait_for_turn(s);
}

void
server_talk_forget(struct server *s)
{
    s->run_id[0] = '\0';
    info_read(&s->view.info, "");
    s->view.info_ms = -1;
    take_settings(s, NULL);
}
