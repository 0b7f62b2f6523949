#include "jobs/exchange.h"

#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/process.h"
#include "jobs/exchange_load.h"
#include "jobs/shell.h"

enum { GONE_LOOK_MS = 5, START_LIMIT_MS = 120000 };

/* One of the operator's commands. */
static int
command(const char *which, const char *text, unsigned limit_ms, bool finish,
        struct error *e)
{
    const struct shell_task task = {.command = text,
                                    .timeout_ms = limit_ms,
                                    .watched = -1,
                                    .leave = true,
                                    .finish = finish};
    struct shell_outcome o;
    const char *said;

    if (shell_run(&task, &o, e) != 0)
        return -1;
    said = o.errors[0] != '\0' ? o.errors : o.output;
    if (o.timed_out)
        return error_set(e, ERROR_FAILED,
                         "the %s command did not end within %u s%s%s", which,
                         limit_ms / 1000, said[0] != '\0' ? ": " : "", said);
    if (o.exit_status != 0)
        return error_set(e, ERROR_FAILED, "the %s command failed (%s %d)%s%s",
                         which, o.signal != 0 ? "signal" : "status",
                         o.signal != 0 ? o.signal : o.exit_status,
                         said[0] != '\0' ? ": " : "", said);
    return 0;
}

/* Whether a process works in the target. */
static bool
works_there(const struct exchange *x, int64_t pid, struct process_view *view)
{
    struct file_identity id;
    struct error none = {0};

    return pid > 0 && process_look((pid_t)pid, view, &none) == 0 &&
           file_identify(x->options->target, &id, &none) == 0 &&
           view->cwd_device == id.device && view->cwd_inode == id.inode;
}

/* The process of the unit is the one that uses the target. */
static int
check_unit_process(struct exchange *x, const struct process_view *user,
                   struct process_view *view, struct error *e)
{
    const char *path = x->options->path, *unit = x->unit.name;

    if (x->unit.main_pid != 0 && works_there(x, x->unit.main_pid, view))
        return 0;
    if (user->pid != 0)
        return error_set(e, ERROR_REFUSED,
                         "%s is used by process %d (%s), which is not the main"
                         " process of %s: 'systemctl status %d' tells whose it"
                         " is; name that with --service, or give"
                         " --stop-command and --start-command",
                         path, (int)user->pid, user->command, unit,
                         (int)user->pid);
    if (x->unit.main_pid != 0)
        return error_set(e, ERROR_REFUSED,
                         "the main process of %s, %lld, does not use %s: name"
                         " the unit of the server that does, or give"
                         " --stop-command and --start-command",
                         unit, (long long)x->unit.main_pid, path);
    return 0;
}

/* Nothing can be counted afterwards where the wrong server answers. */
static int
check_answer(struct exchange *x, const struct instance *i,
             const struct process_view *view, struct error *e)
{
    if (i->link == NULL && view->pid == 0)
        return 0;
    if (i->link == NULL)
        return error_set(e, ERROR_REFUSED,
                         "the server (process %d) must be asked what it has"
                         " loaded afterwards: server %s; name it with --redis"
                         " URL",
                         (int)view->pid, i->why.text);
    if (view->pid != 0 && (i->info.process_id == view->inner_pid ||
                           i->info.process_id == view->pid))
        return 0;
    if (view->pid != 0)
        return error_set(e, ERROR_REFUSED,
                         "%s is used by process %d, but the server at %s is"
                         " process %lld: name the right one with --redis URL",
                         x->options->path, (int)view->pid, i->url,
                         (long long)i->info.process_id);
    return 1;
}

/* One whose process we cannot see says itself where its data is. */
static int
check_directory(const struct exchange *x, const struct instance *i,
                struct error *e)
{
    struct file_identity ours, theirs;
    struct error none = {0};
    const char *path = i->settings_known ? i->settings.dir : NULL;
    int dir = path == NULL ? -1 : file_open_directory(AT_FDCWD, path, &none);
    bool same = dir >= 0 &&
                file_identify(x->options->target, &ours, &none) == 0 &&
                file_identify(dir, &theirs, &none) == 0 &&
                file_same(&ours, &theirs);

