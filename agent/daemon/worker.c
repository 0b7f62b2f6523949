#include "daemon/worker.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <event2/event.h>

#include "base/clock.h"
#include "base/memory.h"
#include "base/process.h"
#include "daemon/timer.h"
#include "daemon/worker_child.h"
#include "daemon/worker_words.h"

enum {
    READ_BYTES = 16384,
    /* Reads of one turn of the loop: others have their turn too. */
    TURN_READS = 4,
    /* What the pipes of a dead child may still hold, and no more: others may
     * have inherited them, and write on. */
    REST_READS = 64,
    /* One that waits for a disk that hangs does not even die. */
    FREE_LOOK_MS = 2,
    FREE_LOOKS = 250,
};

struct worker {
    struct worker_child child;
    struct event *input, *report, *errors, *ended, *limit;
    char *to_write; /* what it has not read yet of its input */
    size_t write_size, write_at;
    char *bytes; /* of its report */
    size_t size, capacity;
    bool too_large;
    struct worker_words words;
    uint64_t began_ms, memory_bytes, time_limit_ms;
    bool cancelled, timed_out;
    worker_done *done;
    void *context;
};

static void
drop(struct event **event, int *fd)
{
    if (*event != NULL)
        event_free(*event);
    *event = NULL;
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

static void
discard(struct worker *w)
{
    drop(&w->input, &w->child.input);
    drop(&w->report, &w->child.report);
    drop(&w->errors, &w->child.errors);
    if (w->ended != NULL)
        event_free(w->ended);
    if (w->limit != NULL)
        event_free(w->limit);
    free(w->to_write);
    free(w->bytes);
    free(w);
}

static void
keep_report(struct worker *w, const char *bytes, size_t count)
{
    if (w->size + count > WORKER_REPORT_MAX)
        w->too_large = true;
    if (w->too_large)
        return;
    while (w->size + count > w->capacity) {
        w->capacity = w->capacity == 0 ? READ_BYTES : 2 * w->capacity;
        w->bytes = memory_resize(w->bytes, w->capacity, 1);
    }
    memcpy(w->bytes + w->size, bytes, count);
    w->size += count;
}

/* Reads what there is, at most so often. False: it is at its end. */
static bool
read_some(struct worker *w, int fd, int reads)
{
    char bytes[READ_BYTES];

    while (reads-- > 0) {
        ssize_t n = read(fd, bytes, sizeof bytes);

        if (n < 0)
            return errno == EAGAIN || errno == EINTR;
        if (n == 0)
            return false;
        if (fd == w->child.report)
            keep_report(w, bytes, (size_t)n);
        else
            worker_words_take(&w->words, bytes, (size_t)n, w->child.pid);
    }
    return true;
}

static void
on_report(evutil_socket_t fd, short what, void *context)
{
    struct worker *w = context;

    (void)what;
    if (!read_some(w, fd, TURN_READS))
        drop(&w->report, &w->child.report);
}

static void
on_errors(evutil_socket_t fd, short what, void *context)
{
    struct worker *w = context;

    (void)what;
    if (!read_some(w, fd, TURN_READS))
        drop(&w->errors, &w->child.errors);
}

static void
on_input(evutil_socket_t fd, short what, void *context)
{
    struct worker *w = context;
    ssize_t n =
        write(fd, w->to_write + w->write_at, w->write_size - w->write_at);

    (void)what;
    if (n > 0)
        w->write_at += (size_t)n;
    /* One that does not read its input has its reasons. */
    if (w->write_at == w->write_size ||
        (n < 0 && errno != EAGAIN && errno != EINTR))
        drop(&w->input, &w->child.input);
}

/* Its group too: commands that it runs end with it. */
static void
kill_group(struct worker *w, int number)
{
    kill(-w->child.pid, number);
}

static void
on_limit(evutil_socket_t fd, short what, void *context)
{
    struct worker *w = context;

    (void)fd;
    (void)what;
    if (w->cancelled || w->timed_out) {
        kill_group(w, SIGKILL);
        return;
    }
    w->timed_out = true;
    kill_group(w, SIGTERM);
    timer_set(w->limit, WORKER_GRACE_MS);
}

/* NULL, or what is wrong with the report. */
static const char *
read_report(struct worker *w, struct worker_outcome *o, char text[200])
{
    json_error_t why;

    if (w->too_large) {
        snprintf(text, 200, "its report is larger than %d MiB",
                 WORKER_REPORT_MAX >> 20);
        return text;
    }
    if (w->size == 0)
        return "it reported nothing";
    o->report = json_loadb(w->bytes, w->size, JSON_REJECT_DUPLICATES, &why);
    if (o->report == NULL) {
        snprintf(text, 200, "its report cannot be read: %.140s", why.text);
        return text;
    }
    if (json_is_object(o->report))
        return NULL;
    json_decref(o->report);
    o->report = NULL;
    return "its report is not an object";
}

/* It has ended, and status is how. */
static void
finish(struct worker *w, int status)
{
    struct worker_outcome o = {
        .exit_status = WIFEXITED(status) ? WEXITSTATUS(status) : -1,
        .signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0,
        .timed_out = w->timed_out,
        .cancelled = w->cancelled,
        .took_ms = clock_steady_ms() - w->began_ms,
    };
    worker_done *done = w->done;
    void *context = w->context;
    const char *bad;
    char text[200];

    if (w->child.report >= 0)
        read_some(w, w->child.report, REST_READS);
    if (w->child.errors >= 0)
        read_some(w, w->child.errors, REST_READS);
    worker_words_end(&w->words, w->child.pid);
    bad = read_report(w, &o, text);
    worker_words_judge(&o, &w->words, w->memory_bytes, w->time_limit_ms, bad);
    discard(w);
    done(context, &o);
    json_decref(o.report);
}

static void
on_ended(evutil_socket_t fd, short what, void *context)
{
    struct worker *w = context;
    int status;

    (void)fd;
    (void)what;
    if (!process_has_ended(w->child.pid))
        return;
    /* As long as it is not reaped, its number is nobody else's. */
    kill_group(w, SIGKILL);
    if (waitpid(w->child.pid, &status, WNOHANG) == w->child.pid)
        finish(w, status);
}

static void
begin_input(struct worker *w, struct event_base *base,
            const struct worker_task *task)
{
    if (task->input == NULL)
        return;
    w->to_write = memory_copy(task->input, task->input_size);
    w->write_size = task->input_size;
    w->input =
        event_new(base, w->child.input, EV_WRITE | EV_PERSIST, on_input, w);
    event_add(w->input, NULL);
}

void
worker_limit(struct worker_task *task, const struct config *c)
{
    task->nice = (int)config_number(c, CONFIG_JOBS_NICE);
    task->io_idle = config_flag(c, CONFIG_JOBS_IO_IDLE);
    task->memory_bytes = config_size(c, CONFIG_JOBS_MEMORY_LIMIT);
    task->time_limit_ms = config_duration_ms(c, CONFIG_JOBS_TIME_LIMIT);
}

struct worker *
worker_start(struct event_base *base, const struct worker_task *task,
             worker_done *done, void *context, struct error *e)
{
    struct worker *w = memory_new(sizeof *w);

    w->done = done;
    w->context = context;
    w->memory_bytes = task->memory_bytes;
    w->time_limit_ms = task->time_limit_ms;
    w->began_ms = clock_steady_ms();
    /* One that does not read its input is not our end. */
    signal(SIGPIPE, SIG_IGN);
    /* Heard before there is a child that could end. */
    w->child = (struct worker_child){.input = -1, .report = -1, .errors = -1};
    w->ended = evsignal_new(base, SIGCHLD, on_ended, w);
    w->limit = evtimer_new(base, on_limit, w);
    event_add(w->ended, NULL);
    if (worker_child_start(&w->child, task, e) != 0) {
        discard(w);
        return NULL;
    }
    w->report =
        event_new(base, w->child.report, EV_READ | EV_PERSIST, on_report, w);
    w->errors =
        event_new(base, w->child.errors, EV_READ | EV_PERSIST, on_errors, w);
    event_add(w->report, NULL);
    event_add(w->errors, NULL);
    begin_input(w, base, task);
    if (task->time_limit_ms != 0)
        timer_set(w->limit, task->time_limit_ms);
    return w;
}

pid_t
worker_pid(const struct worker *w)
{
    return w->child.pid;
}

void
worker_cancel(struct worker *w)
{
    if (w->cancelled || w->timed_out)
        return;
    w->cancelled = true;
    kill_group(w, SIGTERM);
    timer_set(w->limit, WORKER_GRACE_MS);
}

void
worker_free(struct worker *w)
{
    const struct timespec pause = {.tv_nsec = FREE_LOOK_MS * 1000000};

    if (w == NULL)
        return;
    kill_group(w, SIGKILL);
    for (int i = 0; i < FREE_LOOKS; i++) {
        if (waitpid(w->child.pid, NULL, WNOHANG) != 0)
            break;
        nanosleep(&pause, NULL);
    }
    discard(w);
}
