#include "jobs/boot_check.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/process.h"
#include "base/text.h"
#include "jobs/place.h"

enum { SPACE_SLACK = 16 << 20 };

struct mirror {
    const struct boot_check_options *options;
    uint64_t copied_bytes; /* what has to be copied */
    bool only_count;
};

/*
 * Dumps and bases are read only: a rewrite makes new ones. All else a server
 * appends to, or writes anew.
 */
static bool
is_only_read(const struct mirror *m, const char *name, bool inner)
{
    const struct trial_options *t = &m->options->trial;

    return inner ? text_has_suffix(name, ".base.rdb")
                 : !t->appendonly && strcmp(name, t->names->dbfilename) == 0;
}

static int
hear_copied(void *context, uint64_t done, struct error *e)
{
    (void)context;
    (void)done;
    return process_check_stop(e);
}

static int
copy(const struct mirror *m, int from_dir, int to_dir, const char *name,
     struct error *e)
{
    const struct trial_options *t = &m->options->trial;
    int from = file_open(from_dir, name, e), to = -1, rc = -1;
    struct file_identity id;

    if (from >= 0 && file_identify(from, &id, e) == 0)
        to = file_create(to_dir, name, 0600, e);
    if (to >= 0 &&
        file_copy(from, to, id.size_bytes, hear_copied, NULL, e) == 0)
        rc = geteuid() == 0 ? file_give(to, t->uid, t->gid, e) : 0;
    if (from >= 0)
        close(from);
    if (to >= 0)
        close(to);
    return rc;
}

static int
mirror_file(struct mirror *m, int from, int to, const char *name, bool inner,
            struct error *e)
{
    struct file_identity id;

    if (m->only_count) {
        if (file_identify_at(from, name, &id, e) != 0)
            return -1;
        m->copied_bytes += is_only_read(m, name, inner) ? 0 : id.size_bytes;
        return 0;
    }
    if (is_only_read(m, name, inner)) {
        if (file_link(from, name, to, name, e) == 0)
            return 0;
        if (e->kind != ERROR_DENIED)
            return -1;
        memset(e, 0, sizeof *e);
    }
    return copy(m, from, to, name, e);
}

static int mirror_folder(struct mirror *m, int from, int to, bool inner,
                         struct error *e);

/* The folder of an AOF; deeper there is nothing. */
static int
mirror_inner(struct mirror *m, int from, int to, const char *name,
             struct error *e)
{
    const struct trial_options *t = &m->options->trial;
    int inner = file_open_inner(from, name, e), made = -1, rc = -1;

    if (inner >= 0 && !m->only_count &&
        file_make_directory(to, name, 0700, NULL, e) == 0)
        made = file_open_inner(to, name, e);
    if (inner >= 0 && (made >= 0 || m->only_count) &&
        (made < 0 || geteuid() != 0 || file_give(made, t->uid, t->gid, e) == 0))
        rc = mirror_folder(m, inner, made, true, e);
    if (inner >= 0)
        close(inner);
    if (made >= 0)
        close(made);
    return rc;
}

static int
mirror_folder(struct mirror *m, int from, int to, bool inner, struct error *e)
{
    struct file_identity id;
    char **names;
    size_t count;
    int rc = file_names(from, &names, &count, e);

    if (rc != 0)
        return -1;
    for (size_t i = 0; i < count && rc == 0; i++) {
        rc = file_identify_at(from, names[i], &id, e);
        if (rc == 0 && S_ISREG(id.mode))
            rc = mirror_file(m, from, to, names[i], inner, e);
        else if (rc == 0 && S_ISDIR(id.mode) && !inner)
            rc = mirror_inner(m, from, to, names[i], e);
    }
    file_free_names(names, count);
    return rc;
}

/* A file system that shares blocks needs none of it, but may not say so. */
static int
check_space(const struct boot_check_options *o, struct error *e)
{
    struct mirror m = {.options = o, .only_count = true};
    char need[TEXT_WORDS_SIZE], has[TEXT_WORDS_SIZE];
    uint64_t free_bytes;

    if (mirror_folder(&m, o->built, -1, false, e) != 0 ||
        file_free_bytes(o->target, &free_bytes, e) != 0)
        return -1;
    if (free_bytes >= m.copied_bytes + SPACE_SLACK)
        return 0;
    text_write_size(need, m.copied_bytes + SPACE_SLACK);
    text_write_size(has, free_bytes);
    return error_set(e, ERROR_FAILED,
                     "%s are needed for what a server may write to, %s are"
                     " free",
                     need, has);
}

static int
try(const struct boot_check_options *o, const char *directory, char *text,
    struct error *e)
{
    struct trial_options options = o->trial;
    char name[RELEASE_TEXT_SIZE], took[TEXT_WORDS_SIZE];
    struct trial t = TRIAL_NONE;
    int rc;

    options.directory = directory;
    rc = trial_begin(&t, &options, e);
    text_write_duration(took, t.load_ms);
    release_write(name, &t.release);
    if (rc == 0 && t.skipped)
        snprintf(text, TRIAL_TEXT_SIZE, "boot check skipped: %.440s", t.text);
    else if (rc == 0 && t.loaded)
        snprintf(text, TRIAL_TEXT_SIZE,
                 "boot check: a private %s loaded it in %s, %" PRId64 " key%s",
                 name, took, t.keys, t.keys == 1 ? "" : "s");
    else if (rc == 0)
        rc = error_set(e, ERROR_DAMAGED, "a private %s does not load it: %s",
                       name, t.text);
    trial_end(&t);
    return rc;
}

static int
make_and_try(const struct boot_check_options *o, int work, char *text,
             struct error *e)
{
    const struct trial_options *t = &o->trial;
    struct mirror m = {.options = o};
    char *path = text_format("%s/" PLACE_WORK "/%s", o->path, o->name);
    int dir = -1, rc = -1;

    if (file_make_directory(work, o->name, 0700, NULL, e) == 0)
        dir = file_open_inner(work, o->name, e);
    if (dir >= 0 &&
        (geteuid() != 0 || file_give(dir, t->uid, t->gid, e) == 0) &&
        mirror_folder(&m, o->built, dir, false, e) == 0)
        rc = try(o, path, text, e);
    if (dir >= 0)
        close(dir);
    free(path);
    return rc;
}

int
boot_check_run(const struct boot_check_options *options, char *text,
               struct error *e)
{
    struct error none = {0};
    int work, rc;

    if (check_space(options, e) != 0)
        return error_in(e, "boot check");
    work = file_open_inner(options->target, PLACE_WORK, e);
    if (work < 0)
        return -1;
    rc = make_and_try(options, work, text, e);
    if (file_remove_tree(work, options->name, rc == 0 ? e : &none) != 0)
        rc = -1;
    close(work);
    return rc == 0 ? 0 : error_in(e, "boot check");
}
