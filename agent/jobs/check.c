#include "jobs/check.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/source.h"
#include "base/text.h"
#include "jobs/leftovers.h"
#include "jobs/stage.h"

static int
judge_one(struct check *c, const struct dataset_file *f, const char *shown,
          struct report *report, const struct progress *progress,
          struct error *e)
{
    struct progress_file watch = {progress, shown, f->id.size_bytes};
    struct source s;
    int rc;

    if (f->fd < 0 && !f->missing && f->error.kind != ERROR_DAMAGED) {
        *e = f->error;
        return error_in(e, "%s", shown);
    }
    if (f->fd < 0) {
        judge_add_missing(&c->judge, shown, f->role, f->error.text, report);
        return 0;
    }
    if (source_of_file(&s, f->fd, f->id.size_bytes, e) != 0)
        return error_in(e, "%s", shown);
    s.moved = progress_moved;
    s.moved_context = &watch;
    rc = judge_add(&c->judge, shown, f->role, &s, report, e);
    source_close(&s);
    return rc == 0 ? 0 : error_in(e, "%s", shown);
}

/* Judges the files of a dataset, shown with the folder's name in front. */
static int
judge_all(struct check *c, const char *folder, struct report *report,
          const struct progress *progress, struct error *e)
{
    int rc = 0;

    for (size_t i = 0; i < c->dataset.count && rc == 0; i++) {
        const struct dataset_file *f = &c->dataset.files[i];
        char *shown = folder == NULL ? memory_dup(f->path)
                                     : text_format("%s/%s", folder, f->path);
        rc = judge_one(c, f, shown, report, progress, e);
        free(shown);
    }
    if (rc == 0) {
        report_about(report,
                     folder != NULL ? folder : c->dataset.files[0].path);
        judge_end(&c->judge, &c->dataset, report);
    }
    return rc;
}

static int
find_leftovers(const struct check *c, int dir, const char *path,
               struct report *report, struct error *e)
{
    bool whole = c->judge.verdict == VERDICT_SOUND &&
                 (c->judge.server != JUDGE_EMPTY || check_is_empty(c));
    const struct leftovers_options options = {.folder = path,
                                              .names = &c->options.names,
                                              .keep = !whole,
                                              .now_ms = clock_wall_ms()};

    if (leftovers_find(dir, &options, report, e) != 0)
        return error_in(e, "%s", path);
    stage_report(dir, report);
    return 0;
}

static int
check_directory(struct check *c, const char *path, struct report *report,
                const struct progress *progress, struct error *e)
{
    int dir = file_open_directory(AT_FDCWD, path, e);
    int rc;

    if (dir < 0)
        return -1;
    c->directory = memory_dup(path);
    if (dataset_open(&c->dataset, dir, &c->options.names, e) != 0)
        rc = error_in(e, "%s", path);
    else
        rc = judge_all(c, path, report, progress, e);
    if (rc == 0)
        rc = find_leftovers(c, dir, path, report, e);
    close(dir);
    return rc;
}

/* Whether a file alone is taken for an AOF: by its bytes, else by its name. */
static int
is_aof(const struct dataset_file *f, bool *aof, struct error *e)
{
    static const char *const magics[] = {"REDIS", "VALKEY", "VKCS"};
    char head[8] = "";
    size_t got;

    *aof = text_has_suffix(f->path, ".aof");
    if (*aof)
        return 0;
    if (file_read_at(f->fd, head, sizeof head - 1, 0, &got, e) != 0)
        return -1;
    for (size_t i = 0; i < sizeof magics / sizeof *magics; i++)
        if (strncmp(head, magics[i], strlen(magics[i])) == 0)
            return 0;
    *aof = head[0] == '*' || head[0] == '#';
    return 0;
}

/* One file as the only one of its server. */
static int
check_file(struct check *c, const char *path, struct report *report,
           const struct progress *progress, struct error *e)
{
    struct dataset *d = &c->dataset;
    struct dataset_file *f = memory_new(sizeof *f);
    bool aof;

    d->files = f;
    d->count = 1;
    f->path = memory_dup(path);
    f->fd = file_open(AT_FDCWD, path, e);
    if (f->fd < 0 || file_identify(f->fd, &f->id, e) != 0)
        return -1;
    if (is_aof(f, &aof, e) != 0)
        return error_in(e, "%s", path);
    d->kind = aof ? DATASET_AOF_SINGLE : DATASET_RDB;
    f->role = aof ? DATASET_ROLE_SINGLE : DATASET_ROLE_DUMP;
    return judge_all(c, NULL, report, progress, e);
}

/*
 * A set, by the folder it lies in (absolute) and the name its files begin with;
 * both become c's or are gone.
 */
static int
check_set(struct check *c, char *folder, char *name, struct report *report,
          const struct progress *progress, struct error *e)
{
    char *slash = strrchr(folder, '/');
    int rc;

    c->name = name;
    c->folder = memory_dup(slash + 1);
    slash[slash == folder] = '\0';
    c->options.names.appendonly = DATASET_APPENDONLY_YES;
    c->options.names.appendfilename = c->name;
    c->options.names.appenddirname = c->folder;
    if (c->folder[0] == '\0')
        rc = error_set(e, ERROR_USAGE,
                       "the files of an AOF lie in a folder of their own below"
                       " the data directory");
    else
        rc = check_directory(c, folder, report, progress, e);
    free(folder);
    return rc;
}

