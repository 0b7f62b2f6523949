#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "jobs/restore_work.h"
#include "jobs/trial_size.h"
#include "jobs/unpack.h"

enum { USUAL_DATABASES = 16 };

/* Its own manifest is only read where another one takes its place. */
static char *
path_of(void *context, const struct catalog_file *f)
{
    const struct layout *l = context;

    if (f->role == DATASET_ROLE_MANIFEST && layout_makes_manifest(l))
        return NULL;
    return layout_path(l, f);
}

static mode_t
manifest_mode(const struct catalog_entry *entry)
{
    for (size_t n = 0; n < entry->file_count; n++)
        if (entry->files[n].role == DATASET_ROLE_MANIFEST)
            return entry->files[n].mode & 0777;
    return entry->files[0].mode & 0777;
}

static int
write_manifest(struct restore_work *w, const struct aof_manifest *stored,
               int dir, struct error *e)
{
    char *path = layout_manifest_path(&w->files), *text;
    int aof_dir = file_open_inner(dir, w->files.appenddirname, e), fd = -1;
    size_t size;
    int rc = -1;

    text = layout_manifest(&w->files, stored, &size);
    if (aof_dir >= 0)
        fd = file_create(aof_dir, strchr(path, '/') + 1,
                         manifest_mode(w->entry), e);
    if (fd >= 0 && file_write(fd, text, size, e) == 0 &&
        (geteuid() != 0 || file_give(fd, w->uid, w->gid, e) == 0))
        rc = file_sync(fd, e);
    if (fd >= 0)
        close(fd);
    if (aof_dir >= 0)
        close(aof_dir);
    free(text);
    free(path);
    return rc;
}

static int
check_as_base(const struct restore_work *w, const struct unpack *u,
              struct error *e)
{
    const struct judge_file *dump = &u->judge.files[0];

    if (!w->files.as_base || dump->rdb.end_offset == 0 ||
        dump->rdb.end_offset == dump->size_bytes)
        return 0;
    return error_set(
        e, ERROR_REFUSED,
        "%llu bytes follow the checksum of %s: an AOF base may not have them;"
        " use --layout rdb",
        (unsigned long long)(dump->size_bytes - dump->rdb.end_offset),
        w->entry->dbfilename);
}

/* What only the data itself tells. */
static void
tell_content(struct restore_work *w, const struct unpack *u)
{
    struct restore *r = w->r;
    bool rdb = w->entry->dataset == DATASET_RDB;

    r->plan.functions = u->functions;
    r->plan.expired = (int64_t)u->expired;
    if (rdb) {
        r->keys = (int64_t)u->keys;
        w->empty_keys = u->judge.files[0].rdb.empty_keys;
    }
    if (u->functions)
        restore_plan_step(r, false, "it brings libraries of functions");
    if (u->commands > 0 && w->target.renamed != NULL)
        restore_plan_step(r, true,
                          "by %s commands have other names (%s is one): with"
                          " one that its AOF has the server does not start;"
                          " take the rename-command lines out until it has"
                          " loaded",
                          w->target.file, w->target.renamed);
    if (u->expired == 0)
        return;
    restore_plan_step(
        r, true, "the time of %llu of the %llu keys in %s is over: %s",
        (unsigned long long)u->expired, (unsigned long long)u->keys,
        rdb ? "it" : "its base",
        rdb && !w->files.as_base
            ? "a primary leaves them out when it loads it"
            : "the server removes them soon after it has loaded it");
}

static int
check_manifest(const struct restore_work *w, const struct unpack *u,
               struct error *e)
{
    const struct error *why = &u->dataset.manifest_error;

    if (!layout_makes_manifest(&w->files) || why->kind == ERROR_NONE)
        return 0;
    return error_set(e, ERROR_REFUSED,
                     "the manifest of snapshot %s cannot be read (%s), so its"
                     " files cannot be called %s...: restore it elsewhere and"
                     " repair it there",
                     w->entry->id, why->text, w->files.appendfilename);
}

/* As with an RDB that is too new: the server would not start. */
static int
check_commands(struct restore_work *w, const struct unpack *u, struct error *e)
{
    const char *foreign = "";

    for (size_t i = 0; i < u->judge.count && *foreign == '\0'; i++)
        if (u->judge.files[i].is_aof)
            foreign = u->judge.files[i].aof.foreign;
    if (*foreign == '\0')
        return 0;
    if (!w->options->yes)
        return error_set(e, ERROR_REFUSED,
                         "snapshot %s has commands that %s does not know ('%s'"
                         " is the first): it would not start; restore it for a"
                         " server as new as its own, or add --yes",
                         w->entry->id, w->r->judged_for, foreign);
    restore_plan_step(w->r, true,
                      "%s does not know '%s', which is in its AOF, and does not"
                      " start with it",
                      w->r->judged_for, foreign);
    return 0;
}

/* In an AOF the commands of the others would go to the one before. */
static int
check_databases(struct restore_work *w, const struct unpack *u, struct error *e)
{
    int64_t has = w->target.databases;

    if (has >= 0 && u->databases > (uint64_t)has && !w->options->yes)
        return error_set(e, ERROR_REFUSED,
                         "snapshot %s needs %llu databases, by %s there are"
                         " %lld: put databases %llu into its configuration, or"
                         " add --yes",
                         w->entry->id, (unsigned long long)u->databases,
                         w->target.source, (long long)has,
                         (unsigned long long)u->databases);
    if (u->databases > USUAL_DATABASES && has < (int64_t)u->databases)
        restore_plan_step(w->r, true,
                          "it needs %llu databases: the server must have as"
                          " many (databases %llu in its configuration), or it"
                          " does not load it whole",
                          (unsigned long long)u->databases,
                          (unsigned long long)u->databases);
    return 0;
}

int
restore_build(struct restore_work *w, const struct stage *s, struct error *e)
{
    int dir = s != NULL ? s->dir : -1;
    const struct unpack_options options = {
        .entry = w->entry,
        .to_dir = dir,
        .uid = geteuid() == 0 ? w->uid : geteuid(),
        .gid = geteuid() == 0 ? w->gid : getegid(),
        .dir_mode = w->dir_mode,
        .path = path_of,
        .path_context = &w->files,
        .target = w->release_known ? &w->release : NULL,
        .now_ms = clock_wall_ms(),
        .progress = w->options->progress,
    };
    const char *unused;
    struct unpack u;
    bool ok;
    int rc = unpack(&u, &w->storage, &options, &w->r->report, &ok, e);

    if (rc == 0 && !ok)
        rc = error_set(e, ERROR_DAMAGED,
                       "snapshot %s is not what was stored (%s): nothing was"
                       " changed; 'redkeep list' shows other ones",
                       w->entry->id, unpack_fault(&w->r->report));
    if (rc == 0)
        tell_content(w, &u);
    if (rc == 0 &&
        (check_as_base(w, &u, e) != 0 || check_manifest(w, &u, e) != 0 ||
         check_databases(w, &u, e) != 0 || check_commands(w, &u, e) != 0))
        rc = -1;
    if (rc == 0 && dir >= 0 && layout_makes_manifest(&w->files))
        rc = write_manifest(w, w->files.as_base ? NULL : &u.dataset.manifest,
                            dir, e);
    w->memory_bytes = trial_size(&u.judge, &unused);
    w->databases = trial_size_databases(&u.judge);
    unpack_clear(&u);
    return rc == 0 && s != NULL ? stage_sync(s, e) : rc;
}
