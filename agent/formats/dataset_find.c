/*
 * What is there is surveyed first; then the kind is chosen by the server's own
 * rules (redis/src/aof.c, aofLoadManifestFromDisk and aofUpgradePrepare), and
 * where a server would load nothing at all, whatever data there is: it is kept
 * and judged, though no server takes it.
 */
#include "formats/dataset_find.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/text.h"
#include "formats/dataset_beside.h"

struct survey {
    const struct dataset_names *names;
    int dir;
    int append_dir; /* -1: there is none */
    char *manifest_name;
    char *manifest; /* its bytes; NULL: not there or not readable */
    size_t manifest_size;
    bool has_dump, has_single, has_manifest;
    bool names_parts; /* the manifest was read and names a base or an incr */
    char **entries;   /* of append_dir */
    size_t entry_count;
    const char **orphans; /* of entries: AOF files the manifest does not name */
    size_t orphan_count;
    bool changed;
    struct error *failure; /* what could not be looked at */
};

/*
 * What has that name; 0: nothing. What may not be looked at is some file; what
 * the disk does not tell is a failure: it is not for us to guess.
 */
static mode_t
type_of(const struct survey *v, int dir, const char *name)
{
    struct file_identity id;
    struct error e = {0};

    if (dir >= 0 && file_identify_at(dir, name, &id, &e) == 0)
        return id.mode & S_IFMT;
    if (dir < 0 || e.kind == ERROR_ABSENT)
        return 0;
    if (errno != EACCES && v->failure->kind == ERROR_NONE)
        *v->failure = e;
    return S_IFREG;
}

static bool
is_there(const struct survey *v, int dir, const char *name)
{
    mode_t type = type_of(v, dir, name);

    return type != 0 && type != S_IFDIR;
}

static void
open_file(struct dataset_file *f, int dir, const char *name)
{
    if (!text_is_name(name)) {
        f->fd = error_set(&f->error, ERROR_DAMAGED, "'%.100s' is no file name",
                          name);
        return;
    }
    f->fd = file_open(dir, name, &f->error);
    if (f->fd >= 0 && file_identify(f->fd, &f->id, &f->error) != 0) {
        close(f->fd);
        f->fd = -1;
    }
    f->missing = f->fd < 0 && f->error.kind == ERROR_ABSENT;
}

/* Opens a file of the data directory, or of the AOF's own. */
static struct dataset_file *
add_file(struct dataset *d, const struct survey *v, bool appended,
         const char *name, enum dataset_role role)
{
    struct dataset_file *f;

    d->files = memory_resize(d->files, d->count + 1, sizeof *d->files);
    f = &d->files[d->count++];
    *f = (struct dataset_file){.role = role};
    f->path = appended ? text_format("%s/%s", v->names->appenddirname, name)
                       : memory_dup(name);
    open_file(f, appended ? v->append_dir : v->dir, name);
    return f;
}

static int
load_bytes(const struct dataset_file *f, char **bytes, size_t *size,
           struct error *e)
{
    if (f->id.size_bytes > AOF_MANIFEST_SIZE_MAX)
        return error_set(e, ERROR_DAMAGED, "%llu bytes are no manifest",
                         (unsigned long long)f->id.size_bytes);
    *bytes = memory_new((size_t)f->id.size_bytes + 1);
    return file_read_at(f->fd, *bytes, (size_t)f->id.size_bytes, 0, size, e);
}

/* Opens and reads the manifest; what is wrong with it goes to d. */
static void
read_manifest(struct dataset *d, struct survey *v)
{
    struct dataset_file *f =
        add_file(d, v, true, v->manifest_name, DATASET_ROLE_MANIFEST);
    struct error *e = &d->manifest_error;

    if (f->missing) {
        v->changed = true;
        return;
    }
    if (f->fd < 0) {
        *e = f->error;
        return;
    }
    if (load_bytes(f, &v->manifest, &v->manifest_size, e) != 0 ||
        aof_manifest_read(&d->manifest, v->manifest, v->manifest_size, e) != 0)
        return;
    for (size_t i = 0; i < d->manifest.count; i++)
        if (d->manifest.parts[i].type == AOF_HISTORY)
            d->has_history = true;
        else
            v->names_parts = true;
}

