#include "daemon/tally_work.h"

#include <event2/event.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"
#include "daemon/timer.h"

enum { STOP_MS = WORKER_GRACE_MS + 2000 };

static bool
is_complete(const struct tally *t)
{
    for (size_t i = 0; i < t->count; i++)
        if (t->sets[i].round != t->round)
            return false;
    return true;
}

/* All when the round is complete, or at the end; else who waited too long. */
static void
answer(struct tally *t, uint64_t now)
{
    struct tally_waiter **at = &t->waiters, *w;
    bool all = t->stopping || is_complete(t);

    if (is_complete(t) && t->waiters != NULL &&
        t->round_ended_ms == TALLY_NEVER)
        t->round_ended_ms = now;
    while ((w = *at) != NULL) {
        if (!all && w->until_ms > now) {
            at = &w->next;
            continue;
        }
        *at = w->next;
        w->done(w->context);
        free(w);
    }
}

static void
wake(struct tally *t)
{
    if (!t->stopping)
        timer_set(t->timer, 0);
}

static void
on_time(evutil_socket_t fd, short what, void *context)
{
    struct tally *t = context;
    uint64_t now = clock_steady_ms(), next;
    enum tally_kind kind;
    struct tally_set *set;

    (void)fd;
    (void)what;
    if (t->stopping) {
        t->stopped(t->stopped_context);
        return;
    }
    tally_due_look(t, now);
    while (t->worker == NULL && tally_due_pick(t, now, &set, &kind))
        tally_run_start(t, set, kind);
    now = clock_steady_ms();
    answer(t, now);
    next = tally_due_next(t);
    /* What was done here may have called for another turn already. */
    if (next != TALLY_NEVER && !evtimer_pending(t->timer, NULL))
        timer_set(t->timer, next > now ? next - now : 0);
}

static void
add_set(struct tally *t, size_t i, uint64_t now)
{
    const struct config_block *block =
        config_block_at(&t->terms->config, "counters", i);
    uint64_t every_ms =
        config_block_duration_ms(block, CONFIG_COUNTERS_CHECK_EVERY);

    t->sets[i] = (struct tally_set){
        .block = block,
        .start_ms = TALLY_NEVER,
        .sample_ms = now + every_ms,
    };
    t->views[i] = (struct tally_view){
        .name = block->name,
        .checked = -1,
        .inconsistent = -1,
        .rebuild_ms = -1,
        .since_ms = -1,
        .every_ms = every_ms,
    };
}

static void
fill(struct tally *t)
{
    t->count = config_block_count(&t->terms->config, "counters");
    t->sets = memory_new(t->count * sizeof *t->sets);
    t->views = memory_new(t->count * sizeof *t->views);
    for (size_t i = 0; i < t->count; i++)
        add_set(t, i, clock_steady_ms());
}

static void
clear(struct tally *t)
{
    for (size_t i = 0; i < t->count; i++) {
        json_decref(t->sets[i].items);
        json_decref(t->sets[i].warnings);
    }
    free(t->sets);
    free(t->views);
}

struct tally *
tally_new(struct event_base *base, const struct terms *terms,
          const char *program, struct server *server, struct notices *notices,
          void (*changed)(void *context), void *context)
{
    struct tally *t = memory_new(sizeof *t);

    t->base = base;
    t->terms = terms;
    t->program = program;
    t->server = server;
    t->notices = notices;
    t->changed = changed;
    t->context = context;
    t->timer = evtimer_new(base, on_time, t);
    fill(t);
    if (t->count > 0)
        wake(t);
    return t;
}

void
tally_look(struct tally *t)
{
    if (t->count > 0)
        wake(t);
}

const struct tally_view *
tally_view(const struct tally *t, size_t *count)
{
    *count = t->count;
    return t->views;
}

