#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/text.h"
#include "jobs/place.h"

static const char *
or_default(const char *name, const char *usual)
{
    return name != NULL ? name : usual;
}

void
place_add(struct place_names *names, const struct dataset_names *set)
{
    const struct dataset_names full = {
        .dbfilename = or_default(set->dbfilename, "dump.rdb"),
        .appendfilename = or_default(set->appendfilename, "appendonly.aof"),
        .appenddirname = or_default(set->appenddirname, "appendonlydir"),
    };

    for (size_t i = 0; i < names->count; i++)
        if (strcmp(names->sets[i].dbfilename, full.dbfilename) == 0 &&
            strcmp(names->sets[i].appendfilename, full.appendfilename) == 0 &&
            strcmp(names->sets[i].appenddirname, full.appenddirname) == 0)
            return;
    if (names->count < JOURNAL_NAMES_MAX)
        names->sets[names->count++] = full;
}

/* With those that repeat. */
static const char *
name_of(const struct place_names *names, size_t n)
{
    const struct dataset_names *set = &names->sets[n / 3];

    return n % 3 == 0   ? set->appenddirname
           : n % 3 == 1 ? set->appendfilename
                        : set->dbfilename;
}

static bool
is_first(const struct place_names *names, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(name_of(names, i), name_of(names, n)) == 0)
            return false;
    return true;
}

const char *
place_top(const struct place_names *names, size_t number)
{
    for (size_t n = 0; n < 3 * names->count; n++)
        if (is_first(names, n) && number-- == 0)
            return name_of(names, n);
    return NULL;
}

bool
place_is_top(const struct place_names *names, const char *name)
{
    for (size_t n = 0; n < 3 * names->count; n++)
        if (strcmp(name_of(names, n), name) == 0)
            return true;
    return false;
}

int
place_has_any(int dir, const struct place_names *names, bool *any,
              struct error *e)
{
    struct file_identity id;

    *any = false;
    for (size_t n = 0; n < 3 * names->count; n++) {
        if (file_identify_at(dir, name_of(names, n), &id, e) == 0) {
            *any = true;
            return 0;
        }
        if (e->kind != ERROR_ABSENT)
            return -1;
        memset(e, 0, sizeof *e);
    }
    return 0;
}

bool
place_is_ours(const char *name)
{
    return strcmp(name, PLACE_WORK) == 0 ||
           strncmp(name, PLACE_KEPT_PREFIX, strlen(PLACE_KEPT_PREFIX)) == 0;
}

int
place_check_foreign(int dir, const struct place_names *names, const char *path,
                    struct error *e)
{
    char **entries;
    size_t count;
    int rc = 0;

    if (file_names(dir, &entries, &count, e) != 0)
        return error_in(e, "%s", path);
    for (size_t i = 0; i < count && rc == 0; i++)
        if (strcmp(entries[i], "lost+found") != 0 &&
            !place_is_ours(entries[i]) && !place_is_top(names, entries[i]))
            rc = error_set(e, ERROR_REFUSED,
                           "%s holds no dataset but other things (%s): is it"
                           " the right folder? add --yes if it is",
                           path, entries[i]);
    file_free_names(entries, count);
    return rc;
}

/* What servers call the files of an AOF, for this folder's sets of names. */
static bool
is_of_aof(const struct place_names *names, const char *folder, const char *name,
          bool *manifest)
{
    const char *plain = strncmp(name, "temp-", 5) == 0 ? name + 5 : name;

    for (size_t i = 0; i < names->count; i++) {
        const char *stem = names->sets[i].appendfilename;
        size_t size = strlen(stem);

        if (strcmp(names->sets[i].appenddirname, folder) != 0 ||
            strncmp(plain, stem, size) != 0 ||
            (plain[size] != '\0' && plain[size] != '.'))
            continue;
        *manifest = plain == name && strcmp(name + size, ".manifest") == 0;
        return true;
    }
    return false;
}

static bool
is_folder_name(const struct place_names *names, const char *name)
{
    for (size_t i = 0; i < names->count; i++)
        if (strcmp(names->sets[i].appenddirname, name) == 0)
            return true;
    return false;
}

static bool
is_file_name(const struct place_names *names, const char *name)
{
    for (size_t i = 0; i < names->count; i++)
        if (strcmp(names->sets[i].dbfilename, name) == 0 ||
            strcmp(names->sets[i].appendfilename, name) == 0)
            return true;
    return false;
}

/* A folder to look through, and whether all in it must be of the set. */
struct search {
    struct journal_set *set;
    const struct place_names *names;
    struct file_identity top; /* the directory's */
    bool only;
};

static int
refuse_unnamed(const char *name, struct error *e)
{
    return error_set(e, ERROR_DAMAGED, "'%.100s' is no name of a dataset",
                     name);
}

