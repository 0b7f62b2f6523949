#include "formats/mend_set_files.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/process.h"
#include "base/text.h"

enum { NS_PER_S = 1000000000 };

/* What NAME.SEQ.base.rdb and the like say; OTHER where it is none of them. */
static enum mend_set_kind
read_name(const char *name, const char *appendfilename, int64_t *seq, bool *rdb)
{
    size_t size = strlen(appendfilename);
    char *rest;

    *seq = 0;
    *rdb = false;
    if (strncmp(name, appendfilename, size) != 0)
        return MEND_SET_OTHER;
    name += size;
    if (*name == '\0')
        return MEND_SET_OLD;
    if (name[0] != '.' || name[1] < '0' || name[1] > '9')
        return MEND_SET_OTHER;
    *seq = strtoll(name + 1, &rest, 10);
    if (strcmp(rest, ".incr.aof") == 0)
        return MEND_SET_INCR;
    *rdb = strcmp(rest, ".base.rdb") == 0;
    return *rdb || strcmp(rest, ".base.aof") == 0 ? MEND_SET_BASE
                                                  : MEND_SET_OTHER;
}

static void
fill(struct mend_set_content *c, const char *path, const struct judge_file *f,
     int64_t mtime_ns)
{
    bool dump = f->role == DATASET_ROLE_DUMP;

    *c = (struct mend_set_content){
        .from = memory_dup(path),
        .size_bytes = f->size_bytes,
        .verdict = f->verdict,
        .is_rdb = dump ? f->version != 0 || f->rdb.container : f->aof.has_rdb,
        .has_trailing = dump && f->rdb.end_offset != 0 &&
                        f->rdb.end_offset < f->size_bytes,
        .keys = f->keys,
        .commands = f->commands,
        .created = f->rdb.created,
        .first_time = f->is_aof ? f->aof.first_time : -1,
        .last_time = f->is_aof ? f->aof.last_time : -1,
        .mtime_ns = mtime_ns,
    };
    /* A base of commands that a rewrite made begins with the time. */
    if (!c->is_rdb)
        c->created = c->first_time;
}

static int
heed_stop(void *context, uint64_t offset, struct error *e)
{
    (void)context;
    (void)offset;
    return process_check_stop(e);
}

/* Judges an open file as check would. */
static int
look_at(int fd, const char *path, enum dataset_role role,
        const struct judge_options *options, struct mend_set_content *c,
        struct error *e)
{
    struct report report = {0};
    struct file_identity id;
    struct judge j;
    struct source s;
    int rc = -1;

    if (file_identify(fd, &id, e) != 0 ||
        source_of_file(&s, fd, id.size_bytes, e) != 0)
        return -1;
    s.moved = heed_stop;
    judge_begin(&j, options);
    if (judge_add(&j, path, role, &s, &report, e) == 0) {
        fill(c, path, &j.files[0], id.mtime_ns);
        rc = 0;
    }
    judge_clear(&j);
    report_clear(&report);
    source_close(&s);
    return rc;
}

int
mend_set_files_look(int dir, const char *path, enum dataset_role role,
                    const struct judge_options *options,
                    struct mend_set_content *content, bool *found,
                    struct error *e)
{
    int fd = file_open(dir, path, e);
    int rc;

    *content = (struct mend_set_content){0};
    *found = fd >= 0;
    if (fd < 0 && e->kind == ERROR_ABSENT) {
        *e = (struct error){0};
        return 0;
    }
    if (fd < 0)
        return error_in(e, "%s", path);
    rc = look_at(fd, path, role, options, content, e);
    close(fd);
    return rc == 0 ? 0 : error_in(e, "%s", path);
}

static int
compare_paths(const void *a, const void *b)
{
    return strcmp((*(const struct dataset_file *const *)a)->path,
                  (*(const struct dataset_file *const *)b)->path);
}

/* The files that check has looked at, by path. */
static const struct dataset_file **
index_judged(const struct dataset *d)
{
    const struct dataset_file **sorted =
        memory_new((d->count + 1) * sizeof(void *));

    for (size_t i = 0; i < d->count; i++)
        sorted[i] = &d->files[i];
    qsort(sorted, d->count, sizeof(void *), compare_paths);
    return sorted;
}

struct search {
    int dir;
    const struct dataset *d;
    const struct judge *j;
    const struct dataset_file **sorted;
};

/* What is in a file that is there: as check found it, or looked at now. */
static int
load_content(struct mend_set_file *f, const char *path, const struct search *in,
             struct error *e)
{
    const struct dataset_file wanted = {.path = (char *)path};
    const struct dataset_file *key = &wanted, **at;
    bool found;

    at = bsearch(&key, in->sorted, in->d->count, sizeof(void *), compare_paths);
    if (at != NULL && (*at)->fd >= 0) {
        fill(&f->content, path, &in->j->files[*at - in->d->files],
             (*at)->id.mtime_ns);
        return 0;
    }
    if (mend_set_files_look(in->dir, path, DATASET_ROLE_ORPHAN, in->j->options,
                            &f->content, &found, e) != 0)
        return -1;
    f->missing = !found;
    return 0;
}

static struct mend_set_file *
add_file(struct mend_set_files *v, const char *name)
{
    const struct mend_set_line *line = mend_set_lines_find(&v->lines, name);
    struct mend_set_file *f;

    v->files = memory_grow(v->files, v->count, &v->capacity, sizeof *v->files);
    f = &v->files[v->count++];
    *f = (struct mend_set_file){.name = memory_dup(name)};
    f->kind = read_name(name, v->appendfilename, &f->seq, &f->is_rdb_name);
    if (line == NULL)
        return f;
    f->listed = line->type != 0 ? line->type : '?';
    f->order = line->order;
    /* A line that servers read is right; of one that is damaged, what the name
     * says is more than its digits. */
    if (f->seq == 0 || v->strict)
        f->seq = line->seq;
    return f;
}

