#include "daemon/server_work.h"

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>

#include <event2/event.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "daemon/server_retry.h"
#include "daemon/timer.h"

void
server_connect_after(struct server *s, uint64_t ms)
{
    s->view.next_ms = clock_wall_ms() + (int64_t)ms;
    timer_set(s->attempt, ms);
}

static uint64_t
delay_ms(const struct server *s, unsigned number)
{
    return server_retry_delay_ms(
        config_text(s->config, CONFIG_CONNECTION_DELAYS), number);
}

static uint64_t
with_jitter(const struct server *s, uint64_t ms)
{
    uint32_t random = 0;

    /* None is as good as any. */
    if (getrandom(&random, sizeof random, GRND_NONBLOCK) < 0)
        random = 0;
    return ms +
           server_retry_jitter_ms(
               ms, config_number(s->config, CONFIG_CONNECTION_JITTER), random);
}

static void
fail_at_startup(struct server *s, const struct error *why)
{
    struct server_view *v = &s->view;
    unsigned most =
        (unsigned)config_number(s->config, CONFIG_CONNECTION_START_ATTEMPTS);
    bool last = v->retries >= most;
    uint64_t ms = delay_ms(s, last ? UINT_MAX : v->retries - 1);
    char reason[sizeof why->text + 32];

    log_line(LOG_LEVEL_WARNING,
             "Redis: Connection attempt %u/%u failed, retrying in %" PRIu64
             "ms error=\"%s\"",
             v->retries, most, ms, why->text);
    if (last) {
        v->startup = false;
        snprintf(reason, sizeof reason, "%u attempts failed: %s", v->retries,
                 why->text);
        log_line(LOG_LEVEL_ERROR,
                 "Redis: Max startup retries reached, continuing without "
                 "Redis");
        server_tell_state(s, SERVER_FAILED, reason);
    }
    server_connect_after(s, ms);
}

static void
fail_at_run_time(struct server *s, const struct error *why)
{
    unsigned number = s->view.state == SERVER_FAILED ? UINT_MAX : s->waits + 1;
    uint64_t ms = with_jitter(s, delay_ms(s, number));

    s->waits++;
    if (server_retry_is_told(s->waits))
        log_line(LOG_LEVEL_WARNING,
                 "Redis: Runtime reconnecting in %" PRIu64
                 "ms (attempt %u) error=\"%s\"",
                 ms, s->waits, why->text);
    server_connect_after(s, ms);
}

/* Ends what there is of a connection; commands of others hear why. */
static void
close_link(struct server *s, const struct error *why)
{
    event_del(s->attempt);
    server_talk_end(s);
    link_core_free(s->core);
    s->core = NULL;
    s->open = false;
    s->view.loading = false;
    if (s->view.ever_connected)
        s->lost = true;
    if (s->view.state == SERVER_CONNECTED)
        server_tell_state(s, SERVER_DISCONNECTED, why->text);
    server_request_fail(s, why);
}

void
server_connect_fail(struct server *s, enum server_error kind,
                    const struct error *why)
{
    bool was_connected = s->view.state == SERVER_CONNECTED;

    s->refused = kind == SERVER_ERROR_AUTH;
    server_tell_error(s, kind, why);
    close_link(s, why);
    if (was_connected) {
        log_line(LOG_LEVEL_WARNING,
                 "Redis: Reconnecting after connection loss error=\"%s\"",
                 why->text);
        server_connect_after(s, delay_ms(s, 0));
        return;
    }
    s->view.retries++;
    if (s->view.startup)
        fail_at_startup(s, why);
    else
        fail_at_run_time(s, why);
    server_tell_first(s);
    s->events.changed(s->events.context);
}

static void
on_connected(void *context)
{
    struct server *s = context;

    s->open = true;
    s->refused = false;
    server_talk_begin(s);
}

static void
on_lost(void *context, const struct error *why)
{
    static const enum server_error kinds[] = {
        [LINK_FAULT_NONE] = SERVER_ERROR_CONNECT,
        [LINK_FAULT_CONNECT] = SERVER_ERROR_CONNECT,
        [LINK_FAULT_AUTH] = SERVER_ERROR_AUTH,
        [LINK_FAULT_TIMEOUT] = SERVER_ERROR_TIMEOUT,
        [LINK_FAULT_PROTOCOL] = SERVER_ERROR_PROTOCOL,
        [LINK_FAULT_REPLY] = SERVER_ERROR_REPLY,
    };
    struct server *s = context;
    struct error e = *why; /* which the link takes with it */

    server_connect_fail(s, kinds[link_core_fault(s->core)], &e);
}

/* A password that was wrong may have been put right in its file. */
static void
read_again(struct server *s)
{
    struct reach *fresh = memory_new(sizeof *fresh);
    struct error e = {0};

    if (reach_read(fresh, s->config, &e) == 0) {
        reach_clear(s->reach);
        free(s->reach);
        s->reach = fresh;
        return;
    }
    log_line(LOG_LEVEL_WARNING, "Redis: the old password stays error=\"%s\"",
             e.text);
    reach_clear(fresh);
    free(fresh);
}

void
server_connect_try(int unused, short what, void *context)
{
    struct server *s = context;
    struct server_view *v = &s->view;
    struct link_core_events events = {on_connected, on_lost, s};
    bool first = v->state == SERVER_DISCONNECTED;
    struct error e = {0};

    (void)unused;
    (void)what;
    if (s->refused)
        read_again(s);
    v->attempts++;
    v->next_ms = -1;
    if (first)
        s->series_ms = clock_steady_ms();
    log_line(first ? LOG_LEVEL_INFO : LOG_LEVEL_DEBUG,
             "Redis: Connection initiated");
    if (first)
        server_tell_state(s, SERVER_CONNECTING, "an attempt begins");
    s->core = link_core_new(s->base, &s->reach->link, &events, &e);
    if (s->core == NULL)
        server_connect_fail(s, SERVER_ERROR_CONNECT, &e);
}

void
server_connect_reached(struct server *s)
{
    struct server_view *v = &s->view;

    v->loading = false;
    if (v->state == SERVER_CONNECTED)
        return;
    log_line(LOG_LEVEL_INFO, "Redis: Ready to accept commands");
    log_line(LOG_LEVEL_INFO,
             "Redis: Connected successfully (retryCount: %u, "
             "totalAttemptTime: %" PRIu64 "ms)",
             v->retries, clock_steady_ms() - s->series_ms);
    if (s->lost)
        v->reconnects++;
    s->lost = false;
    s->waits = 0;
    v->retries = 0;
    v->startup = false;
    v->ever_connected = true;
    server_tell_state(s, SERVER_CONNECTED, "the server answers");
    server_tell_first(s);
}

void
server_connect_loading(struct server *s)
{
    bool news = !s->view.loading;

    s->view.loading = true;
    if (s->view.state == SERVER_CONNECTED)
        s->series_ms = clock_steady_ms();
    if (news)
        log_line(LOG_LEVEL_INFO, "Redis: The server is loading its data");
    server_tell_state(s, SERVER_CONNECTING, "the server is loading its data");
    server_tell_first(s);
    if (news)
        s->events.changed(s->events.context);
}

void
server_connect_anew(struct server *s, const char *reason)
{
    struct error why = {0};

    error_set(&why, ERROR_FAILED, "%s", reason);
    if (s->view.state == SERVER_CONNECTED)
        log_line(LOG_LEVEL_INFO,
                 "Redis: Reconnecting after connection loss error=\"%s\"",
                 reason);
    close_link(s, &why);
    server_connect_after(s, 0);
}
