#include "jobs/restore.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/process.h"
#include "base/text.h"
#include "jobs/in_use.h"
#include "jobs/restore_work.h"
#include "jobs/unpack.h"

/*
 * In <target>/.redkeep/: restore-<id> is being built and holds nothing but
 * ours; it becomes swap-<id> before the first exchange, and from then on it may
 * hold the old set.
 */
#define BUILD_PREFIX "restore-"
#define SWAP_PREFIX "swap-"
#define LOCK_NAME "lock"

struct stage {
    int work_dir; /* <target>/.redkeep */
    int dir;      /* work_dir/name */
    char *name;
    char *kept_name;
    struct lock lock; /* of work_dir: one restore into a target at a time */
    bool made_target;
    bool holds_old; /* dir may hold what is the user's */
};

static bool
begins(const char *text, const char *prefix)
{
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

/* "redkeep-before-20261120T113000Z", "-2" if it is taken. */
static char *
new_kept_name(int dir)
{
    time_t now = (time_t)(clock_wall_ms() / 1000);
    struct file_identity id;
    struct error none = {0};
    char stamp[32];
    struct tm tm;

    gmtime_r(&now, &tm);
    strftime(stamp, sizeof stamp, "%Y%m%dT%H%M%SZ", &tm);
    for (int n = 1;; n++) {
        char *name = n == 1
                         ? text_format("%s%s", PLACE_KEPT_PREFIX, stamp)
                         : text_format("%s%s-%d", PLACE_KEPT_PREFIX, stamp, n);
        if (file_identify_at(dir, name, &id, &none) != 0)
            return name;
        free(name);
    }
}

/*
 * What a killed restore left: a set that was being built is removed; one that
 * was being put in may hold old data and is kept like any old set.
 */
static int
clean_leftovers(struct restore_work *w, struct stage *s, struct error *e)
{
    char **names;
    size_t count;
    int rc = 0;

    if (file_names(s->work_dir, &names, &count, e) != 0)
        return -1;
    for (size_t i = 0; i < count && rc == 0; i++) {
        if (begins(names[i], BUILD_PREFIX))
            rc = file_remove_tree(s->work_dir, names[i], e);
        if (begins(names[i], SWAP_PREFIX)) {
            char *kept = new_kept_name(w->dir);
            rc = file_move(s->work_dir, names[i], w->dir, kept, e);
            restore_plan_step(w->r, true,
                              "an earlier restore was cut off; what it"
                              " had not put in is in %s/%s",
                              w->r->target, kept);
            free(kept);
        }
    }
    file_free_names(names, count);
    return rc;
}

static int
open_target(struct restore_work *w, struct stage *s, struct error *e)
{
    if (w->dir >= 0)
        return 0;
    if (file_make_directory(AT_FDCWD, w->options->target, w->dir_mode,
                            &s->made_target, e) != 0)
        return -1;
    w->dir = file_open_directory(AT_FDCWD, w->options->target, e);
    if (w->dir < 0 || file_set_mode(w->dir, w->dir_mode, e) != 0)
        return -1;
    return geteuid() == 0 ? file_give(w->dir, w->uid, w->gid, e) : 0;
}

static int
open_stage(struct restore_work *w, struct stage *s, struct error *e)
{
    if (open_target(w, s, e) != 0 ||
        file_make_directory(w->dir, PLACE_WORK, 0700, NULL, e) != 0)
        return error_in(e, "%s", w->options->target);
    s->work_dir = file_open_inner(w->dir, PLACE_WORK, e);
    if (s->work_dir < 0 ||
        lock_take(&s->lock, s->work_dir, LOCK_NAME, e) != 0 ||
        clean_leftovers(w, s, e) != 0)
        return error_in(e, "%s", w->options->target);
    s->name = text_format("%s%s", BUILD_PREFIX, w->entry->id);
    if (file_make_directory(s->work_dir, s->name, 0700, NULL, e) != 0)
        return -1;
    s->dir = file_open_inner(s->work_dir, s->name, e);
    s->kept_name = new_kept_name(w->dir);
    return s->dir < 0 ? -1 : 0;
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

/* Every folder of the new set on disk before any of it is put in. */
static int
sync_stage(const struct stage *s, struct error *e)
{
    char **names;
    size_t count;
    int rc = file_names(s->dir, &names, &count, e);

    if (rc != 0)
        return -1;
    for (size_t i = 0; i < count && rc == 0; i++) {
        struct error none = {0};
        int sub = file_open_directory(s->dir, names[i], &none);

        if (sub < 0)
            continue;
        rc = file_sync_directory(sub, e);
        close(sub);
    }
    file_free_names(names, count);
    return rc == 0 ? file_sync_directory(s->dir, e) : -1;
}

/* Says of a swap that failed where the old set is: first, as texts are cut. */
static int
tell_old_set(const struct restore_work *w, const struct stage *s,
             const struct place_outcome *outcome, struct error *e)
{
    if (outcome->undone)
        return error_in(e, "%s is as it was before; put the new set in",
                        w->r->target);
    return error_in(e,
                    "what was in %s is partly in %s/%s/%s%s%s, and could not"
                    " be put back; put the new set in",
                    w->r->target, w->r->target, PLACE_WORK, s->name,
                    outcome->kept ? " and " : "",
                    outcome->kept ? w->r->kept : "");
}

static int
put_in(struct restore_work *w, struct stage *s, struct error *e)
{
    char *swap = text_format("%s%s", SWAP_PREFIX, w->entry->id);
    struct place_outcome outcome;
    int rc;

    /* A server may have been started while we were building. */
    rc = in_use_check(&w->server, w->dir, w->r->target,
                      w->options->server_stopped, e);
    if (rc == 0)
        rc = process_check_stop(e);
    if (rc == 0 && file_move(s->work_dir, s->name, s->work_dir, swap, e) != 0) {
        struct error none = {0};

        /* It may have its new name all the same, when the sync failed. */
        file_remove_tree(s->work_dir, swap, &none);
        rc = error_in(e, "%s", w->r->target);
    }
    if (rc != 0) {
        free(swap);
        return -1;
    }
    free(s->name);
    s->name = swap;
    rc = place_swap(w->dir, s->dir, &w->names, s->kept_name, &outcome, e);
    s->holds_old = rc != 0 && !outcome.undone;
    if (outcome.kept)
        w->r->kept = text_format("%s/%s", w->r->target, s->kept_name);
    return rc == 0 ? 0 : tell_old_set(w, s, &outcome, e);
}

/* Takes away what is ours; a swap folder that may hold old data stays. */
static void
close_stage(struct restore_work *w, struct stage *s, bool done)
{
    struct error none = {0};

    if (s->dir >= 0)
        close(s->dir);
    if (s->work_dir >= 0 && s->lock.fd >= 0) {
        if (s->name != NULL && !s->holds_old)
            file_remove_tree(s->work_dir, s->name, &none);
        file_remove(s->work_dir, LOCK_NAME, &none);
        lock_release(&s->lock);
        file_remove_empty(w->dir, PLACE_WORK, &none);
    }
    if (s->work_dir >= 0)
        close(s->work_dir);
    /* Only when it is empty: a server may have begun to use it. */
    if (s->made_target && !done)
        file_remove_empty(AT_FDCWD, w->options->target, &none);
    free(s->name);
    free(s->kept_name);
}

static int
execute(struct restore_work *w, struct error *e)
{
    struct stage s = {.work_dir = -1, .dir = -1, .lock = LOCK_NONE};
    int rc = -1;

    if (open_stage(w, &s, e) == 0 && fill_stage(w, &s, e) == 0 &&
        lay_out(w, &s, e) == 0 && sync_stage(&s, e) == 0)
        rc = put_in(w, &s, e);
    close_stage(w, &s, rc == 0);
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
        storage_lock_readers(&w.storage, &w.lock, e) != 0 ||
        catalog_load(&w.catalog, w.storage.snapshots_dir, e) != 0 ||
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
