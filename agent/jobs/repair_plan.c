#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/text.h"
#include "jobs/repair_work.h"

/* What a file system may need for folders beside the data. */
enum { SPACE_SLACK = 4 << 20 };

static const char *
appendfilename(const struct repair_work *w)
{
    const char *name = w->check.options.names.appendfilename;

    return name != NULL ? name : "appendonly.aof";
}

const char *
repair_work_aof_folder(const struct repair_work *w)
{
    const char *name = w->check.options.names.appenddirname;

    return name != NULL ? name : "appendonlydir";
}

/* "name" or "folder/name": names come from a manifest. */
static bool
is_path(const char *path)
{
    const char *slash = strchr(path, '/');
    char *folder;
    bool good;

    if (slash == NULL)
        return text_is_name(path);
    folder = memory_copy(path, (size_t)(slash - path));
    good = text_is_name(folder) && text_is_name(slash + 1);
    free(folder);
    return good;
}

static int
add_file(struct repair_work *w, const struct repair_file *f, struct error *e)
{
    struct repair_file *new;

    if (!is_path(f->path) || (f->from != NULL && !is_path(f->from)))
        return error_set(e, ERROR_REFUSED, "'%.100s' is no file name", f->path);
    w->files = memory_resize(w->files, w->count + 1, sizeof *w->files);
    new = &w->files[w->count++];
    *new = *f;
    new->path = memory_dup(f->path);
    new->from = memory_dup(f->from);
    if (f->from != NULL && file_identify_at(w->dir, f->from, &new->id, e) != 0)
        return error_in(e, "%s/%s", w->folder, f->from);
    return 0;
}

/* Finds out what salvage would make of the file. */
static int
try_salvage(struct repair_work *w, struct repair_file *f, struct error *e)
{
    int rc, fd = file_open(w->dir, f->from, e);
    struct mend m;

    if (fd < 0)
        return error_in(e, "%s", w->folder);
    rc = repair_work_salvage(w, f, fd, &m, NULL, NULL, e);
    close(fd);
    if (rc == 0 && m.changed) {
        f->way = REPAIR_MEND;
        w->r->bytes_needed += m.size_bytes;
        repair_work_steps(w, f, f->id.size_bytes, &m);
    }
    mend_clear(&m);
    return rc;
}

/* The file a server appends to, which may not be one with what is kept. */
static bool
is_appended(const struct mend_set *set, size_t part)
{
    if (set->parts[part].role == DATASET_ROLE_SINGLE)
        return true;
    if (set->parts[part].role != DATASET_ROLE_INCR)
        return false;
    for (size_t i = part + 1; i < set->part_count; i++)
        if (set->parts[i].role == DATASET_ROLE_INCR)
            return false;
    return true;
}

static int
plan_parts(struct repair_work *w, struct error *e)
{
    for (size_t i = 0; i < w->set.part_count; i++) {
        const struct mend_part *part = &w->set.parts[i];
        const struct repair_file f = {
            .path = part->path,
            .from = part->from,
            .role = part->role,
            .way = is_appended(&w->set, i) ? REPAIR_COPY : REPAIR_LINK,
        };

        if (add_file(w, &f, e) != 0)
            return -1;
        if (part->salvage && try_salvage(w, &w->files[w->count - 1], e) != 0)
            return -1;
    }
    return 0;
}

static const struct dataset_file *
old_manifest(const struct dataset *d)
{
    for (size_t i = 0; i < d->count; i++)
        if (d->files[i].role == DATASET_ROLE_MANIFEST && d->files[i].fd >= 0)
            return &d->files[i];
    return NULL;
}

/* Servers replace a manifest, so the old one may stand in both sets. */
static int
plan_manifest(struct repair_work *w, struct error *e)
{
    const struct dataset_file *old = old_manifest(&w->check.dataset);
    struct repair_file f = {.role = DATASET_ROLE_MANIFEST};
    char *path;
    int rc;

    if (!w->set.manifest_changed) {
        if (old == NULL || w->check.dataset.kind != DATASET_AOF)
            return 0;
        f.path = f.from = old->path;
        return add_file(w, &f, e);
    }
    path = text_format("%s/%s.manifest", repair_work_aof_folder(w),
                       appendfilename(w));
    f.path = path;
    rc = add_file(w, &f, e);
    free(path);
    return rc;
}

/* What servers of our appendfilename call theirs. */
static bool
is_of_set(const struct repair_work *w, const char *name)
{
    const char *ours = appendfilename(w);
    size_t size = strlen(ours);

    if (strncmp(name, "temp-", 5) == 0)
        name += 5;
    return strncmp(name, ours, size) == 0 &&
           (name[size] == '\0' || name[size] == '.');
}

