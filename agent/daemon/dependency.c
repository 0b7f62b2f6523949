#include "daemon/dependency.h"

#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "daemon/errand.h"
#include "daemon/timer.h"

/* The first checks do not all begin at once. */
enum { APART_MS = 100 };

struct one {
    struct dependencies *all;
    struct dependency_view view;
    const struct config_block *block;
    struct event *due;
    struct errand *errand; /* the check that is on; NULL */
    uint64_t began_ms;
};

struct dependencies {
    struct event_base *base;
    char *program;
    struct notices *notices;
    struct one *items;
    size_t count;
};

static void
plan_next(struct one *one)
{
    uint64_t every =
        config_block_duration_ms(one->block, CONFIG_DEPENDENCY_EVERY);
    uint64_t took = clock_steady_ms() - one->began_ms;

    timer_set(one->due, took < every ? every - took : 0);
}

/* The first check is told only if it is bad. */
static void
tell_change(const struct one *one, bool was_known, bool was_up)
{
    const struct dependency_view *v = &one->view;

    if (was_known ? v->up == was_up : v->up)
        return;
    log_line(v->up ? LOG_LEVEL_INFO : LOG_LEVEL_WARNING,
             "dependency %s is %s: %s", v->name, v->up ? "up" : "down",
             v->message);
    notice_tell(one->all->notices, v->checked_ms, "dependency",
                json_pack("{s:s, s:s, s:b}", "dependency", v->name, "status",
                          v->up ? "up" : "down", "required", v->required),
                "dependency %s is %s: %s", v->name, v->up ? "up" : "down",
                v->message);
}

static void
take(struct one *one, bool up, int64_t response_ms, const char *message)
{
    struct dependency_view *v = &one->view;
    bool was_known = v->known, was_up = v->up;

    v->known = true;
    v->up = up;
    v->response_ms = response_ms;
    v->checked_ms = clock_wall_ms();
    snprintf(v->message, sizeof v->message, "%s", message);
    tell_change(one, was_known, was_up);
    plan_next(one);
}

static void
checked(void *context, const struct errand_outcome *outcome)
{
    struct one *one = context;

    one->errand = NULL;
    take(one, outcome->ok, (int64_t)outcome->took_ms, outcome->message);
}

static void
check(evutil_socket_t fd, short what, void *context)
{
    struct one *one = context;
    struct errand_task task = {
        .command = config_block_text(one->block, CONFIG_DEPENDENCY_COMMAND),
        .timeout_ms =
            config_block_duration_ms(one->block, CONFIG_DEPENDENCY_TIMEOUT),
    };
    struct error e;

    (void)fd;
    (void)what;
    one->began_ms = clock_steady_ms();
    one->errand = errand_start(one->all->base, one->all->program, &task,
                               checked, one, &e);
    if (one->errand == NULL)
        take(one, false, -1, e.text);
}

static void
clear(struct dependencies *all)
{
    for (size_t i = 0; i < all->count; i++) {
        errand_free(all->items[i].errand);
        event_free(all->items[i].due);
        free((char *)(uintptr_t)all->items[i].view.name);
    }
    free(all->items);
    all->items = NULL;
    all->count = 0;
}

/* All of the configuration, not checked yet. */
static void
fill(struct dependencies *all, const struct config *config)
{
    all->count = config_block_count(config, "dependency");
    all->items = memory_new(all->count * sizeof *all->items);
    for (size_t i = 0; i < all->count; i++) {
        struct one *one = &all->items[i];

        one->all = all;
        one->block = config_block_at(config, "dependency", i);
        one->view = (struct dependency_view){
            .name = memory_dup(one->block->name),
            .required =
                config_block_flag(one->block, CONFIG_DEPENDENCY_REQUIRED),
            .response_ms = -1,
            .checked_ms = -1,
            .message = "not checked yet",
        };
        one->due = evtimer_new(all->base, check, one);
        timer_set(one->due, i * APART_MS);
    }
}

struct dependencies *
dependency_new(struct event_base *base, const struct config *config,
               const char *program, struct notices *notices)
{
    struct dependencies *all = memory_new(sizeof *all);

    all->base = base;
    all->program = memory_dup(program);
    all->notices = notices;
    fill(all, config);
    return all;
}

size_t
dependency_count(const struct dependencies *all)
{
    return all->count;
}

const struct dependency_view *
dependency_view(const struct dependencies *all, size_t i)
{
    return &all->items[i].view;
}

/* What was known of one of that name is known until it is checked again. */
static void
keep_known(struct one *one, const struct dependencies *old)
{
    for (size_t i = 0; i < old->count; i++) {
        const struct dependency_view *was = &old->items[i].view;

        if (strcmp(was->name, one->view.name) != 0)
            continue;
        one->view.known = was->known;
        one->view.up = was->up;
        one->view.response_ms = was->response_ms;
        one->view.checked_ms = was->checked_ms;
        memcpy(one->view.message, was->message, sizeof was->message);
    }
}

void
dependency_reload(struct dependencies *all, const struct config *config)
{
    struct dependencies old = *all;

    fill(all, config);
    for (size_t i = 0; i < all->count; i++)
        keep_known(&all->items[i], &old);
    clear(&old);
}

void
dependency_free(struct dependencies *all)
{
    if (all == NULL)
        return;
    clear(all);
    free(all->program);
    free(all);
}
