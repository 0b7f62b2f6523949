#include "daemon/repository.h"

#include <event2/event.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/memory.h"
#include "daemon/child.h"
#include "daemon/repository_view.h"
#include "daemon/timer.h"

enum {
    LINE_MAX = 16 << 20, /* the keeper's; LOOKOUT_LIST_MAX snapshots fit */
    SAVE_EVERY_MS = 200,
    SILENT_LOOKS = 3, /* and PATIENCE_MS more: the disk does not answer */
    PATIENCE_MS = 5000,
    BACKOFF_MIN_MS = 200,
    BACKOFF_SILENT_MS = 5000, /* what hung will hardly do better at once */
    BACKOFF_MAX_MS = 30000,
};

struct repository {
    struct event_base *base;
    const struct config *config;
    char *program;
    struct repository_events events;
    struct repository_view view;
    struct child *keeper; /* NULL: none runs */
    struct event *again;  /* starts it again */
    struct event *silent; /* it did not speak for too long */
    struct event *save;   /* the next time we may write */
    uint64_t backoff_ms, patience_ms;
    bool doubted;    /* its time is over; what it said may wait to be read */
    bool seen;       /* the repository was there once: it is not made again */
    bool loaded;     /* the state that was found has been told */
    char folder[48]; /* of which folder; "": there was none */
    bool save_failed;
    json_t *state;               /* the last to be written; NULL: none yet */
    int64_t wanted, sent, saved; /* numbers of states: sent is 0 or in flight */
};

static uint64_t
interval_ms(const struct repository *r)
{
    return config_duration_ms(r->config, CONFIG_CONNECTION_INFO_INTERVAL);
}

static void
expect_word(struct repository *r)
{
    r->doubted = false;
    timer_set(r->silent, SILENT_LOOKS * interval_ms(r) + r->patience_ms);
}

static void
tell_changed(struct repository *r, bool was_ok)
{
    if (!r->view.ok && (was_ok || !r->view.known))
        log_line(LOG_LEVEL_ERROR, "repository is down: %s", r->view.problem);
    if (r->view.ok && !was_ok && r->view.known)
        log_line(LOG_LEVEL_INFO, "repository is up again");
    r->view.known = true;
    r->events.changed(r->events.context);
}

static void
be_down(struct repository *r, const char *problem)
{
    bool was_ok = r->view.ok;

    r->view.ok = r->view.writable = false;
    snprintf(r->view.problem, sizeof r->view.problem, "%s", problem);
    tell_changed(r, was_ok);
}

static void
send_line(struct repository *r, json_t *object)
{
    char *line = object != NULL ? json_dumps(object, JSON_COMPACT) : NULL;

    json_decref(object);
    if (line == NULL)
        return;
    child_send(r->keeper, line);
    free(line);
}

static void
send_settings(struct repository *r)
{
    double collapse = (double)config_number(r->config, CONFIG_ALARMS_COLLAPSE);

    send_line(r, json_pack("{s:s, s:s, s:I, s:f, s:b}", "repo",
                           config_text(r->config, CONFIG_REPO), "instance",
                           config_text(r->config, CONFIG_INSTANCE), "every_ms",
                           (json_int_t)interval_ms(r), "collapse", collapse,
                           "make", !r->seen));
}

/* One at a time: what came meanwhile follows when that one is written. */
static void
send_state(struct repository *r)
{
    if (r->keeper == NULL || r->sent != 0 || r->state == NULL ||
        r->saved == r->wanted || evtimer_pending(r->save, NULL))
        return;
    r->sent = r->wanted;
    send_line(r, json_pack("{s:I, s:O}", "save", (json_int_t)r->sent, "state",
                           r->state));
    timer_set(r->save, SAVE_EVERY_MS);
}

static void
save_due(evutil_socket_t fd, short what, void *context)
{
    struct repository *r = context;

    (void)fd;
    (void)what;
    /* What failed is tried again after the next look. */
    if (!r->save_failed)
        send_state(r);
}

static void
take_look(struct repository *r, const json_t *look)
{
    bool was_ok = r->view.ok;

    repository_view_read(&r->view, look);
    r->seen = r->seen || r->view.ok;
    if (r->view.ok)
        r->backoff_ms = BACKOFF_MIN_MS;
    tell_changed(r, was_ok);
    send_state(r);
}

static void
take_state(struct repository *r, const json_t *line)
{
    const char *warning = json_string_value(json_object_get(line, "warning"));
    const char *folder = json_string_value(json_object_get(line, "folder"));
    const json_t *state = json_object_get(line, "state");

    if (warning != NULL)
        log_line(LOG_LEVEL_WARNING, "the agent begins without its state: %s",
                 warning);
    if (folder == NULL)
        folder = "";
    /* Another keeper tells it again. */
    if (r->loaded && (*folder == '\0' || strcmp(folder, r->folder) == 0))
        return;
    r->loaded = true;
    snprintf(r->folder, sizeof r->folder, "%s", folder);
    r->events.loaded(r->events.context, json_is_object(state) ? state : NULL);
}