    if (dir >= 0)
        close(dir);
    if (same)
        return 0;
    return error_set(e, ERROR_REFUSED,
                     "the server at %s does not use %s: name the one that does"
                     " with --redis URL",
                     i->url, x->options->path);
}

/* Another one would still be there when this one is stopped. */
static int
check_alone(const struct exchange *x, pid_t pid, struct error *e)
{
    struct process_users users;
    int rc = process_find_users(x->options->target, &users, e);

    for (size_t i = 0; rc == 0 && pid != 0 && i < users.count; i++)
        if (users.all[i].pid != pid && users.all[i].parent != pid)
            rc = error_set(e, ERROR_REFUSED,
                           "process %d (%s) uses %s as well as process %d:"
                           " end it first",
                           (int)users.all[i].pid, users.all[i].command,
                           x->options->path, (int)pid);
    process_clear_users(&users);
    return rc;
}

static int
check_server(struct exchange *x, struct instance *i, struct error *e)
{
    struct process_view user, view = {0};
    int rc;

    if (exchange_find_user(x, &user, e) != 0)
        return -1;
    if (x->options->service != NULL) {
        if (check_unit_process(x, &user, &view, e) != 0)
            return -1;
    } else {
        view = user;
    }
    rc = check_answer(x, i, &view, e);
    if (rc == 1 && x->options->service != NULL)
        return error_set(e, ERROR_REFUSED,
                         "%s does not run, but a server answers at %s: name"
                         " that of %s with --redis URL",
                         x->unit.name, i->url, x->unit.name);
    if (rc == 1)
        rc = check_directory(x, i, e);
    if (rc == 0)
        rc = check_alone(x, view.pid, e);
    x->answered = i->link != NULL;
    if (rc == 0 && x->answered)
        exchange_load_find_log(x, i->link);
    return rc;
}

int
exchange_check(struct exchange *x, const struct exchange_options *options,
               struct error *e)
{
    struct instance i;
    int rc;

    *x = (struct exchange){.options = options};
    if (options->service != NULL &&
        exchange_unit_find(&x->unit, options->service, options->again, e) != 0)
        return -1;
    if (instance_connect(&i, options->instance, e) != 0)
        return -1;
    rc = check_server(x, &i, e);
    instance_close(&i);
    return rc;
}

int
exchange_find_user(const struct exchange *x, struct process_view *user,
                   struct error *e)
{
    struct process_users users;
    struct process_view parent;
    struct error none = {0};
    int rc = process_find_users(x->options->target, &users, e);

    *user = users.count > 0 ? users.all[0] : (struct process_view){0};
    process_clear_users(&users);
    if (rc != 0)
        return error_in(e, "look for processes that use %s", x->options->path);
    if (user->pid != 0 && process_look(user->parent, &parent, &none) == 0 &&
        strcmp(parent.command, user->command) == 0)
        *user = parent;
    return 0;
}

/* Where we do not see its process: whether it answers. */
static bool
is_there(const struct exchange *x)
{
    struct process_view view;
    struct error none = {0};
    struct link *link;

    if (x->process_id != 0 || !x->answered)
        return works_there(x, x->process_id, &view);
    link = link_open(&x->options->instance->link, &none);
    link_close(link);
    return link != NULL;
}

/* Also that nothing has taken its place: its supervisor may have. */
static int
await_gone(const struct exchange *x, struct error *e)
{
    uint64_t begin = clock_steady_ms();
    struct process_view user;

    while (is_there(x)) {
        if (process_check_stop(e) != 0)
            return -1;
        if (clock_steady_ms() - begin >= x->options->stop_limit_ms)
            return error_set(e, ERROR_FAILED,
                             "the server still runs %u s after it was told to"
                             " stop",
                             x->options->stop_limit_ms / 1000);
        poll(NULL, 0, GONE_LOOK_MS);
    }
    if (exchange_find_user(x, &user, e) != 0)
        return -1;
    if (user.pid == 0)
        return 0;
    return error_set(e, ERROR_FAILED,
                     "process %d (%s) uses %s: what stops the server must keep"
                     " it from being started again",
                     (int)user.pid, user.command, x->options->path);
}