/* A manifest stands for its set: DIR/appendonlydir/NAME.manifest. */
static int
check_manifest(struct check *c, const char *path, struct report *report,
               const struct progress *progress, struct error *e)
{
    char *whole = realpath(path, NULL), *slash, *name;

    if (whole == NULL)
        return error_sys(e, "%s", path);
    slash = strrchr(whole, '/');
    name = memory_copy(slash + 1, strlen(slash + 1) - strlen(".manifest"));
    slash[slash == whole] = '\0';
    return check_set(c, whole, name, report, progress, e);
}

/* NAME of "NAME.12.base.rdb" and the like; NULL: it is no such file. */
static char *
stem_of(const char *name)
{
    static const char *const kinds[] = {".base.rdb", ".base.aof", ".incr.aof"};
    size_t size = strlen(name);

    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        size_t end = size - strlen(kinds[i]), digits = 0;

        if (!text_has_suffix(name, kinds[i]))
            continue;
        while (digits < end && name[end - digits - 1] >= '0' &&
               name[end - digits - 1] <= '9')
            digits++;
        if (digits > 0 && end > digits + 1 && name[end - digits - 1] == '.')
            return memory_copy(name, end - digits - 1);
    }
    return NULL;
}

/* A data directory may hold stray files of an AOF, and stays one. */
static bool
is_data_directory(int dir, const struct dataset_names *names)
{
    const char *dump = names->dbfilename, *aof = names->appenddirname;
    struct file_identity id;
    struct error none = {0};

    return file_identify_at(dir, dump != NULL ? dump : "dump.rdb", &id,
                            &none) == 0 ||
           file_identify_at(dir, aof != NULL ? aof : "appendonlydir", &id,
                            &none) == 0;
}

static bool
is_aof_folder(const char *path, const struct dataset_names *names)
{
    const char *name = names->appenddirname;
    char *whole = realpath(path, NULL);
    bool is = whole != NULL &&
              strcmp(strrchr(whole, '/') + 1,
                     name != NULL ? name : "appendonlydir") == 0;

    free(whole);
    return is;
}

/*
 * What the files of a folder that is a set by itself begin with: by its
 * manifest, else (it is lost) by its files, if it has the name of such a
 * folder. NULL: it is none.
 */
static char *
find_set(const char *path, const struct dataset_names *set)
{
    struct error none = {0};
    char **names, *found = NULL;
    size_t count;
    int dir = file_open_directory(AT_FDCWD, path, &none);

    if (dir >= 0 && !is_data_directory(dir, set) &&
        file_names(dir, &names, &count, &none) == 0) {
        for (size_t i = 0; i < count && found == NULL; i++)
            if (text_has_suffix(names[i], ".manifest") &&
                strncmp(names[i], "temp-", 5) != 0)
                found = memory_copy(names[i],
                                    strlen(names[i]) - strlen(".manifest"));
        if (found == NULL && is_aof_folder(path, set))
            for (size_t i = 0; i < count && found == NULL; i++)
                found = stem_of(names[i]);
        file_free_names(names, count);
    }
    if (dir >= 0)
        close(dir);
    return found;
}

static int
check_folder(struct check *c, const char *path, struct report *report,
             const struct progress *progress, struct error *e)
{
    char *set = find_set(path, &c->options.names), *whole;

    if (set == NULL)
        return check_directory(c, path, report, progress, e);
    whole = realpath(path, NULL);
    if (whole != NULL)
        return check_set(c, whole, set, report, progress, e);
    free(set);
    return error_sys(e, "%s", path);
}

int
check_path(struct check *c, const char *path,
           const struct judge_options *options, struct report *report,
           const struct progress *progress, struct error *e)
{
    size_t first = report->count;
    struct stat st;
    int rc;

    memset(c, 0, sizeof *c);
    if (stat(path, &st) != 0)
        return error_sys(e, "%s", path);
    c->options = *options;
    judge_begin(&c->judge, &c->options);
    if (S_ISDIR(st.st_mode))
        rc = check_folder(c, path, report, progress, e);
    else if (S_ISREG(st.st_mode) && text_has_suffix(path, ".manifest"))
        rc = check_manifest(c, path, report, progress, e);
    else
        rc = check_file(c, path, report, progress, e);
    if (rc == 0)
        report_fill(report, first, path, c->directory);
    else
        check_clear(c);
    return rc;
}

bool
check_is_empty(const struct check *c)
{
    return c->dataset.kind == DATASET_NONE && !c->dataset.other_dump &&
           !c->dataset.other_aof && !c->dataset.manifest_missing &&
           !c->dataset.switching_lost;
}

void
check_clear(struct check *c)
{
    judge_clear(&c->judge);
    dataset_close(&c->dataset);
    free(c->directory);
    free(c->folder);
    free(c->name);
    memset(c, 0, sizeof *c);
}
