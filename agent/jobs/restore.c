#include "jobs/restore.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/text.h"
#include "jobs/restore_work.h"

void
restore_tell_rescued(void *context, const char *kept_name)
{
    struct restore *r = context;

    restore_plan_step(r, true,
                      "an earlier restore was cut off; what it had not put in"
                      " is in %s/%s",
                      r->target, kept_name);
}

static int
open_target(struct restore_work *w, bool *made, struct error *e)
{
    if (w->dir >= 0)
        return 0;
    if (file_make_directory(AT_FDCWD, w->options->target, w->dir_mode, made,
                            e) != 0)
        return -1;
    w->dir = file_open_directory(AT_FDCWD, w->options->target, e);
    if (w->dir < 0 || file_set_mode(w->dir, w->dir_mode, e) != 0)
        return -1;
    return geteuid() == 0 ? file_give(w->dir, w->uid, w->gid, e) : 0;
}

/* What --resume of a restore that is cut off has to know. */
static struct journal
begun(const struct restore_work *w)
{
    return (struct journal){
        .job = "restore",
        .id = w->r->id,
        .repo = (char *)w->options->repo,
        .instance = (char *)w->options->name,
        .layout = (char *)restore_layout_name(w->layout),
        .name_count = 1,
        .names = {{.dbfilename = (char *)w->files.dbfilename,
                   .appendfilename = (char *)w->files.appendfilename,
                   .appenddirname = (char *)w->files.appenddirname}},
        .service = (char *)w->exchange.options.service,
        .stop_command = (char *)w->exchange.options.stop_command,
        .start_command = (char *)w->exchange.options.start_command,
    };
}

static int
open_stage(struct restore_work *w, struct stage *s, bool *made, struct error *e)
{
    const struct journal journal = begun(w);
    char *name = text_format("restore-%s", w->entry->id);
    struct stage_options options = {
        .path = w->options->target,
        .name = name,
        .anew = w->options->anew,
        .rescued = restore_tell_rescued,
        .context = w->r,
    };
    int rc = open_target(w, made, e);

    options.target = w->dir;
    if (rc == 0)
        rc = stage_open(s, &options, &journal, e);
    free(name);
    return rc;
}

static int
execute(struct restore_work *w, struct error *e)
{
    struct stage s = STAGE_NONE;
    struct error none = {0};
    bool made = false;
    int rc = -1;

    if (open_stage(w, &s, &made, e) == 0 && restore_build(w, &s, e) == 0 &&
        (!w->options->boot_check || restore_boot_check(w, &s, e) == 0))
        rc = restore_put(w, &s, e);
    stage_close(&s);
    /* Only when it is empty: a server may have begun to use it. */
    if (made && rc != 0)
        file_remove_empty(AT_FDCWD, w->options->target, &none);
    return rc;
}

int
restore_run(struct restore *r, const struct restore_options *options,
            struct error *e)
{
    struct restore_work w = {
        .options = options, .r = r, .lock = LOCK_NONE, .dir = -1};
    uint64_t begin = clock_steady_ms();
    int rc = -1;

    memset(r, 0, sizeof *r);
    r->plan.functions = -1;
    r->plan.expired = -1;
    w.server.dir = -1;
    w.storage.instance_dir = w.storage.snapshots_dir = -1;
    if (storage_open(&w.storage, options->repo, options->name, e) != 0 ||
        storage_lock_readers(&w.storage, &w.lock, e) != 0)
        goto out;
    retention_mark_load(&w.accepted, w.storage.instance_dir);
    if (catalog_load(&w.catalog, w.storage.snapshots_dir, e) != 0 ||
        restore_plan_choose(&w, e) != 0 ||
        instance_connect(&w.server, &options->instance, e) != 0 ||
        restore_plan_target(&w, e) != 0 ||
        restore_exchange_begin(&w.exchange, options, NULL, w.dir, r->target,
                               e) != 0)
        goto out;
    restore_exchange_tell(&w.exchange, r);
    if (options->planned != NULL && !options->dry_run)
        options->planned(options->planned_context, r);
    rc = options->dry_run ? restore_build(&w, NULL, e) : execute(&w, e);
    r->took_ms = clock_steady_ms() - begin;

out:
    if (w.dir >= 0)
        close(w.dir);
    restore_exchange_end(&w.exchange);
    r->plan.server = w.target;
    instance_close(&w.server);
    catalog_clear(&w.catalog);
    lock_release(&w.lock);
    storage_close(&w.storage);
    return rc;
}

/* As it had been asked for. */
static void
ask_again(struct restore_options *again, const struct journal *j)
{
    again->anew = true;
    if (!restore_exchange_asked(again)) {
        again->service = j->service;
        again->stop_command = j->stop_command;
        again->start_command = j->start_command;
    }
    again->id = j->id;
    if (j->repo != NULL)
        again->repo = j->repo;
    if (j->instance != NULL)
        again->name = j->instance;
    for (int i = RESTORE_AUTO; i <= RESTORE_RDB && j->layout != NULL; i++)
        if (strcmp(j->layout, restore_layout_name((enum restore_layout)i)) == 0)
            again->layout = (enum restore_layout)i;
    if (j->name_count > 0) {
        again->instance.dbfilename = j->names[0].dbfilename;
        again->instance.appendfilename = j->names[0].appendfilename;
        again->instance.appenddirname = j->names[0].appenddirname;
    }
}

int
restore_begin_anew(struct restore *r, const struct restore_options *options,
                   const struct journal *j, struct error *e)
{
    struct restore_options again = *options;

    if (strcmp(j->job, "restore") != 0)
        return error_set(e, ERROR_REFUSED,
                         "%s: a %s was cut off before it changed anything:"
                         " clear up behind it with --undo, and begin it again",
                         options->target, j->job);
    ask_again(&again, j);
    restore_clear(r);
    return restore_run(r, &again, e);
}

const char *
restore_layout_name(enum restore_layout layout)
{
    static const char *const names[] = {
        [RESTORE_AUTO] = "auto",
        [RESTORE_AOF] = "aof",
        [RESTORE_RDB] = "rdb",
    };

    return names[layout];
}

void
restore_clear(struct restore *r)
{
    for (size_t n = 0; n < r->step_count; n++)
        free(r->steps[n].text);
    free(r->steps);
    free(r->target);
    free(r->kept);
    free(r->judged_for);
    restore_plan_clear(&r->plan);
    report_clear(&r->report);
    memset(r, 0, sizeof *r);
}
