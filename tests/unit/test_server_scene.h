/*
 * test_server_scene.h - the agent's connection in a loop of a test's own, to a
 * server that says what the test tells it to.
 */
#ifndef UNIT_TEST_SERVER_SCENE_H
#define UNIT_TEST_SERVER_SCENE_H

#include <check.h>
#include <event2/event.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "daemon/server.h"
#include "fake.h"

#define PONG "+PONG\r\n"
#define INFO(id)        \
    "$18\r\n"           \
    "run_id:" id "\r\n" \
    "role:x\r\n\r\n"
#define NONE "*0\r\n"
#define SETTING(name, value) "*2\r\n$1\r\n" name "\r\n$2\r\n" value "\r\n"
#define SETTINGS(dir) SETTING("a", dir) NONE NONE NONE NONE NONE NONE
#define DENIED "-NOPERM no\r\n"

enum { WAIT_MS = 5000 };

struct scene {
    struct event_base *base;
    struct config config;
    struct notices *notices;
    struct server *server;
    const struct server_view *view;
    struct fake fake;
    unsigned changed, first, informed, located;
    unsigned answered, failed;
    char why[200];
};

static inline void
count(void *counter)
{
    ++*(unsigned *)counter;
}

static inline void
on_changed(void *context)
{
    count(&((struct scene *)context)->changed);
}

static inline void
on_first(void *context)
{
    count(&((struct scene *)context)->first);
}

static inline void
on_informed(void *context)
{
    count(&((struct scene *)context)->informed);
}

static inline void
on_located(void *context)
{
    count(&((struct scene *)context)->located);
}

static inline void
set(struct scene *s, const char *option, const char *value)
{
    struct error e = {0};

    ck_assert_msg(config_set_option(&s->config, option, value, &e) == 0, "%s",
                  e.text);
}

/* The agent as it is to be, and the server; begin follows. */
static inline void
prepare(struct scene *s, const char *const *answers)
{
    *s = (struct scene){0};
    log_set_level(LOG_LEVEL_ERROR);
    s->base = event_base_new();
    s->notices = notice_new();
    config_init(&s->config);
    fake_start(&s->fake, answers);
    set(s, "redis", s->fake.url);
    set(s, "connection-start-attempts", "3");
    set(s, "connection-delays", "1ms");
    set(s, "connection-ping-interval", "10ms");
    set(s, "connection-info-interval", "1h");
}

static inline void
begin(struct scene *s)
{
    struct server_events events = {on_changed, on_first, on_informed,
                                   on_located, s};
    struct error e = {0};

    s->server = server_new(s->base, &s->config, s->notices, &events, &e);
    ck_assert_msg(s->server != NULL, "%s", e.text);
    s->view = server_view(s->server);
    ck_assert_int_eq(s->view->state, SERVER_DISCONNECTED);
    server_begin(s->server);
}

static inline void
end(struct scene *s)
{
    server_free(s->server);
    notice_free(s->notices);
    config_clear(&s->config);
    event_base_free(s->base);
    fake_stop(&s->fake);
}

/* Runs the loop until the condition is true. */
#define RUN_UNTIL(s, condition)                                         \
    for (uint64_t limit = clock_steady_ms() + WAIT_MS; !(condition);) { \
        ck_assert_msg(clock_steady_ms() < limit, #condition);           \
        event_base_loop((s)->base, EVLOOP_ONCE);                        \
    }

static inline void
on_answer(void *context, struct redisReply *reply, const struct error *why)
{
    struct scene *s = context;

    if (reply != NULL)
        s->answered++;
    else
        s->failed++;
    snprintf(s->why, sizeof s->why, "%.150s", reply == NULL ? why->text : "");
    link_reply_free(reply);
}

static inline int
ask(struct scene *s)
{
    struct error e = {0};

    return server_ask(s->server, 1, (const char *[]){"SAVE"}, on_answer, s, &e);
}

#endif
