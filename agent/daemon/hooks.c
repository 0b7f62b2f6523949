#include "daemon/hooks.h"

#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "daemon/errand.h"
#include "daemon/hooks_letter.h"
#include "daemon/timer.h"

enum { COMPLAIN_MS = 60000, NAME_SIZE = 32 };

/* What is told to one kind of listener: in order, one at a time. */
struct lane {
    struct hooks *hooks;
    const char *name; /* for the log */
    struct hooks_letter *queue[HOOKS_QUEUE];
    size_t first, count;
    struct errand *errand; /* of queue[first]; NULL: none is on its way */
    uint64_t failed, dropped;
    bool complained;        /* since the last that arrived */
    uint64_t complained_ms; /* 0 never */
};

struct hooks {
    struct event_base *base;
    const struct config *config;
    char *program;
    struct lane commands, webhook, heartbeat;
    struct event *beat;
    bool healthy;
};

static uint64_t
timeout_ms(const struct hooks *h)
{
    return config_duration_ms(h->config, CONFIG_HOOKS_TIMEOUT);
}

/*
 * Not each time: who does not listen for an hour, or fails every other time,
 * shall not fill the log.
 */
static void
complain(struct lane *lane, const char *why)
{
    uint64_t now = clock_steady_ms();

    if (lane->complained_ms != 0 && now - lane->complained_ms < COMPLAIN_MS)
        return;
    log_line(LOG_LEVEL_WARNING, "%s failed: %s failed=%llu dropped=%llu",
             lane->name, why, (unsigned long long)lane->failed,
             (unsigned long long)lane->dropped);
    lane->complained = true;
    lane->complained_ms = now;
}

static void
take_first(struct lane *lane)
{
    if (lane->count == 0)
        return;
    hooks_letter_free(lane->queue[lane->first]);
    lane->first = (lane->first + 1) % HOOKS_QUEUE;
    lane->count--;
}

static void
finish(struct lane *lane, bool ok, const char *why)
{
    take_first(lane);
    if (!ok) {
        lane->failed++;
        complain(lane, why);
    } else if (lane->complained) {
        log_line(LOG_LEVEL_INFO, "%s works again", lane->name);
        lane->complained = false;
    }
}

/* The key of the configuration that says where a letter goes. */
static const char *
find_command(const struct hooks *h, const struct hooks_letter *letter)
{
    return config_text(h->config, letter->is_alarm ? CONFIG_HOOKS_ON_ALARM
                                                   : CONFIG_HOOKS_ON_EVENT);
}

static void send_next(struct lane *lane);

static void
arrived(void *context, const struct errand_outcome *outcome)
{
    struct lane *lane = context;

    lane->errand = NULL;
    finish(lane, outcome->ok, outcome->message);
    send_next(lane);
}

static void
send_letter(struct lane *lane, const struct hooks_letter *letter)
{
    struct hooks *h = lane->hooks;
    struct errand_task task = {.body = letter->body,
                               .timeout_ms = timeout_ms(h)};
    struct error e;

    if (lane == &h->webhook)
        task.url = config_text(h->config, CONFIG_HOOKS_WEBHOOK);
    else
        task.command = find_command(h, letter);
    if (task.url == NULL && task.command == NULL) {
        take_first(lane); /* nobody wants it any more */
        return;
    }
    if (task.command != NULL)
        task.variables = (const char *const *)letter->variables;
    lane->errand = errand_start(h->base, h->program, &task, arrived, lane, &e);
    if (lane->errand == NULL)
        finish(lane, false, e.text);
}

static void
send_next(struct lane *lane)
{
    while (lane->errand == NULL && lane->count > 0)
        send_letter(lane, lane->queue[lane->first]);
}

/* What is new is worth more than what could not be told for long. */
static void
put(struct lane *lane, struct hooks_letter *letter)
{
    if (lane->count == HOOKS_QUEUE) {
        size_t second = (lane->first + 1) % HOOKS_QUEUE;

        /* The first is on its way. */
        hooks_letter_free(lane->queue[second]);
        lane->queue[second] = lane->queue[lane->first];
        lane->first = second;
        lane->count--;
        lane->dropped++;
        complain(lane, "the queue is full");
    }
    lane->queue[(lane->first + lane->count++) % HOOKS_QUEUE] = letter;
    send_next(lane);
}

static void
hear(void *context, const struct notice *n)
{
    struct hooks *h = context;
    const char *instance = config_text(h->config, CONFIG_INSTANCE);
    struct hooks_letter *letter = hooks_letter_new(n, instance);

    if (config_text(h->config, CONFIG_HOOKS_WEBHOOK) != NULL)
        put(&h->webhook, hooks_letter_new(n, instance));
    if (find_command(h, letter) != NULL)
        put(&h->commands, letter);
    else
        hooks_letter_free(letter);
}

static void
beaten(void *context, const struct errand_outcome *outcome)
{
    struct lane *lane = context;

    lane->errand = NULL;
    finish(lane, outcome->ok, outcome->message);
}

static void
beat(evutil_socket_t fd, short what, void *context)
{
    struct hooks *h = context;
    struct errand_task task = {
        .url = config_text(h->config, CONFIG_HOOKS_HEARTBEAT),
        .timeout_ms = timeout_ms(h),
    };
    struct error e;

    (void)fd;
    (void)what;
    if (!h->healthy || task.url == NULL)
        return;
    timer_set(h->beat,
              config_duration_ms(h->config, CONFIG_HOOKS_HEARTBEAT_EVERY));
    if (h->heartbeat.errand != NULL)
        return;
    h->heartbeat.errand =
        errand_start(h->base, h->program, &task, beaten, &h->heartbeat, &e);
    if (h->heartbeat.errand == NULL)
        finish(&h->heartbeat, false, e.text);
}

struct hooks *
hooks_new(struct event_base *base, const struct config *config,
          const char *program, struct notices *notices)
{
    struct hooks *h = memory_new(sizeof *h);

    h->base = base;
    h->config = config;
    h->program = memory_dup(program);
    h->commands = (struct lane){.hooks = h, .name = "hook"};
    h->webhook = (struct lane){.hooks = h, .name = "webhook"};
    h->heartbeat = (struct lane){.hooks = h, .name = "heartbeat"};
    h->beat = evtimer_new(base, beat, h);
    notice_listen(notices, hear, h);
    return h;
}

/* At once when it may be sent again: whoever waits for it wants to know. */
void
hooks_set_healthy(struct hooks *h, bool healthy)
{
    bool was = h->healthy;

    h->healthy = healthy;
    if (healthy && !was && !evtimer_pending(h->beat, NULL))
        beat(-1, 0, h);
}

void
hooks_reload(struct hooks *h, const struct config *config)
{
    h->config = config;
    evtimer_del(h->beat);
    beat(-1, 0, h);
    send_next(&h->commands);
    send_next(&h->webhook);
}

static bool
all_told(const void *context)
{
    const struct hooks *h = context;

    return h->commands.count == 0 && h->webhook.count == 0;
}

void
hooks_flush(struct hooks *h, unsigned limit_ms)
{
    timer_turn(h->base, limit_ms, all_told, h);
}

static void
clear(struct lane *lane)
{
    errand_free(lane->errand);
    while (lane->count > 0)
        take_first(lane);
}

void
hooks_free(struct hooks *h)
{
    if (h == NULL)
        return;
    clear(&h->commands);
    clear(&h->webhook);
    clear(&h->heartbeat);
    event_free(h->beat);
    free(h->program);
    free(h);
}