static void
take_saved(struct repository *r, const json_t *line)
{
    const char *why = json_string_value(json_object_get(line, "error"));

    if (why == NULL)
        r->saved = r->sent;
    else if (!r->save_failed)
        log_line(LOG_LEVEL_WARNING, "the agent's state is not saved: %s", why);
    r->save_failed = why != NULL;
    r->sent = 0;
    if (why == NULL)
        send_state(r);
}

static void
take_line(void *context, const char *text)
{
    struct repository *r = context;
    json_t *line = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
    const json_t *look = json_object_get(line, "look");

    expect_word(r);
    if (look != NULL)
        take_look(r, look);
    else if (json_object_get(line, "saved") != NULL)
        take_saved(r, line);
    else if (json_object_get(line, "state") != NULL)
        take_state(r, line);
    json_decref(line);
}

static void
start_again(struct repository *r)
{
    timer_set(r->again, r->backoff_ms);
    r->backoff_ms *= 2;
    if (r->backoff_ms > BACKOFF_MAX_MS)
        r->backoff_ms = BACKOFF_MAX_MS;
}

static void
ended(void *context, const char *how)
{
    struct repository *r = context;

    r->keeper = NULL;
    r->sent = 0;
    log_line(LOG_LEVEL_WARNING, "the keeper of the repository has ended: %s",
             how);
    start_again(r);
}

static void
start(evutil_socket_t fd, short what, void *context)
{
    static const char *const argv[] = {"redkeep", "keeper", NULL};
    struct repository *r = context;
    struct child_task task = {.program = r->program,
                              .argv = argv,
                              .death_signal = SIGKILL,
                              .line_max = LINE_MAX};
    struct child_events events = {
        .line = take_line, .ended = ended, .context = r};
    struct error e;

    (void)fd;
    (void)what;
    r->keeper = child_start(r->base, &task, &events, &e);
    if (r->keeper == NULL) {
        log_line(LOG_LEVEL_WARNING, "the keeper does not start: %s", e.text);
        start_again(r);
        return;
    }
    expect_word(r);
    send_settings(r);
    send_state(r);
}

/*
 * A process that waits for a disk does not die before the disk answers; then,
 * or at once if it was only stopped, it is reaped and another one starts.
 */
static void
be_silent(evutil_socket_t fd, short what, void *context)
{
    struct repository *r = context;

    (void)fd;
    (void)what;
    /* When we were stopped ourselves, timers come before what is to be read. */
    if (r->keeper != NULL && !r->doubted) {
        r->doubted = true;
        timer_set(r->silent, 0);
        return;
    }
    if (r->keeper != NULL)
        child_kill(r->keeper, SIGKILL);
    if (r->backoff_ms < BACKOFF_SILENT_MS)
        r->backoff_ms = BACKOFF_SILENT_MS;
    be_down(r, r->keeper != NULL ? "the disk does not answer"
                                 : "the keeper of the repository does not run");
}

struct repository *
repository_new(struct event_base *base, const struct terms *terms,
               const char *program, const struct repository_events *events)
{
    struct repository *r = memory_new(sizeof *r);

    r->base = base;
    r->config = &terms->config;
    r->program = memory_dup(program);
    r->events = *events;
    r->backoff_ms = BACKOFF_MIN_MS;
    r->patience_ms = PATIENCE_MS;
    r->again = evtimer_new(base, start, r);
    r->silent = evtimer_new(base, be_silent, r);
    r->save = evtimer_new(base, save_due, r);
    repository_view_init(&r->view);
    expect_word(r);
    start(-1, 0, r);
    return r;
}

const struct repository_view *
repository_view(const struct repository *r)
{
    return &r->view;
}

void
repository_save(struct repository *r, json_t *state, bool now)
{
    json_decref(r->state);
    r->state = state;
    r->wanted++;
    if (now)
        evtimer_del(r->save);
    send_state(r);
}

void
repository_reload(struct repository *r, const struct terms *terms)
{
    r->config = &terms->config;
    if (r->keeper != NULL)
        send_settings(r);
    expect_word(r);
}

void
repository_set_patience(struct repository *r, uint64_t ms)
{
    r->patience_ms = ms;
    expect_word(r);
}

static bool
is_saved(const void *context)
{
    const struct repository *r = context;

    return r->keeper == NULL || r->saved == r->wanted;
}

void
repository_flush(struct repository *r, unsigned limit_ms)
{
    evtimer_del(r->save);
    send_state(r);
    timer_turn(r->base, limit_ms, is_saved, r);
}

void
repository_free(struct repository *r)
{
    if (r == NULL)
        return;
    child_free(r->keeper, SIGTERM);
    event_free(r->again);
    event_free(r->silent);
    event_free(r->save);
    repository_view_clear(&r->view);
    json_decref(r->state);
    free(r->program);
    free(r);
}
