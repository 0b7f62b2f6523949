#include "jobs/persist_run.h"

#include <time.h>

#include "base/clock.h"
#include "base/process.h"
#include "base/text.h"
#include "jobs/persist_host.h"
#include "redis/persistence.h"

enum {
    POLL_MS = 100,
    /* The server forks before it answers: a second for each 50-100 GB. */
    REPLY_MS = 60000,
    SECOND_MS = 1000,
};

struct work {
    struct instance *instance;
    const struct persist_run_options *options;
    struct persist_ask ask;
    uint64_t began_ms;
};

static void
pause_ms(unsigned ms)
{
    struct timespec t = {.tv_nsec = (long)ms * 1000000};

    nanosleep(&t, NULL); /* a signal ends it, which is what we want */
}

/* Nothing is asked where it would be refused, or do harm. */
static int
judge(struct work *w, struct error *e)
{
    const struct instance *i = w->instance;
    enum persist_kind kind = w->options->kind;
    struct persist_host host;

    if (persist_judge_idle(kind, &w->ask.before, e) != 0) {
        e->kind = ERROR_FAILED;
        return error_in(e, "not asked for");
    }
    persist_host_look(&host, &w->ask.before, &i->settings);
    if (persist_judge_room(kind, &w->ask.before, &host, e) != 0) {
        e->kind = ERROR_REFUSED;
        return error_in(e, "not asked for");
    }
    return 0;
}

/* Done only in another second than the last save: its time tells them apart. */
static int
wait_for_next_second(const struct work *w, struct error *e)
{
    while (w->options->kind == PERSIST_BGSAVE &&
           w->ask.before.last_save_time == clock_wall_ms() / SECOND_MS) {
        if (process_check_stop(e) != 0)
            return -1;
        pause_ms(POLL_MS);
    }
    return 0;
}

static int
ask(struct work *w, struct error *e)
{
    const char *command = persist_judge_command(w->options->kind);

    if (persistence_ask(w->instance->link, command, &w->ask.scheduled, e) ==
        0) {
        w->ask.begun = true;
        return 0;
    }
    if (e->kind == ERROR_STOPPED)
        return error_set(e, ERROR_FAILED, "stopped while %s was asked for",
                         command);
    persist_judge_refusal(w->options->kind, e);
    e->kind = ERROR_FAILED;
    return -1;
}

static void
tell_progress(const struct work *w, const struct info *now)
{
    int percent = persist_run_percent(now);

    progress_tell(w->options->progress,
                  w->options->kind == PERSIST_BGSAVE
                      ? "the server writes an RDB"
                      : "the server rewrites its AOF",
                  percent < 0 ? 0 : (uint64_t)percent, percent < 0 ? 0 : 100);
}

/* What the server has begun it ends without us, if it still is. */
static int
leave(bool connected, struct error *e)
{
    struct error words = *e;

    return error_set(e, ERROR_FAILED,
                     connected ? "%.300s: the server goes on with it; 'redkeep "
                                 "persist status' shows how far it is"
                               : "%.300s: whether the server goes on with it, "
                                 "'redkeep persist status' shows",
                     words.text);
}

static bool
is_late(const struct work *w, struct error *e)
{
    char limit[TEXT_WORDS_SIZE];

    if (w->options->time_limit_ms == 0 ||
        clock_steady_ms() - w->began_ms < w->options->time_limit_ms)
        return false;
    text_write_duration(limit, w->options->time_limit_ms);
    error_set(e, ERROR_FAILED, "it has not ended after %s", limit);
    return true;
}

static int
follow(struct work *w, struct info *now, struct error *e)
{
    for (;;) {
        pause_ms(POLL_MS);
        if (process_check_stop(e) != 0 || is_late(w, e))
            return leave(true, e);
        if (info_ask(w->instance->link, now, e) != 0)
            return leave(e->kind == ERROR_STOPPED, e);
        tell_progress(w, now);
        switch (persist_judge_look(&w->ask, now, e)) {
        case PERSIST_GOES_ON:
            break;
        case PERSIST_DONE:
            return 0;
        case PERSIST_LOST:
            return -1;
        }
    }
}

int
persist_run(struct persist_run *r, struct instance *i,
            const struct persist_run_options *options, struct error *e)
{
    struct work w = {
        .instance = i,
        .options = options,
        .ask = {.kind = options->kind, .before = i->info},
        .began_ms = clock_steady_ms(),
    };

    /* Not answered while it forks. */
    link_set_timeout(i->link, REPLY_MS);
    if (judge(&w, e) != 0 || wait_for_next_second(&w, e) != 0 ||
        ask(&w, e) != 0 || follow(&w, &r->after, e) != 0)
        return -1;
    r->before = w.ask.before;
    r->took_ms = clock_steady_ms() - w.began_ms;
    return 0;
}

int
persist_run_percent(const struct info *info)
{
    bool running = info->bgsave_in_progress || info->rewrite_in_progress;

    if (!running || info->save_keys_total <= 0 || info->save_keys_done < 0 ||
        info->save_keys_done > info->save_keys_total)
        return -1;
    return (int)((double)info->save_keys_done * 100 /
                 (double)info->save_keys_total);
}
