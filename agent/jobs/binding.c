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

/* Whether the process of that number here is the server that answers: pid
 * numbers of other namespaces and machines mean nothing. */
static bool
is_the_server(const struct process_view *view, const struct info *info)
{
    int64_t started = clock_wall_ms() - info->uptime_seconds * 1000;

    return info->uptime_seconds >= 0 && view->started_ms != 0 &&
           view->cwd_inode != 0 &&
           llabs(view->started_ms - started) <= START_SLACK_MS;
}

static int
prove_by_process(const struct instance *i, enum catalog_bound *bound,
                 struct error *e)
{
    struct process_view view;
    struct file_identity id;
    struct error none = {0};

    if (i->info.process_id <= 0 ||
        process_look((pid_t)i->info.process_id, &view, &none) != 0 ||
        !is_the_server(&view, &i->info))
        return 0;
    if (file_identify(i->dir, &id, e) != 0)
        return -1;
    if (view.cwd_device != id.device || view.cwd_inode != id.inode)
        return error_set(e, ERROR_REFUSED,
                         "%s is not the data directory of the server at %s"
                         " (process %d works elsewhere%s%s): name the right"
                         " server with --redis, or the right directory with"
                         " --data-dir",
                         i->data_dir, i->url, (int)view.pid,
                         i->settings.dir != NULL ? ", in " : "",
                         i->settings.dir != NULL ? i->settings.dir : "");
    *bound = CATALOG_BOUND;
    return 0;
}

/*
 * aof_current_size is what was written to base and incrs together: it can only
 * grow, so the sizes seen in between must lie in between. An AOF without any
 * incr bytes proves nothing: all fresh servers have the same.
 */
static bool
sizes_agree(const struct dataset *d, const struct info *before,
            const struct info *now)
{
    int64_t sum = 0, base = 0, incr = 0;

    for (size_t n = 0; n < d->count; n++) {
        int64_t size = (int64_t)d->files[n].id.size_bytes;
        if (d->files[n].role == DATASET_ROLE_BASE)
            base += size;
        else if (d->files[n].role == DATASET_ROLE_INCR)
            incr += size;
        else if (d->files[n].role == DATASET_ROLE_SINGLE)
            incr = sum = size;
    }
    if (d->kind == DATASET_AOF)
        sum = base + incr;
    if (incr == 0 || before->aof_current_size < 0)
        return false;
    if (d->kind == DATASET_AOF && base != now->aof_base_size)
        return false;
    return before->aof_current_size <= sum && sum <= now->aof_current_size;
}

static bool
save_agrees(const struct dataset *d, const struct info *now)
{
    int64_t written = d->files[0].id.mtime_ns / 1000000000;
    int64_t took = now->last_bgsave_seconds > 0 ? now->last_bgsave_seconds : 0;

    /* The start of a server counts as its last save, so only a save of its own
     * proves anything. */
    if (now->last_save_time <= 0 || now->last_bgsave_seconds < 0)
        return false;
    return written <= now->last_save_time &&
           now->last_save_time - written <= took + SAVE_SLACK_SECONDS;
}

int
binding_prove(struct instance *i, const struct dataset *d,
              const struct info *before, enum catalog_bound *bound,
              struct error *e)
{
    struct info now;

    *bound = CATALOG_UNBOUND;
    if (prove_by_process(i, bound, e) != 0)
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
