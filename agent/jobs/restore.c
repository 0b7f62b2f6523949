#include "jobs/restore.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/process.h"
#include "base/text.h"
#include "jobs/in_use.h"
#include "jobs/restore_work.h"
#include "jobs/stage.h"
#include "jobs/unpack.h"

static bool
begins(const char *text, const char *prefix)
{
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

/* Told by stage_open. */
static void
rescued(void *context, const char *kept_name)
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

static int
open_stage(struct restore_work *w, struct stage *s, bool *made, struct error *e)
{
    char *job = text_format("restore-%s", w->entry->id);
    int rc = open_target(w, made, e);

    if (rc == 0)
        rc = stage_open(s, w->dir, job, rescued, w->r, e);
    free(job);
    return rc == 0 ? 0 : error_in(e, "%s", w->options->target);
}

/* The text of the first finding about the archive. */
static const char *
first_fault(const struct report *report)
{
    for (size_t n = 0; n < report->count; n++)
        if (begins(report->findings[n].code, "snapshot-"))
            return report->findings[n].text;
    return "damaged";
}

static int
fill_stage(struct restore_work *w, struct stage *s, struct error *e)
{
    const struct unpack_options options = {
        .entry = w->entry,
        .to_dir = s->dir,
        .uid = geteuid() == 0 ? w->uid : geteuid(),
        .gid = geteuid() == 0 ? w->gid : getegid(),
        .dir_mode = w->dir_mode,
        .progress = w->options->progress,
    };
    struct unpack u;
    bool ok;
    int rc = unpack(&u, &w->storage, &options, &w->r->report, &ok, e);

    if (rc == 0 && !ok)
        rc = error_set(e, ERROR_DAMAGED,
                       "snapshot %s is not what was stored (%s): nothing was"
                       " changed; 'redkeep list' shows other ones",
                       w->entry->id, first_fault(&w->r->report));
    if (rc == 0 && w->entry->dataset == DATASET_RDB) {
        const struct judge_file *dump = &u.judge.files[0];

        w->r->keys = (int64_t)u.keys;
        if (w->layout == RESTORE_AOF && dump->rdb.end_offset != 0 &&
            dump->rdb.end_offset != dump->size_bytes)
            rc = error_set(
                e, ERROR_REFUSED,
                "%llu bytes follow the checksum of %s: an AOF base"
                " may not have them; use --layout rdb",
                (unsigned long long)(dump->size_bytes - dump->rdb.end_offset),
                w->entry->dbfilename);
    }
    unpack_clear(&u);
    return rc;
}

/* A dump as the base of a new set, with a manifest of one line. */
static int
make_base(struct restore_work *w, int aof_dir, struct stage *s, struct error *e)
{
    const struct catalog_entry *entry = w->entry;
    struct aof_manifest m = {0};
    char *base = text_format("%s.1.base.rdb", entry->appendfilename);
    char *name = text_format("%s.manifest", entry->appendfilename), *text;
    size_t size;
    int fd = -1, rc = -1;

    aof_manifest_add(&m, &(struct aof_part){.name = base,
                                            .seq = 1,
                                            .type = AOF_BASE,
                                            .start_offset = -1,
                                            .end_offset = -1});
    text = aof_manifest_write(&m, &size);
    aof_manifest_clear(&m);
    if (file_move(s->dir, entry->files[0].path, aof_dir, base, e) != 0)
        goto out;
    fd = file_create(aof_dir, name, entry->files[0].mode & 0777, e);
    if (fd < 0 || file_write(fd, text, size, e) != 0 || file_sync(fd, e) != 0)
        goto out;
    rc = geteuid() == 0 ? file_give(fd, w->uid, w->gid, e) : 0;

out:
    if (fd >= 0)
        close(fd);
    free(text);
    free(base);
    free(name);
    return rc;
}

static int
lay_out(struct restore_work *w, struct stage *s, struct error *e)
{
    const struct catalog_entry *entry = w->entry;
    int aof_dir, rc;

    if (entry->dataset != DATASET_RDB || w->layout != RESTORE_AOF)
        return 0;
    /* Before 7.0 an AOF is one file, which may be an RDB. */
    if (w->release_known && !release_has_manifest(&w->release))
        return file_move(s->dir, entry->files[0].path, s->dir,
                         entry->appendfilename, e);
    if (file_make_directory(s->dir, entry->appenddirname, w->dir_mode, NULL,
                            e) != 0)
        return -1;
    aof_dir = file_open_inner(s->dir, entry->appenddirname, e);
    if (aof_dir < 0)
        return -1;
    rc = file_set_mode(aof_dir, w->dir_mode, e);
    if (rc == 0 && geteuid() == 0)
        rc = file_give(aof_dir, w->uid, w->gid, e);
    if (rc == 0)
        rc = make_base(w, aof_dir, s, e);
    close(aof_dir);
    return rc;
}

static int
put_in(struct restore_work *w, struct stage *s, struct error *e)
{
    struct place_outcome outcome;
    int rc;

    /* A server may have been started while we were building. */
    if (in_use_check(&w->server, w->dir, NULL, w->r->target,
                     w->options->server_stopped, e) != 0 ||
        process_check_stop(e) != 0)
        return -1;
    rc = stage_put_in(s, &w->names, w->r->target, &outcome, e);
    if (outcome.kept)
        w->r->kept = text_format("%s/%s", w->r->target, s->kept_name);
    return rc;
}

static int
execute(struct restore_work *w, struct error *e)
{
    struct stage s = STAGE_NONE;
    struct error none = {0};
    bool made = false;
    int rc = -1;

    if (open_stage(w, &s, &made, e) == 0 && fill_stage(w, &s, e) == 0 &&
        lay_out(w, &s, e) == 0 && stage_sync(&s, e) == 0)
        rc = put_in(w, &s, e);
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
    w.server.dir = -1;
    w.storage.instance_dir = w.storage.snapshots_dir = -1;
    if (storage_open(&w.storage, options->repo, options->name, e) != 0 ||
        storage_lock_readers(&w.storage, &w.lock, e) != 0)
        goto out;
    retention_mark_load(&w.accepted, w.storage.instance_dir);
    if (catalog_load(&w.catalog, w.storage.snapshots_dir, e) != 0 ||
        restore_plan_choose(&w, e) != 0 ||
        instance_connect(&w.server, &options->instance, e) != 0 ||
        restore_plan_target(&w, e) != 0)
        goto out;
    rc = options->dry_run ? 0 : execute(&w, e);
    r->took_ms = clock_steady_ms() - begin;

out:
    if (w.dir >= 0)
        close(w.dir);
    instance_close(&w.server);
    catalog_clear(&w.catalog);
    lock_release(&w.lock);
    storage_close(&w.storage);
    return rc;
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
    report_clear(&r->report);
    memset(r, 0, sizeof *r);
}
