#include "jobs/binding.h"

#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/process.h"

enum {
    /* INFO's uptime is in whole seconds, and the process is older than the
     * server's idea of its start. */
    START_SLACK_MS = 5000,
    /* From the last byte of a dump to the end of its fsync and rename. */
    SAVE_SLACK_SECONDS = 2,
};

static bool
works_in(const struct process_view *view, const struct file_identity *dir)
{
    return view->cwd_device == dir->device && view->cwd_inode == dir->inode;
}

/* Whether it began when the server says it did. */
static bool
began_with(const struct process_view *view, const struct info *info)
{
    int64_t started = clock_wall_ms() - info->uptime_seconds * 1000;

    return info->uptime_seconds >= 0 && view->started_ms != 0 &&
           llabs(view->started_ms - started) <= START_SLACK_MS;
}

static int
contradict(const struct instance *i, const struct process_view *view,
           const char *where, struct error *e)
{
    return error_set(e, ERROR_REFUSED,
                     "%s is not the data directory of the server at %s"
                     " (process %d %s): name the right server with --redis, or"
                     " the right directory with --data-dir",
                     i->data_dir, i->url, (int)view->pid, where);
}

/* The process that INFO names: numbers of other namespaces and machines mean
 * nothing, so it must also have begun when the server did. */
static int
prove_by_number(const struct instance *i, const struct file_identity *dir,
                enum catalog_bound *bound, struct error *e)
{
    struct process_view view;
    struct error none = {0};

    if (i->info.process_id <= 0 ||
        process_look((pid_t)i->info.process_id, &view, &none) != 0 ||
        view.cwd_inode == 0 || !began_with(&view, &i->info))
        return 0;
    if (!works_in(&view, dir))
        return contradict(i, &view, "is that server and works elsewhere", e);
    *bound = CATALOG_BOUND;
    return 0;
}

/*
 * A server that works in the directory is ours or another one's, as its number
 * in its own pid namespace (a container's) says.
 */
static int
prove_by_directory(const struct instance *i, const struct file_identity *dir,
                   enum catalog_bound *bound, struct error *e)
{
    struct process_view view = {0}, parent;
    struct process_users users;
    struct error none = {0};

    if (process_find_users(i->dir, &users, &none) == 0 && users.count > 0)
        view = users.all[0];
    process_clear_users(&users);
    if (view.pid == 0 || !works_in(&view, dir))
        return 0;
    /* A child that saves has its server as parent. */
    if (process_look(view.parent, &parent, &none) == 0 &&
        works_in(&parent, dir))
        view = parent;
    if (view.inner_pid != (pid_t)i->info.process_id ||
        !began_with(&view, &i->info))
        return contradict(i, &view, "is another server, and works there", e);
    *bound = CATALOG_BOUND;
    return 0;
}

/*
 * aof_current_size is what was written to base and incrs together: it can only
 * grow, so the sizes seen in between must lie in between. Until the first
 * rewrite after a fresh start it counts the incr alone and aof_base_size is 0
 * (tried on redis 6.0 to valkey 9.1). An AOF without any incr bytes proves
 * nothing: all fresh servers have the same.
 */
static bool
sizes_agree(const struct dataset *d, const struct info *before,
            const struct info *now)
{
    int64_t sum = 0, incr = 0;

    for (size_t n = 0; n < d->count; n++) {
        int64_t size = (int64_t)d->files[n].id.size_bytes;
        if (d->files[n].role == DATASET_ROLE_BASE)
            sum += size;
        else if (d->files[n].role == DATASET_ROLE_INCR ||
                 d->files[n].role == DATASET_ROLE_SINGLE)
            incr += size;
    }
    sum += incr;
    if (incr == 0 || before->aof_current_size < 0)
        return false;
    if (now->aof_base_size == 0 && before->aof_current_size <= incr &&
        incr <= now->aof_current_size)
        return true;
    return before->aof_current_size <= sum && sum <= now->aof_current_size;
}

/* The start of a server counts as its last save, so only a later one proves. */
static bool
save_agrees(const struct dataset *d, const struct info *now)
{
    int64_t written = d->files[0].id.mtime_ns / 1000000000;
    int64_t took = now->last_bgsave_seconds > 0 ? now->last_bgsave_seconds : 0;
    int64_t started = clock_wall_ms() / 1000 - now->uptime_seconds;

    if (now->last_bgsave_seconds < 0 &&
        (now->uptime_seconds < 0 ||
         now->last_save_time <= started + SAVE_SLACK_SECONDS))
        return false;
    return written <= now->last_save_time &&
           now->last_save_time - written <= took + SAVE_SLACK_SECONDS;
}

int
binding_prove(struct instance *i, const struct dataset *d,
              const struct info *before, enum catalog_bound *bound,
              struct error *e)
{
    struct file_identity dir;
    struct info now;

    *bound = CATALOG_UNBOUND;
    if (file_identify(i->dir, &dir, e) != 0 ||
        prove_by_number(i, &dir, bound, e) != 0)
        return -1;
    if (*bound == CATALOG_UNBOUND && prove_by_directory(i, &dir, bound, e) != 0)
        return -1;
    if (*bound == CATALOG_BOUND || d->count == 0)
        return 0;
    if (info_ask(i->link, &now, e) != 0)
        return error_in(e, "%s", i->url);
    if (strcmp(now.run_id, before->run_id) != 0)
        return error_set(e, ERROR_CHANGED,
                         "the server at %s was restarted meanwhile", i->url);
    if (d->kind == DATASET_RDB ? save_agrees(d, &now)
                               : sizes_agree(d, before, &now))
        *bound = CATALOG_BOUND;
    return 0;
}