static int
stop(struct exchange *x, struct error *e)
{
    const struct exchange_options *o = x->options;
    struct process_view user;

    if (process_check_stop(e) != 0 || exchange_find_user(x, &user, e) != 0)
        return -1;
    x->process_id = user.pid;
    if (x->stopped_ms == 0)
        x->stopped_ms = clock_steady_ms();
    x->stopped = true;
    x->masked = o->service != NULL;
    if (o->service != NULL
            ? exchange_unit_stop(&x->unit, o->stop_limit_ms, e) != 0
            : command("stop", o->stop_command, o->stop_limit_ms, false, e) != 0)
        return -1;
    return await_gone(x, e);
}

int
exchange_stop(struct exchange *x, struct error *e)
{
    if (stop(x, e) == 0)
        return 0;
    return x->stopped ? exchange_give_up(x, e) : -1;
}

static int
unmask(struct exchange *x, struct error *e)
{
    if (x->masked && exchange_unit_release(&x->unit, e) != 0)
        return -1;
    x->masked = false;
    return 0;
}

/* A supervisor that has started it by itself may refuse to do so again. */
static int
start(struct exchange *x, struct error *e)
{
    const struct exchange_options *o = x->options;
    struct process_view user;
    struct error none = {0};
    int rc;

    if (unmask(x, e) != 0)
        return -1;
    rc = o->service != NULL
             ? exchange_unit_start(&x->unit, e)
             : command("start", o->start_command, START_LIMIT_MS, true, e);
    if (rc != 0 && (o->service != NULL ||
                    exchange_find_user(x, &user, &none) != 0 || user.pid == 0))
        return -1;
    x->stopped = false;
    return 0;
}

/* If it was not there to be asked before, another one may have answered. */
static int
check_loaded(const struct exchange *x, struct error *e)
{
    struct process_view user;

    if (exchange_find_user(x, &user, e) != 0)
        return -1;
    if (user.pid == 0 || x->info.process_id == user.inner_pid ||
        x->info.process_id == user.pid)
        return 0;
    return error_set(e, ERROR_FAILED,
                     "the server that answers is process %lld, and not the one"
                     " that was started, %d: name that with --redis URL",
                     (long long)x->info.process_id, (int)user.pid);
}

int
exchange_start(struct exchange *x, int64_t *keys, struct error *e)
{
    *keys = -1;
    exchange_load_mark(x);
    if (start(x, e) != 0 || exchange_load_wait(x, e) != 0 ||
        check_loaded(x, e) != 0)
        return -1;
    *keys = x->info.keys;
    return 0;
}

static bool
runs(struct exchange *x)
{
    struct process_view user;
    struct error none = {0};

    if (x->options->service != NULL)
        return exchange_unit_look(&x->unit, &none) == 0 &&
               x->unit.main_pid != 0;
    return exchange_find_user(x, &user, &none) == 0 && user.pid != 0;
}

int
exchange_give_up(struct exchange *x, struct error *e)
{
    struct error why = {0}, before = *e;
    bool running = runs(x);

    if (unmask(x, &why) == 0 && (running || start(x, &why) == 0)) {
        x->stopped = false;
        return error_set(e, before.kind, "%.300s; the server %s", before.text,
                         running ? "runs" : "was started again");
    }
    if (x->options->service != NULL)
        return error_set(e, before.kind,
                         "%.160s; THE SERVER IS DOWN and could not be started"
                         " (%.120s): type 'systemctl unmask --runtime %s', then"
                         " 'systemctl start %s'",
                         before.text, why.text, x->unit.name, x->unit.name);
    return error_set(e, before.kind,
                     "%.200s; THE SERVER IS DOWN and could not be started"
                     " (%.150s): see to the start command",
                     before.text, why.text);
}

void
exchange_clear(struct exchange *x)
{
    free(x->log);
    *x = (struct exchange){0};
}
