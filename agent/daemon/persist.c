#include "daemon/persist.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <event2/event.h>
#include <hiredis/hiredis.h>

#include "base/clock.h"
#include "base/memory.h"
#include "base/text.h"
#include "jobs/persist_host.h"
#include "jobs/persist_judge.h"
#include "daemon/timer.h"

enum { POLL_FIRST_MS = 50, POLL_MS = 200, SECOND_MS = 1000 };

struct persist {
    struct server *server;
    struct event *timer;
    struct persist_ask ask;
    bool asked; /* the command is sent: from now on it is followed */
    uint64_t began_ms, time_limit_ms;
    persist_done *done;
    void *context;
};

/* p is gone behind it. */
static void
end(struct persist *p, const struct error *why, const char *text)
{
    persist_done *done = p->done;
    void *context = p->context;

    persist_free(p);
    done(context, why, text);
}

static void
fail(struct persist *p, const struct error *why)
{
    end(p, why, why->text);
}

static void
succeed(struct persist *p, const struct info *now)
{
    struct error none = {0};
    char took[TEXT_WORDS_SIZE], from[TEXT_WORDS_SIZE], to[TEXT_WORDS_SIZE];
    char text[160];

    text_write_duration(took, clock_steady_ms() - p->began_ms);
    if (p->ask.kind == PERSIST_BGSAVE || now->aof_current_size < 0 ||
        p->ask.before.aof_current_size < 0) {
        snprintf(text, sizeof text, "%s in %s",
                 p->ask.kind == PERSIST_BGSAVE ? "the dump was written"
                                               : "the AOF was rewritten",
                 took);
    } else {
        text_write_size(from, (uint64_t)p->ask.before.aof_current_size);
        text_write_size(to, (uint64_t)now->aof_current_size);
        snprintf(text, sizeof text, "the AOF was rewritten in %s: %s to %s",
                 took, from, to);
    }
    end(p, &none, text);
}

/* Servers begin what they say with a word in capitals, losses do not. */
static bool
is_servers_word(const char *text)
{
    return text[0] >= 'A' && text[0] <= 'Z' && text[1] >= 'A' && text[1] <= 'Z';
}

static void
on_answer(void *context, struct redisReply *reply, const struct error *why)
{
    struct persist *p = context;

    if (reply == NULL && is_servers_word(why->text)) {
        struct error e = *why;

        persist_judge_refusal(p->ask.kind, &e);
        fail(p, &e);
        return;
    }
    /* A connection that is lost now does not tell whether it has begun. */
    if (reply != NULL) {
        p->ask.begun = true;
        p->ask.scheduled = reply->str != NULL &&
                           strstr(reply->str, "scheduled") != NULL;
        link_reply_free(reply);
    }
    timer_set(p->timer, POLL_FIRST_MS);
}

static void
ask_it(struct persist *p)
{
    const char *argv[] = {p->ask.kind == PERSIST_BGSAVE ? "BGSAVE"
                                                        : "BGREWRITEAOF"};
    struct error e;

    if (server_ask(p->server, 1, argv, on_answer, p, &e) != 0) {
        e.kind = ERROR_DENIED;
        fail(p, &e);
        return;
    }
    p->asked = true;
}

/*
 * Done only in another second than the last save: its time tells the two from
 * each other.
 */
static bool
is_too_soon(const struct persist *p)
{
    return p->ask.kind == PERSIST_BGSAVE &&
           p->ask.before.last_save_time == clock_wall_ms() / SECOND_MS;
}

static void
begin(struct persist *p, const struct info *now)
{
    struct persist_host host;
    struct error e;

    p->ask.before = *now;
    persist_host_look(&host, now, &server_view(p->server)->settings);
    if (persist_judge_can(p->ask.kind, now, &host, &e) != 0)
        fail(p, &e);
    else if (is_too_soon(p))
        timer_set(p->timer, POLL_MS);
    else
        ask_it(p);
}

static void
follow(struct persist *p, const struct info *now)
{
    struct error e;

    switch (persist_judge_look(&p->ask, now, &e)) {
    case PERSIST_GOES_ON:
        timer_set(p->timer, POLL_MS);
        break;
    case PERSIST_DONE:
        succeed(p, now);
        break;
    case PERSIST_LOST:
        fail(p, &e);
        break;
    }
}

static void
on_info(void *context, struct redisReply *reply, const struct error *why)
{
    struct persist *p = context;
    struct info now;
    struct error e = {0};

    if (reply != NULL && reply->str != NULL) {
        info_read(&now, reply->str);
        link_reply_free(reply);
        if (p->asked)
            follow(p, &now);
        else
            begin(p, &now);
        return;
    }
    link_reply_free(reply);
    if (p->asked && (why == NULL || !is_servers_word(why->text))) {
        timer_set(p->timer, POLL_MS);
        return;
    }
    /* LOADING passes; that INFO is not allowed does not. */
    error_set(&e,
              why != NULL && why->kind == ERROR_DENIED ? ERROR_FAILED
                                                       : ERROR_DENIED,
              "INFO: %s", why != NULL ? why->text : "not a text");
    fail(p, &e);
}

static bool
is_late(struct persist *p)
{
    char limit[TEXT_WORDS_SIZE];
    struct error e;

    if (p->time_limit_ms == 0 ||
        clock_steady_ms() - p->began_ms < p->time_limit_ms)
        return false;
    text_write_duration(limit, p->time_limit_ms);
    error_set(&e, ERROR_FAILED, "%s after %s",
              p->asked ? "it has not ended" : "it could not begin", limit);
    fail(p, &e);
    return true;
}

static void
on_time(evutil_socket_t fd, short what, void *context)
{
    static const char *const argv[] = {"INFO"};
    struct persist *p = context;
    struct error e;

    (void)fd;
    (void)what;
    if (is_late(p))
        return;
    if (server_ask(p->server, 1, (const char **)argv, on_info, p, &e) == 0)
        return;
    if (p->asked) {
        /* The server's child goes on without us; it may be found again. */
        timer_set(p->timer, POLL_MS);
        return;
    }
    error_set(&e, ERROR_DENIED, "the server is not connected");
    fail(p, &e);
}

struct persist *
persist_start(struct event_base *base, struct server *server,
              enum persist_kind kind, uint64_t time_limit_ms,
              persist_done *done, void *context)
{
    struct persist *p = memory_new(sizeof *p);

    p->server = server;
    p->ask.kind = kind;
    p->began_ms = clock_steady_ms();
    p->time_limit_ms = time_limit_ms;
    p->done = done;
    p->context = context;
    p->timer = evtimer_new(base, on_time, p);
    timer_set(p->timer, 0);
    return p;
}

void
persist_free(struct persist *p)
{
    if (p == NULL)
        return;
    server_forget(p->server, p);
    event_free(p->timer);
    free(p);
}
