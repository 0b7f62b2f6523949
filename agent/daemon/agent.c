#include "daemon/agent.h"

#include <event2/event.h>
#include <signal.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "daemon/agent_parts.h"
#include "daemon/agent_words.h"
#include "repo/storage_agent.h"

enum {
    TICK_MS = 1000,
    LOCK_EVERY_TICKS = 5,
    STATE_WAIT_TICKS = 60, /* for a repository that does not answer */
    FLUSH_MS = 2000,
};

/* What only the loop itself needs. */
struct agent_loop {
    struct event *tick, *watchdog, *term, *interrupt, *hangup;
    unsigned ticks;
    bool stopping, plan_stopped, tally_stopped;
    struct error fatal;
};

/* A second agent on this repository and instance must not be. */
static int
take_lock(struct agent *a, struct error *e)
{
    if (a->lock.fd >= 0)
        return 0;
    return storage_lock_agent(config_text(a->config, CONFIG_REPO),
                              config_text(a->config, CONFIG_INSTANCE), &a->lock,
                              e);
}

/* The repository came back, and another agent keeps it now. */
static void
end_with(struct agent *a, const struct error *e)
{
    a->loop->fatal = *e;
    event_base_loopbreak(a->base);
}

static void
on_tick(evutil_socket_t fd, short what, void *context)
{
    struct agent *a = context;
    struct agent_loop *loop = a->loop;
    struct error e;

    (void)fd;
    (void)what;
    loop->ticks++;
    if (loop->ticks % LOCK_EVERY_TICKS == 0 && a->lock.fd < 0 &&
        repository_view(a->repository)->ok && take_lock(a, &e) != 0 &&
        e.kind == ERROR_LOCKED)
        end_with(a, &e);
    if (loop->ticks == STATE_WAIT_TICKS && !a->begun) {
        log_line(LOG_LEVEL_WARNING,
                 "the repository does not answer: jobs are planned without"
                 " knowing what ran before");
        agent_parts_plan(a, NULL);
    }
    agent_parts_look(a);
    if (notice_count(a->notices) != a->notices_saved)
        agent_parts_save(a, false);
}

static void
on_watchdog(evutil_socket_t fd, short what, void *context)
{
    struct agent *a = context;

    (void)fd;
    (void)what;
    service_watchdog(a->service);
}

static void
end_if_quiet(struct agent *a)
{
    if (a->loop->plan_stopped && a->loop->tally_stopped)
        event_base_loopbreak(a->base);
}

static void
on_plan_stopped(void *context)
{
    struct agent *a = context;

    a->loop->plan_stopped = true;
    end_if_quiet(a);
}

static void
on_tally_stopped(void *context)
{
    struct agent *a = context;

    a->loop->tally_stopped = true;
    end_if_quiet(a);
}

static void
on_end(evutil_socket_t sig, short what, void *context)
{
    struct agent *a = context;

    (void)what;
    log_line(LOG_LEVEL_INFO, "ending: %s", strsignal((int)sig));
    if (a->loop->stopping) {
        event_base_loopbreak(a->base);
        return;
    }
    a->loop->stopping = true;
    service_stopping(a->service);
    tally_stop(a->tally, on_tally_stopped, a);
    plan_stop(a->plan, on_plan_stopped, a);
}

static void
on_hangup(evutil_socket_t fd, short what, void *context)
{
    struct agent *a = context;
    struct terms *next;
    struct error e = {0};

    (void)fd;
    (void)what;
    service_reloading(a->service);
    next = terms_load(a->arguments, agent_words_problem, NULL, &e);
    if (next != NULL)
        terms_keep_fixed(next, a->terms);
    if (next != NULL && agent_parts_take_over(a, next, &e) != 0) {
        log_line(LOG_LEVEL_ERROR, "%s", e.text);
        terms_free(next);
        next = NULL;
    }
    agent_words_reloaded(a, next != NULL ? NULL : &e);
    service_ready(a->service);
    agent_parts_look(a);
}

static struct event *
every(struct agent *a, event_callback_fn call, uint64_t ms)
{
    struct event *event = event_new(a->base, -1, EV_PERSIST, call, a);
    struct timeval period = {(time_t)(ms / 1000),
                             (suseconds_t)(ms % 1000 * 1000)};

    event_add(event, &period);
    return event;
}

static struct event *
hear(struct agent *a, int sig, event_callback_fn call)
{
    struct event *event = evsignal_new(a->base, sig, call, a);

    event_add(event, NULL);
    return event;
}

/* First of all: a signal that comes while we start is heard in the loop. */
static void
hear_signals(struct agent *a)
{
    signal(SIGPIPE, SIG_IGN);
    a->loop->term = hear(a, SIGTERM, on_end);
    a->loop->interrupt = hear(a, SIGINT, on_end);
    a->loop->hangup = hear(a, SIGHUP, on_hangup);
}

static void
run_loop(struct agent *a)
{
    struct agent_loop *loop = a->loop;
    uint64_t watchdog_ms = service_watchdog_ms(a->service);

    loop->tick = every(a, on_tick, TICK_MS);
    if (watchdog_ms != 0)
        loop->watchdog = every(a, on_watchdog, watchdog_ms);
    agent_parts_locate(a);
    server_begin(a->server);
    service_ready(a->service);
    event_base_dispatch(a->base);
    agent_parts_save(a, true);
    repository_flush(a->repository, FLUSH_MS);
    hooks_flush(a->hooks, FLUSH_MS);
}

static void
forget(struct event *event)
{
    if (event != NULL)
        event_free(event);
}

static void
free_loop(struct agent_loop *loop)
{
    forget(loop->tick);
    forget(loop->watchdog);
    forget(loop->term);
    forget(loop->interrupt);
    forget(loop->hangup);
}

/*
 * A repository that cannot be had now is no reason not to begin: it may come.
 * One that another agent keeps is.
 */
static int
begin(struct agent *a, struct error *e)
{
    if (take_lock(a, e) != 0) {
        if (e->kind == ERROR_LOCKED)
            return -1;
        log_line(LOG_LEVEL_WARNING, "%s; going on, and trying again", e->text);
    }
    return agent_parts_open(a, e);
}

static int
run(struct agent *a, struct error *e)
{
    a->terms = terms_load(a->arguments, agent_words_problem, NULL, e);
    if (a->terms == NULL && e->kind == ERROR_USAGE)
        return error_set(e, ERROR_USAGE, "nothing was started");
    if (a->terms == NULL)
        return -1;
    a->config = &a->terms->config;
    agent_words_log_level(a->config);
    a->started_ms = a->config_loaded_ms = clock_wall_ms();
    a->started_steady_ms = clock_steady_ms();
    if (begin(a, e) != 0)
        return -1;
    run_loop(a);
    if (a->loop->fatal.kind == ERROR_NONE)
        return 0;
    *e = a->loop->fatal;
    return -1;
}

int
agent_run(const struct arguments *arguments, struct error *e)
{
    struct agent_loop loop = {0};
    struct agent a = {.arguments = arguments, .loop = &loop, .lock = LOCK_NONE};
    int rc;

    log_never_wait();
    a.base = event_base_new();
    hear_signals(&a);
    rc = run(&a, e);
    free_loop(&loop);
    agent_parts_close(&a);
    event_base_free(a.base);
    return rc;
}