static int
compare_texts(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Paths that the new set has or is made of, sorted. */
static char **
used_paths(const struct repair_work *w, size_t *count)
{
    char **used = memory_new(2 * w->count * sizeof *used + 1);

    *count = 0;
    for (size_t i = 0; i < w->count; i++) {
        used[(*count)++] = w->files[i].path;
        if (w->files[i].from != NULL)
            used[(*count)++] = w->files[i].from;
    }
    qsort(used, *count, sizeof *used, compare_texts);
    return used;
}

/* What is left of ours stays with the originals; another set stays as it is. */
static void
plan_other(struct repair_work *w, const char *path, const char *name)
{
    if (!is_of_set(w, name) || repair_work_has_step(w->r, path))
        return;
    repair_work_step(w->r,
                     (struct repair_step){
                         .action = "set-aside",
                         .path = memory_dup(path),
                         .offset = -1,
                         .text = memory_dup("no part of the new set: it stays"
                                            " with the originals"),
                     });
}

/* What else is in the folder of the AOF. */
static int
plan_others(struct repair_work *w, const char *folder, struct error *e)
{
    size_t count, used_count;
    char **names, **used;
    struct error none = {0};
    int rc = 0, dir = file_open_directory(w->dir, folder, &none);

    if (dir < 0)
        return 0;
    rc = file_names(dir, &names, &count, e);
    close(dir);
    if (rc != 0)
        return error_in(e, "%s/%s", w->folder, folder);
    used = used_paths(w, &used_count);
    for (size_t i = 0; i < count; i++) {
        char *path = text_format("%s/%s", folder, names[i]);

        if (bsearch(&path, used, used_count, sizeof *used, compare_texts) ==
            NULL)
            plan_other(w, path, names[i]);
        free(path);
    }
    free(used);
    file_free_names(names, count);
    return 0;
}

int
repair_work_find(const struct repair_work *w, const char *name,
                 struct file_identity *id, struct error *e)
{
    struct error why = {0};

    if (file_identify_at(w->dir, name, id, &why) == 0)
        return 0;
    memset(id, 0, sizeof *id);
    if (why.kind == ERROR_ABSENT)
        return 0;
    *e = why;
    return error_in(e, "%s/%s", w->folder, name);
}

/* The entry of the folder that path is or lies in may be no link. */
static int
check_top(const struct repair_work *w, const char *path, struct error *e)
{
    char *top = memory_copy(path, strcspn(path, "/"));
    struct file_identity id;
    int rc = repair_work_find(w, top, &id, e);

    if (rc == 0 && S_ISLNK(id.mode))
        rc = error_set(e, ERROR_REFUSED,
                       "%s/%s is a symbolic link: name what it leads to",
                       w->folder, top);
    free(top);
    return rc;
}

static bool
uses(const struct repair_work *w, const char *name)
{
    for (size_t i = 0; i < w->count; i++)
        if (strcmp(w->files[i].path, name) == 0 ||
            (w->files[i].from != NULL && strcmp(w->files[i].from, name) == 0))
            return true;
    return false;
}

/* A dump beside an AOF is left alone, unless the plan is about it. */
static void
plan_names(struct repair_work *w)
{
    struct dataset_names names = w->check.options.names;
    const char *dump = names.dbfilename != NULL ? names.dbfilename : "dump.rdb";

    if (w->file != NULL)
        names.dbfilename = names.appendfilename = names.appenddirname = w->file;
    else if (!uses(w, dump))
        names.dbfilename = appendfilename(w);
    place_add(&w->names, &names);
}

static int
plan_tops(struct repair_work *w, struct error *e)
{
    const char *folder = repair_work_aof_folder(w);
    size_t size = strlen(folder);
    bool inside = false;

    for (size_t i = 0; i < w->count; i++) {
        const struct repair_file *f = &w->files[i];

        if (check_top(w, f->path, e) != 0 ||
            (f->from != NULL && check_top(w, f->from, e) != 0))
            return -1;
        inside |= strncmp(f->path, folder, size) == 0 && f->path[size] == '/';
    }
    plan_names(w);
    return inside ? plan_others(w, folder, e) : 0;
}

static int
plan_space(struct repair_work *w, struct error *e)
{
    w->r->bytes_needed += SPACE_SLACK;
    for (size_t i = 0; i < w->count; i++)
        if (w->files[i].way == REPAIR_COPY)
            w->r->bytes_needed += w->files[i].id.size_bytes;
    if (file_free_bytes(w->dir, &w->r->bytes_free, e) != 0)
        return error_in(e, "%s", w->folder);
    return 0;
}

/* A file alone stays what and where it is. */
static void
plan_alone(struct repair_work *w)
{
    struct mend_part *part = memory_new(sizeof *part);

    *part = (struct mend_part){
        .path = memory_dup(w->file),
        .from = memory_dup(w->file),
        .role = w->check.judge.files[0].role,
        .salvage = true,
    };
    w->set.parts = part;
    w->set.part_count = 1;
}

/* A command that is renamed cannot be told from a damaged one. */
static void
note_commands(struct repair_work *w)
{
    const struct repair *r = w->r;

    for (size_t i = 0; i < r->step_count; i++)
        if (strcmp(r->steps[i].action, "drop-command") == 0) {
            repair_work_note(w->r,
                             "commands that no server knows are left out; if"
                             " the server renames commands (rename-command),"
                             " keep them with --own-commands");
            return;
        }
}

int
repair_work_plan(struct repair_work *w, struct error *e)
{
    const struct judge *j = &w->check.judge;

    if (w->file == NULL &&
        repair_work_find(w, repair_work_aof_folder(w), &w->aof, e) != 0)
        return -1;
    w->r->well = j->verdict == VERDICT_SOUND && j->server != JUDGE_REFUSES &&
                 j->server != JUDGE_TRUNCATES;
    if (w->file == NULL) {
        if (mend_set_find(&w->set, w->dir, &w->check.dataset, j, e) != 0)
            return error_in(e, "%s", w->folder);
    } else if (j->verdict != VERDICT_SOUND)
        plan_alone(w);
    repair_work_set_steps(w);
    if (plan_parts(w, e) != 0)
        return -1;
    if (w->r->step_count == 0)
        return 0;
    note_commands(w);
    if (plan_manifest(w, e) != 0 || plan_tops(w, e) != 0)
        return -1;
    return plan_space(w, e);
}
