/*
 * watch.c - the turns of the watch: events mark, one look follows, then a
 * pause, so that a server that writes at every turn of its loop wakes us a few
 * times a second; and a look in a while, whatever the events say.
 */
#include "daemon/watch.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <event2/event.h>

#include "base/clock.h"
#include "base/memory.h"
#include "daemon/timer.h"
#include "daemon/watch_state.h"
#include "jobs/guard_note.h"

enum { MINUTE_MS = 60 * 1000 };

/*
 * Somebody who creates and removes files for ever shall not push all else out
 * of the history, nor fill the log.
 */
static bool
may_tell(struct watch *w, int64_t now_ms)
{
    if (now_ms < w->told_since_ms || now_ms - w->told_since_ms > MINUTE_MS) {
        w->told_since_ms = now_ms;
        w->told = 0;
    }
    return ++w->told <= WATCH_TOLD_MAX;
}

void
watch_tell(struct watch *w, int64_t now_ms, enum log_level level,
           const char *format, ...)
{
    char text[NOTICE_TEXT_MAX];
    va_list arguments;

    w->changed = true;
    if (!may_tell(w, now_ms))
        return;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    log_line(level, "Watch: %s", text);
    notice_tell(w->notices, now_ms, "watch", NULL, "%s", text);
}

static void
look_for_guard(struct watch *w)
{
    char before = w->view.guard_failed[0];

    guard_note_find(w->view.data_dir, w->view.guard_failed,
                    sizeof w->view.guard_failed);
    w->changed = w->changed || before != w->view.guard_failed[0];
}

void
watch_look(struct watch *w, unsigned what, int64_t now_ms)
{
    what |= w->dirty;
    w->dirty = 0;
    if (w->view.data_dir == NULL)
        return;
    if (what & WATCH_LOOK_FOLDERS)
        what |= watch_folder_look(w, now_ms);
    if (w->data.there && (what & WATCH_LOOK_SCAN) != 0) {
        watch_folder_scan(w, w->view.data_dir, watch_temp_mark);
        look_for_guard(w);
    }
    if (what & WATCH_LOOK_RDB)
        watch_rdb_look(w, now_ms);
    if (what & (WATCH_LOOK_MANIFEST | WATCH_LOOK_PARTS | WATCH_LOOK_SCAN))
        watch_aof_look(w, what, now_ms);
    if (what & WATCH_LOOK_TEMPS)
        watch_temp_look(w, now_ms);
    watch_judge(w, now_ms);
}

/* Last of all: who is told may point the watch elsewhere. */
static void
tell_listener(struct watch *w)
{
    bool changed = w->changed, new_rdb = w->new_rdb;

    w->changed = w->new_rdb = false;
    if (new_rdb && w->events.new_rdb != NULL)
        w->events.new_rdb(w->events.context);
    if (changed && w->events.changed != NULL)
        w->events.changed(w->events.context);
}

/* An event came, or the pause after one is over: quiet again, or once more. */
static void
on_events(int fd, short what, void *context)
{
    struct watch *w = context;
    uint64_t overflows = w->view.overflows;
    int64_t now_ms = clock_wall_ms();

    (void)fd;
    if (!watch_queue_drain(w) && (what & EV_TIMEOUT) != 0) {
        event_add(w->readable, NULL);
        return;
    }
    event_del(w->readable);
    timer_set(w->pause, WATCH_PAUSE_MS);
    if (w->view.overflows > overflows)
        watch_tell(w, now_ms, LOG_LEVEL_WARNING,
                   "events were lost, all is looked at anew");
    if (w->dirty == 0)
        return;
    watch_look(w, 0, now_ms);
    tell_listener(w);
}

static void
ask_space(struct watch *w)
{
    struct statvfs space;
    int64_t unit;

    w->view.free_bytes = w->view.total_bytes = -1;
    if (!w->data.there || statvfs(w->view.data_dir, &space) != 0 ||
        space.f_frsize == 0 || space.f_blocks > INT64_MAX / space.f_frsize)
        return;
    unit = (int64_t)space.f_frsize;
    w->view.free_bytes = (int64_t)space.f_bavail * unit;
    w->view.total_bytes = (int64_t)space.f_blocks * unit;
}

void
watch_look_later(struct watch *w)
{
    bool blind = w->fd < 0 || (w->data.there && w->data.wd < 0) ||
                 (w->aof.there && w->aof.wd < 0);

    ask_space(w);
    timer_set(w->poll, blind ? WATCH_BLIND_POLL_MS : WATCH_POLL_MS);
}

static void
on_poll(int fd, short unused, void *context)
{
    struct watch *w = context;
    unsigned what = WATCH_LOOK_ALL & ~WATCH_LOOK_SCAN;

    (void)fd;
    (void)unused;
    if (++w->polls % WATCH_SCAN_EVERY == 0)
        what |= WATCH_LOOK_SCAN;
    watch_look(w, what, clock_wall_ms());
    watch_look_later(w);
    tell_listener(w);
}

struct watch *
watch_new(struct event_base *base, struct notices *notices,
          unsigned collapse_percent, const struct watch_events *events,
          struct error *e)
{
    struct watch *w = memory_new(sizeof *w);

    w->notices = notices;
    w->events = *events;
    w->collapse_percent = collapse_percent;
    w->parent_wd = w->data.wd = w->aof.wd = -1;
    w->poll = event_new(base, -1, 0, on_poll, w);
    w->pause = event_new(base, -1, 0, on_events, w);
    if (watch_queue_open(w))
        w->readable =
            event_new(base, w->fd, EV_READ | EV_PERSIST, on_events, w);
    else
        log_line(LOG_LEVEL_WARNING,
                 "Watch: inotify cannot be had, files are looked at every "
                 "second");
    if (w->poll == NULL || w->pause == NULL ||
        (w->fd >= 0 && w->readable == NULL)) {
        watch_free(w);
        error_set(e, ERROR_FAILED, "cannot watch: no event can be made");
        return NULL;
    }
    return w;
}

void
watch_set_collapse(struct watch *w, unsigned percent)
{
    w->collapse_percent = percent;
}

const struct watch_view *
watch_view(const struct watch *w)
{
    return &w->view;
}

void
watch_free(struct watch *w)
{
    if (w == NULL)
        return;
    watch_forget(w);
    if (w->readable != NULL)
        event_free(w->readable);
    if (w->pause != NULL)
        event_free(w->pause);
    if (w->poll != NULL)
        event_free(w->poll);
    if (w->fd >= 0)
        close(w->fd);
    free(w);
}
