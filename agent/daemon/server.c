#include "daemon/server_work.h"

#include <stdlib.h>
#include <string.h>

#include <event2/event.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"

static void
show_url(struct server *s)
{
    free(s->view.url);
    s->view.url = url_write(&s->reach->url);
}

static void
free_reach(struct reach *r)
{
    reach_clear(r);
    free(r);
}

/* NULL: the configuration is no good. */
static struct reach *
read_reach(const struct config *config, struct error *e)
{
    struct reach *r = memory_new(sizeof *r);

    if (reach_read(r, config, e) == 0)
        return r;
    free_reach(r);
    return NULL;
}

struct server *
server_new(struct event_base *base, const struct config *config,
           struct notices *notices, const struct server_events *events,
           struct error *e)
{
    struct reach *reach = read_reach(config, e);
    struct server *s;

    if (reach == NULL)
        return NULL;
    s = memory_new(sizeof *s);
    s->base = base;
    s->config = config;
    s->notices = notices;
    s->events = *events;
    s->reach = reach;
    s->attempt = evtimer_new(base, server_connect_try, s);
    s->beat = evtimer_new(base, server_talk_turn, s);
    s->heard = INFO_SETTINGS_NONE;
    s->view = (struct server_view){
        .startup = true,
        .restarted_ms = -1,
        .connected_ms = -1,
        .away_ms = clock_wall_ms(),
        .next_ms = -1,
        .response_us = -1,
        .last_error_ms = -1,
        .info_ms = -1,
        .settings = INFO_SETTINGS_NONE,
    };
    info_read(&s->view.info, "");
    show_url(s);
    return s;
}

void
server_begin(struct server *s)
{
    log_line(LOG_LEVEL_INFO, "Redis: Initializing client url=%s", s->view.url);
    server_connect_after(s, 0);
}

const struct server_view *
server_view(const struct server *s)
{
    return &s->view;
}

void
server_reconnect(struct server *s, const char *why)
{
    if (s->view.state == SERVER_CONNECTED)
        server_connect_anew(s, why);
}

int
server_reload(struct server *s, const struct config *config, struct error *e)
{
    struct reach *fresh = read_reach(config, e), *old = s->reach;
    bool same, same_place;
    char *before;

    if (fresh == NULL)
        return -1;
    same = reach_equal(old, fresh);
    before = s->view.url;
    s->view.url = NULL;
    s->config = config;
    s->reach = fresh;
    show_url(s);
    same_place = strcmp(before, s->view.url) == 0;
    free(before);
    if (!same_place)
        server_talk_forget(s);
    if (s->open)
        link_core_set_timeout(s->core, fresh->link.command_timeout_ms);
    if (!same || !s->open)
        server_connect_anew(s, "the configuration was read again");
    free_reach(old);
    return 0;
}

void
server_free(struct server *s)
{
    if (s == NULL)
        return;
    link_core_free(s->core);
    server_request_clear(s);
    event_free(s->attempt);
    event_free(s->beat);
    info_settings_clear(&s->heard);
    info_settings_clear(&s->view.settings);
    free(s->view.url);
    free_reach(s->reach);
    free(s);
}