static int
look(struct survey *v, struct dataset *d, struct error *e)
{
    v->manifest_name = text_format("%s.manifest", v->names->appendfilename);
    /* No server starts on folders of these two names. */
    v->has_dump = type_of(v, v->dir, v->names->dbfilename) != 0;
    v->has_single = is_there(v, v->dir, v->names->appendfilename);
    v->append_dir = file_open_directory(v->dir, v->names->appenddirname, e);
    if (v->append_dir < 0 && e->kind != ERROR_ABSENT)
        return -1;
    if (v->append_dir < 0) {
        *e = (struct error){0};
        return 0;
    }
    if (file_names(v->append_dir, &v->entries, &v->entry_count, e) != 0)
        return error_in(e, "%s", v->names->appenddirname);
    dataset_beside_switch(d, v->append_dir, v->names);
    v->has_manifest = type_of(v, v->append_dir, v->manifest_name) != 0;
    if (v->has_manifest)
        read_manifest(d, v);
    v->orphans =
        dataset_beside_orphans(&d->manifest, v->entries, v->entry_count,
                               v->names->appendfilename, &v->orphan_count);
    return 0;
}

/* Whether a server would take the old single file, and move it into its set. */
static bool
single_wins(const struct survey *v, const struct dataset *d)
{
    const struct aof_part *base = aof_manifest_base(&d->manifest);

    if (!v->has_single || d->manifest_error.kind != ERROR_NONE)
        return false;
    if (v->names->no_manifest || !v->names_parts)
        return true;
    return base != NULL && aof_manifest_last_incr(&d->manifest) == NULL &&
           strcmp(base->name, v->names->appendfilename) == 0 &&
           !is_there(v, v->append_dir, base->name);
}

/* The append-only data there is: of a kind, or DATASET_NONE. */
static enum dataset_kind
choose_aof(const struct survey *v, const struct dataset *d)
{
    if (v->has_single && v->names->no_manifest)
        return DATASET_AOF_SINGLE;
    if (single_wins(v, d))
        return DATASET_AOF_SINGLE;
    if (v->has_manifest || v->orphan_count > 0)
        return DATASET_AOF;
    return DATASET_NONE;
}

static enum dataset_kind
choose(const struct survey *v, const struct dataset *d)
{
    enum dataset_kind aof = choose_aof(v, d);
    bool set = aof == DATASET_AOF;
    bool loads = aof == DATASET_AOF_SINGLE ||
                 (set && v->has_manifest && !v->names->no_manifest);

    if (v->has_dump &&
        (aof == DATASET_NONE || v->names->appendonly == DATASET_APPENDONLY_NO ||
         (v->names->appendonly == DATASET_APPENDONLY_AUTO && !loads)))
        return DATASET_RDB;
    return aof;
}

static void
add_orphans(struct dataset *d, const struct survey *v)
{
    for (size_t i = 0; i < v->orphan_count; i++)
        add_file(d, v, true, v->orphans[i], DATASET_ROLE_ORPHAN);
}

static void
add_part(struct dataset *d, const struct survey *v, const struct aof_part *part)
{
    enum dataset_role role = part->type == AOF_BASE ? DATASET_ROLE_BASE
                                                    : DATASET_ROLE_INCR;

    add_file(d, v, true, part->name, role)->seq = part->seq;
}

/* The set, or where it names nothing that can be read, all that may be. */
static void
add_set(struct dataset *d, const struct survey *v)
{
    const struct aof_part *base = aof_manifest_base(&d->manifest);

    if (base != NULL)
        add_part(d, v, base);
    for (size_t i = 0; i < d->manifest.count; i++)
        if (d->manifest.parts[i].type == AOF_INCR)
            add_part(d, v, &d->manifest.parts[i]);
    if (v->names_parts)
        return;
    if (v->has_dump)
        add_file(d, v, false, v->names->dbfilename, DATASET_ROLE_DUMP);
    add_orphans(d, v);
}

static void
drop_manifest(struct dataset *d)
{
    for (size_t i = 0; i < d->count; i++) {
        free(d->files[i].path);
        if (d->files[i].fd >= 0)
            close(d->files[i].fd);
    }
    d->count = 0;
    aof_manifest_clear(&d->manifest);
    d->manifest_error = (struct error){0};
    d->has_history = false;
}

/* Whether a manifest stays that the chosen dataset does not use. */
static bool
leaves_set(const struct survey *v, const struct dataset *d)
{
    bool migrates = d->kind == DATASET_AOF_SINGLE && !v->names->no_manifest;

    return v->has_manifest && d->kind != DATASET_AOF && !migrates &&
           (v->names_parts || d->manifest_error.kind != ERROR_NONE);
}

/* Whether append-only files stay that the chosen dataset does not use. */
static bool
leaves_aof(const struct survey *v, const struct dataset *d)
{
    return v->orphan_count > 0 || leaves_set(v, d) ||
           (v->has_single && d->kind != DATASET_AOF_SINGLE);
}