double
tally_status(const struct tally *t)
{
    double status = t->count > 0 ? 1 : NAN;

    for (size_t i = 0; i < t->count; i++) {
        enum tally_state state = t->views[i].state;

        if (state == TALLY_BEHIND || state == TALLY_UNCLEAR)
            return 0;
        if (state == TALLY_UNKNOWN)
            status = NAN;
    }
    return status;
}

/* Whether the last round is as good as a new one. */
static bool
is_shared(const struct tally *t, uint64_t now)
{
    return t->round > 0 && t->round_ended_ms != TALLY_NEVER &&
           t->round_ended_ms + TALLY_SHARED_MS >= now;
}

static void
begin_round(struct tally *t)
{
    t->round++;
    t->round_ended_ms = TALLY_NEVER;
}

void
tally_ask(struct tally *t, tally_done *done, void *context)
{
    struct tally_waiter **at = &t->waiters, *w;
    uint64_t now = clock_steady_ms();

    if (t->waiters == NULL && !is_shared(t, now))
        begin_round(t);
    if (t->stopping) {
        done(context);
        return;
    }
    w = memory_new(sizeof *w);
    w->done = done;
    w->context = context;
    w->until_ms = now + TALLY_SLACK_MS;
    for (size_t i = 0; i < t->count; i++)
        w->until_ms +=
            TALLY_SLACK_MS +
            config_block_duration_ms(t->sets[i].block, CONFIG_COUNTERS_TIMEOUT);
    while (*at != NULL)
        at = &(*at)->next;
    *at = w;
    wake(t);
}

void
tally_forget(struct tally *t, const void *context)
{
    for (struct tally_waiter **at = &t->waiters; *at != NULL;) {
        struct tally_waiter *w = *at;

        if (w->context != context) {
            at = &w->next;
            continue;
        }
        *at = w->next;
        free(w);
    }
}

struct tally_sample
tally_sample(const struct tally *t, size_t i)
{
    const struct tally_set *set = &t->sets[i];

    return (struct tally_sample){
        .taken = t->round > 0 && set->round == t->round,
        .ended_ms = set->sampled_ms,
        .consistent = set->consistent,
        .items = set->items,
        .warnings = set->warnings,
    };
}

/* What is known of a set of that name, and what is due, stays. */
static void
keep_known(struct tally *t, size_t i, struct tally *old)
{
    struct tally_set *set = &t->sets[i], fresh = *set;
    struct tally_view *v = &t->views[i], fresh_view = *v;

    for (size_t k = 0; k < old->count; k++) {
        struct tally_set *was = &old->sets[k];

        if (strcmp(old->views[k].name, v->name) != 0)
            continue;
        *set = *was;
        set->block = fresh.block;
        if (fresh.sample_ms < set->sample_ms)
            set->sample_ms = fresh.sample_ms;
        if (set->rebuild || (was == old->busy && old->kind >= TALLY_START))
            set->start_ms = clock_steady_ms();
        set->rebuild = false;
        *v = old->views[k];
        v->name = fresh_view.name;
        v->every_ms = fresh_view.every_ms;
        was->items = was->warnings = NULL;
    }
}

void
tally_reload(struct tally *t, const struct terms *terms)
{
    struct tally old = *t;

    t->terms = terms;
    fill(t);
    for (size_t i = 0; i < t->count; i++)
        keep_known(t, i, &old);
    if (t->worker != NULL)
        worker_cancel(t->worker);
    t->busy = NULL;
    clear(&old);
    wake(t);
}

void
tally_stop(struct tally *t, void (*done)(void *context), void *context)
{
    t->stopping = true;
    t->stopped = done;
    t->stopped_context = context;
    answer(t, clock_steady_ms());
    if (t->worker != NULL)
        worker_cancel(t->worker);
    timer_set(t->timer, t->worker != NULL ? STOP_MS : 0);
}

void
tally_free(struct tally *t)
{
    if (t == NULL)
        return;
    worker_free(t->worker);
    while (t->waiters != NULL)
        tally_forget(t, t->waiters->context);
    clear(t);
    event_free(t->timer);
    free(t);
}
