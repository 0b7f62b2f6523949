/* watch_queue.c - the events of inotify, as marks of what to look at. */
#include <errno.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "daemon/watch_state.h"

/* So much is read at a time, and so often, before others have their turn. */
enum { QUEUE_BYTES = 32 * 1024, QUEUE_READINGS = 32 };

enum { SELF = IN_DELETE_SELF | IN_MOVE_SELF | IN_UNMOUNT | IN_IGNORED };

bool
watch_queue_open(struct watch *w)
{
    w->fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    return w->fd >= 0;
}

int
watch_queue_add(struct watch *w, const char *path, uint32_t mask)
{
    int wd = w->fd < 0 ? -1 : inotify_add_watch(w->fd, path, mask);

    if (wd < 0 && w->fd >= 0 && !w->blind_told)
        log_line(
            LOG_LEVEL_WARNING,
            "Watch: changes are seen late, by looking path=%s error=\"%s\"",
            path, strerror(errno));
    w->blind_told = wd < 0;
    return wd;
}

void
watch_queue_remove(struct watch *w, int *wd)
{
    if (*wd >= 0)
        inotify_rm_watch(w->fd, *wd);
    *wd = -1;
}

/* The folder itself went, or is another one's: it is looked for by its name. */
static void
lose(struct watch *w, struct watch_folder *folder)
{
    watch_queue_remove(w, &folder->wd);
    folder->there = false;
    w->dirty |= WATCH_LOOK_FOLDERS;
}

static void
note_aof(struct watch *w, const char *name, uint32_t mask)
{
    if (w->manifest != NULL && strcmp(name, w->manifest) == 0) {
        w->dirty |= WATCH_LOOK_MANIFEST;
        if ((mask & IN_CREATE) == 0)
            w->view.events[WATCH_MANIFEST]++;
        return;
    }
    if (!watch_aof_mark(w, name))
        return;
    w->dirty |= WATCH_LOOK_PARTS;
    w->view.events[WATCH_AOF]++;
}

static void
note_data(struct watch *w, const char *name, uint32_t mask)
{
    if (strcmp(name, w->dbfilename) == 0) {
        w->dirty |= WATCH_LOOK_RDB;
        if ((mask & IN_CREATE) == 0)
            w->view.events[WATCH_RDB]++;
    } else if (w->single && strcmp(name, w->appendfilename) == 0) {
        note_aof(w, name, mask);
        w->dirty |= WATCH_LOOK_FOLDERS; /* another file is watched now */
    } else if (!w->single && strcmp(name, w->appenddirname) == 0) {
        w->dirty |= WATCH_LOOK_FOLDERS;
    }
    if (watch_temp_mark(w, name))
        w->dirty |= WATCH_LOOK_TEMPS;
}

static void
note(struct watch *w, const struct inotify_event *event)
{
    const char *name = event->len > 0 ? event->name : "";

    if (event->mask & IN_Q_OVERFLOW) {
        w->view.overflows++;
        w->dirty |= WATCH_LOOK_ALL;
    } else if (event->wd == w->parent_wd) {
        w->dirty |= WATCH_LOOK_FOLDERS;
        if (event->mask & IN_IGNORED)
            w->parent_wd = -1;
    } else if (event->wd == w->data.wd) {
        if (event->mask & SELF)
            lose(w, &w->data);
        else
            note_data(w, name, event->mask);
    } else if (event->wd == w->aof.wd) {
        if (event->mask & SELF)
            lose(w, &w->aof);
        else
            note_aof(w, w->single ? w->appendfilename : name, event->mask);
    }
}

static bool
read_once(struct watch *w)
{
    _Alignas(struct inotify_event) char bytes[QUEUE_BYTES];
    ssize_t size = read(w->fd, bytes, sizeof bytes);

    for (ssize_t at = 0; at < size;) {
        const struct inotify_event *event =
            (const struct inotify_event *)(bytes + at);

        note(w, event);
        at += (ssize_t)(sizeof *event + event->len);
    }
    return size > 0;
}

bool
watch_queue_drain(struct watch *w)
{
    bool any = false;

    for (int i = 0; i < QUEUE_READINGS && read_once(w); i++)
        any = true;
    return any;
}