/* What it is at the time it moves; on a mount of its own it cannot. */
static int
identify(const struct search *s, int dir, const char *name,
         struct file_identity *id, struct error *e)
{
    if (file_identify_at(dir, name, id, e) != 0)
        return -1;
    if (!file_same_mount(id, &s->top))
        return error_set(e, ERROR_REFUSED,
                         "%s is a mount of its own, nothing can be moved into"
                         " or out of it: restore into another folder, or mount"
                         " the whole data directory instead",
                         name);
    if (!S_ISREG(id->mode))
        return 0;
    return file_settle(dir, name, e) == 0 ? file_identify_at(dir, name, id, e)
                                          : -1;
}

static int
find_in(const struct search *s, const char *folder, int fd, const char *name,
        struct error *e)
{
    struct file_identity id;
    bool manifest;
    char *path;

    manifest = false;
    if (!is_of_aof(s->names, folder, name, &manifest) && !s->only)
        return 0;
    if (identify(s, fd, name, &id, e) != 0)
        return -1;
    if (!S_ISREG(id.mode) && !S_ISLNK(id.mode))
        return s->only ? refuse_unnamed(name, e) : 0;
    if (s->set->count == JOURNAL_FILES_MAX)
        return error_set(e, ERROR_REFUSED, "more than %d files in %s",
                         (int)JOURNAL_FILES_MAX, folder);
    path = text_format("%s/%s", folder, name);
    journal_add_file(s->set, path, manifest, &id);
    free(path);
    return 0;
}

static int
find_folder(const struct search *s, int dir, const char *folder,
            struct error *e)
{
    int rc, fd = file_open_inner(dir, folder, e);
    char **names;
    size_t count;

    if (fd < 0)
        return -1;
    rc = file_names(fd, &names, &count, e);
    for (size_t i = 0; rc == 0 && i < count; i++)
        rc = find_in(s, folder, fd, names[i], e);
    if (count > 0)
        file_free_names(names, count);
    close(fd);
    return rc;
}

static int
refuse_link(const char *name, struct error *e)
{
    return error_set(e, ERROR_REFUSED,
                     "%s is a symbolic link: put the folder it leads to in its"
                     " place, or restore elsewhere",
                     name);
}

/* One entry of the top; it may be gone. */
static int
find_top(const struct search *s, int dir, const char *name, struct error *e)
{
    struct file_identity id;

    if (identify(s, dir, name, &id, e) != 0) {
        if (e->kind != ERROR_ABSENT)
            return -1;
        memset(e, 0, sizeof *e);
        return 0;
    }
    if (is_folder_name(s->names, name) && S_ISDIR(id.mode))
        return find_folder(s, dir, name, e);
    if (!is_file_name(s->names, name))
        return S_ISLNK(id.mode) ? refuse_link(name, e) : 0;
    if (!S_ISREG(id.mode) && !S_ISLNK(id.mode))
        return s->only ? refuse_unnamed(name, e) : 0;
    journal_add_file(s->set, name, true, &id);
    return 0;
}

/* A manifest may name files as no server would. */
static int
find_in_way(const struct search *s, int dir, const char *path, struct error *e)
{
    char *folder = memory_copy(path, strcspn(path, "/"));
    struct file_identity id;
    bool manifest, known = path[strlen(folder)] == '\0';
    int rc = 0;

    known = known ||
            is_of_aof(s->names, folder, path + strlen(folder) + 1, &manifest);
    free(folder);
    if (known)
        return 0;
    if (identify(s, dir, path, &id, e) == 0)
        journal_add_file(s->set, path, false, &id);
    else if (e->kind == ERROR_ABSENT)
        memset(e, 0, sizeof *e);
    else
        rc = -1;
    return rc;
}

int
place_find(struct journal_set *set, int dir, const struct place_names *names,
           const struct journal_set *comes, struct error *e)
{
    struct search s = {.set = set, .names = names};
    const char *name;

    if (file_identify(dir, &s.top, e) != 0)
        return -1;
    for (size_t n = 0; (name = place_top(names, n)) != NULL; n++)
        if (find_top(&s, dir, name, e) != 0)
            return -1;
    for (size_t i = 0; comes != NULL && i < comes->count; i++)
        if (find_in_way(&s, dir, comes->files[i].path, e) != 0)
            return -1;
    return 0;
}

int
place_find_built(struct journal_set *set, int dir,
                 const struct place_names *names, struct error *e)
{
    struct search s = {.set = set, .names = names, .only = true};
    char **entries;
    size_t count;
    int rc = 0;

    if (file_identify(dir, &s.top, e) != 0 ||
        file_names(dir, &entries, &count, e) != 0)
        return -1;
    for (size_t i = 0; i < count && rc == 0; i++)
        rc = place_is_top(names, entries[i]) ? find_top(&s, dir, entries[i], e)
                                             : refuse_unnamed(entries[i], e);
    file_free_names(entries, count);
    return rc;
}