/* Of the manifest; of one that was not renamed to it yet where it says none. */
static void
load_lines(struct mend_set_files *v, int append_dir, const struct dataset *d)
{
    char *name = text_format("temp-%s.manifest", v->appendfilename), *bytes;
    struct error none = {0};
    size_t size;

    v->strict = d->kind == DATASET_AOF && !d->manifest_missing &&
                d->manifest_error.kind == ERROR_NONE;
    if (v->strict) {
        mend_set_lines_take(&v->lines, &d->manifest);
    } else if (file_load(append_dir, name + strlen("temp-"),
                         AOF_MANIFEST_SIZE_MAX, &bytes, &size, &none) == 0) {
        mend_set_lines_read(&v->lines, bytes, size);
        free(bytes);
    }
    if (v->lines.count == 0 &&
        file_load(append_dir, name, AOF_MANIFEST_SIZE_MAX, &bytes, &size,
                  &none) == 0) {
        mend_set_lines_clear(&v->lines);
        mend_set_lines_read(&v->lines, bytes, size);
        v->temporary = v->lines.count > 0;
        free(bytes);
    }
    free(name);
}

static bool
is_ours(const struct mend_set_files *v, const char *name)
{
    int64_t seq;
    bool rdb;

    return read_name(name, v->appendfilename, &seq, &rdb) != MEND_SET_OTHER ||
           mend_set_lines_find(&v->lines, name) != NULL;
}

static bool
is_folder(int append_dir, const char *name)
{
    struct file_identity id;
    struct error none = {0};

    return file_identify_at(append_dir, name, &id, &none) == 0 &&
           S_ISDIR(id.mode);
}

static int
add_present(struct mend_set_files *v, const struct search *in, int append_dir,
            char **names, size_t count, struct error *e)
{
    for (size_t i = 0; i < count; i++) {
        char *path;
        int rc;

        if (!is_ours(v, names[i]) || is_folder(append_dir, names[i]))
            continue;
        path = text_format("%s/%s", v->appenddirname, names[i]);
        rc = load_content(add_file(v, names[i]), path, in, e);
        free(path);
        if (rc != 0)
            return -1;
    }
    return 0;
}

static int
compare_names(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void
add_missing(struct mend_set_files *v, char **names, size_t count)
{
    for (size_t i = 0; i < v->lines.count; i++) {
        const struct mend_set_line *line = &v->lines.lines[i];

        if (count > 0 && bsearch(&line->name, names, count, sizeof *names,
                                 compare_names) != NULL)
            continue;
        /* Of a line that is not whole nobody knows what it named. */
        if (line->type == 0 || line->seq == 0)
            v->lines.bad++;
        else
            add_file(v, line->name)->missing = true;
    }
}

/* Digits beyond what a number holds are told apart by their length. */
static int
compare_files(const void *a, const void *b)
{
    const struct mend_set_file *x = a, *y = b;
    size_t m = strlen(x->name), n = strlen(y->name);

    if (x->seq != y->seq)
        return x->seq < y->seq ? -1 : 1;
    if (m != n)
        return m < n ? -1 : 1;
    return strcmp(x->name, y->name);
}

static const char *
or_usual(const char *name, const char *usual)
{
    return name != NULL ? name : usual;
}

int
mend_set_files_load(struct mend_set_files *v, int dir, const struct dataset *d,
                    const struct judge *j, struct error *e)
{
    const struct dataset_names *names = &j->options->names;
    struct search in = {.dir = dir, .d = d, .j = j};
    char **entries = NULL;
    size_t count = 0;
    int append_dir, rc = 0;

    *v = (struct mend_set_files){0};
    v->dbfilename = or_usual(names->dbfilename, "dump.rdb");
    v->appendfilename = or_usual(names->appendfilename, "appendonly.aof");
    v->appenddirname = or_usual(names->appenddirname, "appendonlydir");
    append_dir = file_open_directory(dir, v->appenddirname, e);
    if (append_dir < 0 && e->kind == ERROR_ABSENT) {
        *e = (struct error){0};
        return 0;
    }
    if (append_dir < 0)
        return -1;
    load_lines(v, append_dir, d);
    in.sorted = index_judged(d);
    rc = file_names(append_dir, &entries, &count, e);
    if (rc == 0)
        rc = add_present(v, &in, append_dir, entries, count, e);
    if (rc == 0)
        add_missing(v, entries, count);
    if (rc == 0 && v->count > 0)
        qsort(v->files, v->count, sizeof *v->files, compare_files);
    file_free_names(entries, count);
    free(in.sorted);
    close(append_dir);
    return rc;
}

int64_t
mend_set_files_last_write(const struct mend_set_content *c)
{
    return c->last_time >= 0 ? c->last_time : c->mtime_ns / NS_PER_S;
}

bool
mend_set_files_is_usable(const struct mend_set_file *f)
{
    return !f->missing && f->listed != AOF_HISTORY;
}

bool
mend_set_files_is_filled(const struct mend_set_file *f)
{
    return f->content.size_bytes > 0 || !f->is_rdb_name;
}

bool
mend_set_files_is_base(const struct mend_set_file *f)
{
    if (f->kind == MEND_SET_OTHER)
        return f->listed == AOF_BASE || (f->listed == '?' && f->content.is_rdb);
    return f->kind != MEND_SET_INCR;
}

void
mend_set_files_clear(struct mend_set_files *v)
{
    for (size_t i = 0; i < v->count; i++) {
        free(v->files[i].name);
        free(v->files[i].content.from);
    }
    free(v->files);
    mend_set_lines_clear(&v->lines);
    *v = (struct mend_set_files){0};
}
