#include "jobs/exchange_load.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/process.h"
#include "jobs/trial_log.h"

enum {
    ASK_MS = 10,
    LOOK_MS = 200,         /* at systemd or /proc: they cost more */
    GONE_MS = 1000,        /* one that was there and is not any more */
    UNANSWERED_MS = 60000, /* it answers before it loads */
    SILENT_MS = 30000,     /* one that never came */
    LOG_MAX_BYTES = 65536,
};

struct wait {
    struct exchange *x;
    struct link *link;
    uint64_t begin_ms, answered_ms, seen_ms, looked_ms; /* 0: never */
    char run_id[sizeof((struct info *)0)->run_id];
    struct process_view user; /* pid 0: none was seen */
    uint64_t user_ms;         /* since when */
    int64_t restarts;
    struct error refused; /* it answers, but does not let us in */
};

void
exchange_load_find_log(struct exchange *x, struct link *link)
{
    struct error none = {0};

    free(x->log);
    x->log = info_ask_text(link, "logfile", &none);
}

/*
 * Opens the log. The server tells its name: only a file of the owner of the
 * data, or ours, is read. -1: none.
 */
static int
open_log(const struct exchange *x, struct file_identity *id)
{
    struct file_identity target;
    struct error none = {0};
    int fd;

    if (x->log == NULL || x->log[0] == '\0' ||
        file_identify(x->options->target, &target, &none) != 0)
        return -1;
    fd = file_open(x->options->target, x->log, &none);
    if (fd < 0)
        return -1;
    if (file_identify(fd, id, &none) == 0 &&
        (id->uid == target.uid || id->uid == geteuid()))
        return fd;
    close(fd);
    return -1;
}

void
exchange_load_mark(struct exchange *x)
{
    struct file_identity id;
    int fd = open_log(x, &id);

    x->log_from = 0;
    if (fd < 0)
        return;
    x->log_from = id.size_bytes;
    close(fd);
}

static bool
has_logged(const struct exchange *x)
{
    struct file_identity id;
    int fd = open_log(x, &id);

    if (fd < 0)
        return false;
    close(fd);
    return id.size_bytes != x->log_from;
}

/* What it has logged since the mark. */
static void
read_log(const struct exchange *x, struct trial_log *log)
{
    struct file_identity id;
    struct error none = {0};
    char *text = memory_new(LOG_MAX_BYTES);
    size_t got;
    int fd = open_log(x, &id);

    *log = (struct trial_log){0};
    if (fd >= 0 && file_read_at(fd, text, LOG_MAX_BYTES,
                                id.size_bytes < x->log_from ? 0 : x->log_from,
                                &got, &none) == 0)
        trial_log_take(log, text, got);
    trial_log_end(log);
    if (fd >= 0)
        close(fd);
    free(text);
}

static int
ended(const struct wait *w, const char *how, struct error *e)
{
    const char *unit = w->x->options->service;
    struct trial_log log;

    read_log(w->x, &log);
    if (log.words[0] != '\0')
        return error_set(e, ERROR_FAILED, "the server %s: %s", how, log.words);
    if (unit != NULL)
        return error_set(e, ERROR_FAILED,
                         "the server %s; 'journalctl -u %s' may tell why", how,
                         w->x->unit.name);
    return error_set(e, ERROR_FAILED, "the server %s; its log may tell why",
                     how);
}

/* 1: it has loaded; 0: not yet; -1: it is another one already. */
static int
ask(struct wait *w, struct info *info, struct error *e)
{
    struct error why = {0};

    if (w->link == NULL)
        w->link = link_open(&w->x->options->instance->link, &why);
    if (w->link == NULL || info_ask(w->link, info, &why) != 0) {
        link_close(w->link);
        w->link = NULL;
        if (why.kind == ERROR_DENIED)
            w->refused = why;
        return 0;
    }
    w->seen_ms = clock_steady_ms();
    if (w->answered_ms == 0)
        w->answered_ms = w->seen_ms;
    if (w->run_id[0] != '\0' && strcmp(w->run_id, info->run_id) != 0)
        return ended(w, "ended while it loaded and was started again", e);
    memcpy(w->run_id, info->run_id, sizeof w->run_id);
    return info->loading ? 0 : 1;
}

