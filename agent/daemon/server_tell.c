#include "daemon/server_work.h"

#include <stdio.h>
#include <string.h>

#include <jansson.h>

#include "base/clock.h"

static const char *const state_names[SERVER_STATES] = {
    "disconnected",
    "connecting",
    "connected",
    "failed",
};
static const char *const error_names[SERVER_ERRORS] = {
    "connect", "auth", "timeout", "protocol", "reply",
};

const char *
server_state_name(enum server_state state)
{
    return state_names[state];
}

const char *
server_error_name(enum server_error kind)
{
    return error_names[kind];
}

static void
note(struct server_view *v, const struct server_transition *t)
{
    v->transitions[v->transition_count++ % SERVER_TRANSITIONS] = *t;
}

void
server_tell_state(struct server *s, enum server_state to, const char *reason)
{
    struct server_view *v = &s->view;
    struct server_transition t = {clock_wall_ms(), v->state, to, ""};
    json_t *details;

    if (to == v->state)
        return;
    snprintf(t.reason, sizeof t.reason, "%s", reason);
    note(v, &t);
    v->state = to;
    v->connected_ms = to == SERVER_CONNECTED ? t.time_ms : -1;
    v->response_us = to == SERVER_CONNECTED ? v->response_us : -1;
    if (to == SERVER_CONNECTED)
        v->away_ms = -1;
    else if (v->away_ms < 0)
        v->away_ms = t.time_ms;
    details = json_pack("{s:s,s:s}", "from", state_names[t.from], "to",
                        state_names[to]);
    notice_tell(s->notices, t.time_ms, "connection", details, "server %s: %s",
                state_names[to], reason);
    s->events.changed(s->events.context);
}

void
server_tell_error(struct server *s, enum server_error kind,
                  const struct error *why)
{
    struct server_view *v = &s->view;

    v->errors[kind]++;
    snprintf(v->last_error, sizeof v->last_error, "%s", why->text);
    v->last_error_ms = clock_wall_ms();
}

void
server_tell_first(struct server *s)
{
    if (s->first_told)
        return;
    s->first_told = true;
    s->events.first(s->events.context);
}
