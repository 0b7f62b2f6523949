#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/text.h"
#include "jobs/restore_work.h"
#include "jobs/trial_size.h"
#include "jobs/unpack.h"

static bool
begins(const char *text, const char *prefix)
{
    return strncmp(text, prefix, strlen(prefix)) == 0;
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
    const char *unused;
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
        w->empty_keys = dump->rdb.empty_keys;
        if (w->layout == RESTORE_AOF && dump->rdb.end_offset != 0 &&
            dump->rdb.end_offset != dump->size_bytes)
            rc = error_set(
                e, ERROR_REFUSED,
                "%llu bytes follow the checksum of %s: an AOF base"
                " may not have them; use --layout rdb",
                (unsigned long long)(dump->size_bytes - dump->rdb.end_offset),
                w->entry->dbfilename);
    }
    w->memory_bytes = trial_size(&u.judge, &unused);
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

int
restore_build(struct restore_work *w, struct stage *s, struct error *e)
{
    if (fill_stage(w, s, e) != 0 || lay_out(w, s, e) != 0)
        return -1;
    return stage_sync(s, e);
}