static int
look_at_unit(struct wait *w, struct error *e)
{
    struct exchange_unit *u = &w->x->unit;

    if (exchange_unit_look(u, e) != 0)
        return -1;
    if (w->restarts < 0)
        w->restarts = u->restarts;
    if (strcmp(u->active, "failed") == 0 ||
        strncmp(u->sub, "auto-restart", strlen("auto-restart")) == 0 ||
        u->restarts > w->restarts)
        return ended(w, "ended while it loaded", e);
    if (strcmp(u->active, "inactive") != 0)
        w->seen_ms = clock_steady_ms();
    return 0;
}

/* One that runs and does not answer is loading, or it answers elsewhere. */
static int
check_silence(const struct wait *w, struct error *e)
{
    char *url;

    if (w->answered_ms != 0 || w->user_ms == 0 ||
        clock_steady_ms() - w->user_ms < UNANSWERED_MS)
        return 0;
    url = url_write(w->x->options->instance->link.url);
    error_set(e, ERROR_FAILED,
              "the server runs (process %d), but does not answer at %s: name"
              " where it does with --redis URL",
              (int)w->user.pid, url);
    free(url);
    return -1;
}

/* A supervisor may start another before we see that the first has ended. */
static int
look_at_process(struct wait *w, struct error *e)
{
    struct process_view user;

    if (exchange_find_user(w->x, &user, e) != 0)
        return -1;
    if (user.pid == 0)
        return 0;
    w->seen_ms = clock_steady_ms();
    if (w->user.pid != 0 && user.pid != w->user.pid &&
        strcmp(user.command, w->user.command) == 0)
        return ended(w, "ended while it loaded and was started again", e);
    if (w->user.pid == 0)
        w->user_ms = w->seen_ms;
    w->user = user;
    return check_silence(w, e);
}

/* Whether it may yet come. */
static int
look(struct wait *w, struct error *e)
{
    uint64_t now = clock_steady_ms(), since;

    if (now - w->looked_ms < LOOK_MS)
        return 0;
    w->looked_ms = now;
    if ((w->x->options->service != NULL && look_at_unit(w, e) != 0) ||
        look_at_process(w, e) != 0)
        return -1;
    now = clock_steady_ms();
    since = now - (w->seen_ms != 0 ? w->seen_ms : w->begin_ms);
    if (since < GONE_MS)
        return 0;
    if (w->seen_ms != 0 || has_logged(w->x))
        return ended(w, "ended while it loaded", e);
    if (since < SILENT_MS)
        return 0;
    return ended(w, "was started, and none has come", e);
}

static int
give_up(const struct wait *w, struct error *e)
{
    char *url = url_write(w->x->options->instance->link.url);

    if (w->refused.kind != ERROR_NONE)
        error_set(e, ERROR_FAILED,
                  "the server runs, but does not let us ask"
                  " it: %s",
                  w->refused.text);
    else
        error_set(e, ERROR_FAILED,
                  "the server at %s has not loaded after"
                  " %u s",
                  url, w->x->options->load_limit_ms / 1000);
    free(url);
    return -1;
}

static int
await(struct wait *w, struct error *e)
{
    for (;;) {
        int rc = ask(w, &w->x->info, e);

        if (rc != 0)
            return rc < 0 ? -1 : 0;
        if (process_check_stop(e) != 0 || (w->link == NULL && look(w, e) != 0))
            return -1;
        if (w->refused.kind != ERROR_NONE ||
            clock_steady_ms() - w->begin_ms >= w->x->options->load_limit_ms)
            return give_up(w, e);
        poll(NULL, 0, ASK_MS);
    }
}

int
exchange_load_wait(struct exchange *x, struct error *e)
{
    struct wait w = {.x = x, .begin_ms = clock_steady_ms(), .restarts = -1};
    struct trial_log log;
    int rc = await(&w, e);

    link_close(w.link);
    if (rc != 0)
        return -1;
    x->load_ms = clock_steady_ms() - w.answered_ms;
    if (x->stopped_ms != 0)
        x->down_ms = clock_steady_ms() - x->stopped_ms;
    read_log(x, &log);
    if (log.lossy)
        return error_set(e, ERROR_FAILED,
                         "the server left out a part of it: %s", log.words);
    return 0;
}