static bool
lacks_manifest(const struct survey *v, const struct dataset *d)
{
    return !v->has_manifest && v->orphan_count > 0 && !v->names->no_manifest &&
           (d->kind == DATASET_AOF ||
            (d->kind == DATASET_RDB &&
             v->names->appendonly == DATASET_APPENDONLY_AUTO));
}

/* Orphans are files of the dataset where no manifest tells what is. */
static bool
takes_orphans(const struct survey *v, const struct dataset *d)
{
    return d->kind == DATASET_AOF ? !v->names_parts : d->manifest_missing;
}

static void
note_beside(struct dataset *d, const struct survey *v)
{
    char *manifest =
        text_format("%s/%s", v->names->appenddirname, v->manifest_name);

    if (v->has_single && d->kind != DATASET_AOF_SINGLE)
        dataset_beside_add(d, v->dir, v->names->appendfilename,
                           DATASET_BESIDE_OLD);
    if (leaves_set(v, d))
        dataset_beside_add(d, v->dir, manifest, DATASET_BESIDE_SET);
    for (size_t i = 0; i < v->orphan_count && !takes_orphans(v, d); i++)
        dataset_beside_add_orphan(d, v->append_dir, v->names, v->orphans[i]);
    if (d->kind == DATASET_AOF)
        dataset_beside_add_history(d, v->append_dir, v->names);
    free(manifest);
}

static void
collect(struct dataset *d, const struct survey *v)
{
    d->kind = choose(v, d);
    d->other_dump = v->has_dump && d->kind != DATASET_RDB;
    d->other_aof = leaves_aof(v, d);
    d->manifest_missing = lacks_manifest(v, d);
    note_beside(d, v);
    if (d->kind == DATASET_AOF) {
        add_set(d, v);
    } else {
        if (d->manifest_error.kind == ERROR_DAMAGED && !v->names->no_manifest)
            d->unused_manifest = d->manifest_error;
        drop_manifest(d);
    }
    if (d->kind == DATASET_AOF_SINGLE)
        add_file(d, v, false, v->names->appendfilename, DATASET_ROLE_SINGLE);
    if (d->kind == DATASET_RDB)
        add_file(d, v, false, v->names->dbfilename, DATASET_ROLE_DUMP);
    if (d->kind != DATASET_AOF && d->manifest_missing)
        add_orphans(d, v);
    d->dump_newer = d->other_dump &&
                    dataset_beside_is_newer(d, v->dir, v->names->dbfilename);
}

/* Whether the name still stands for what was opened. */
static bool
is_in_place(const struct survey *v, const struct dataset_file *f)
{
    struct file_identity id;
    struct error e = {0};
    bool found = file_identify_at(v->dir, f->path, &id, &e) == 0;

    if (f->fd < 0)
        return f->missing == (e.kind == ERROR_ABSENT);
    return found && file_same(&id, &f->id);
}

/* Whether all stayed as it was while the files were opened. */
static bool
is_settled(const struct survey *v, const struct dataset *d)
{
    struct error e = {0};
    char *bytes = NULL;
    size_t size = 0;
    bool same = true;

    for (size_t i = 0; i < d->count; i++)
        if (!is_in_place(v, &d->files[i]))
            return false;
    if ((type_of(v, v->append_dir, v->manifest_name) != 0) != v->has_manifest)
        return false;
    if (v->manifest == NULL)
        return true;
    if (file_load(v->append_dir, v->manifest_name, AOF_MANIFEST_SIZE_MAX,
                  &bytes, &size, &e) != 0)
        return e.kind != ERROR_ABSENT; /* who reads the files tells why */
    same = size == v->manifest_size && memcmp(bytes, v->manifest, size) == 0;
    free(bytes);
    return same;
}

static void
clear(struct survey *v)
{
    free(v->manifest_name);
    free(v->manifest);
    free(v->orphans);
    file_free_names(v->entries, v->entry_count);
    if (v->append_dir >= 0)
        close(v->append_dir);
}

int
dataset_find(struct dataset *d, int dir, const struct dataset_names *names,
             bool *changed, struct error *e)
{
    struct error failure = {0};
    struct survey v = {
        .names = names, .dir = dir, .append_dir = -1, .failure = &failure};
    int rc = look(&v, d, e);

    if (rc == 0 && !v.changed)
        collect(d, &v);
    *changed = rc == 0 && (v.changed || !is_settled(&v, d));
    clear(&v);
    if (rc == 0 && failure.kind != ERROR_NONE) {
        *e = failure;
        rc = -1;
    }
    return rc;
}
