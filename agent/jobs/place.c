#include "jobs/place.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"

void
place_add(struct place_names *names, const char *name)
{
    if (name == NULL)
        return;
    for (int i = 0; i < names->count; i++)
        if (strcmp(names->names[i], name) == 0)
            return;
    if (names->count < (int)(sizeof names->names / sizeof *names->names))
        names->names[names->count++] = name;
}

static bool
is_there(int dir, const char *name)
{
    struct file_identity id;
    struct error none = {0};

    return file_identify_at(dir, name, &id, &none) == 0 ||
           none.kind != ERROR_ABSENT;
}

int
place_has_any(int dir, const struct place_names *names, bool *any,
              struct error *e)
{
    struct file_identity id;

    *any = false;
    for (int i = 0; i < names->count; i++) {
        if (file_identify_at(dir, names->names[i], &id, e) == 0) {
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

static bool
is_named(const struct place_names *names, const char *name)
{
    for (int i = 0; i < names->count; i++)
        if (strcmp(names->names[i], name) == 0)
            return true;
    return false;
}

static bool
is_known(const struct place_names *names, const char *name)
{
    return strcmp(name, "lost+found") == 0 || place_is_ours(name) ||
           is_named(names, name);
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
        if (!is_known(names, entries[i]))
            rc = error_set(e, ERROR_REFUSED,
                           "%s holds no dataset but other things (%s): is it"
                           " the right folder? add --yes if it is",
                           path, entries[i]);
    file_free_names(entries, count);
    return rc;
}

/* A swap while it runs. */
struct swap {
    int dir, staged_dir, kept_dir; /* kept_dir -1: not made yet */
    const struct place_names *names;
    const char *kept_name;
    char **entries; /* of staged_dir, before */
    struct file_identity *ids;
    size_t count;
};

static int
keep_aside(struct swap *s, int from, const char *name, struct error *e)
{
    if (s->kept_dir < 0) {
        if (file_make_directory(s->dir, s->kept_name, 0700, NULL, e) != 0)
            return -1;
        s->kept_dir = file_open_inner(s->dir, s->kept_name, e);
    }
    return s->kept_dir < 0 ? -1 : file_move(from, name, s->kept_dir, name, e);
}

/*
 * Puts one staged entry at its name; the old one is in its stead afterwards, or
 * kept already where the file system cannot exchange.
 */
static int
put_one(struct swap *s, const char *name, struct error *e)
{
    if (!is_there(s->dir, name))
        return file_move(s->staged_dir, name, s->dir, name, e);
    if (file_exchange(s->staged_dir, name, s->dir, name, e) == 0)
        return 0;
    if (e->kind != ERROR_DENIED)
        return -1;
    memset(e, 0, sizeof *e);
    if (keep_aside(s, s->dir, name, e) != 0)
        return -1;
    return file_move(s->staged_dir, name, s->dir, name, e);
}

static bool
is_listed(const struct swap *s, const char *name)
{
    for (size_t i = 0; i < s->count; i++)
        if (strcmp(s->entries[i], name) == 0)
            return true;
    return false;
}

/* What was exchanged lies in staged_dir, what the new set lacks still in dir. */
static int
keep_old(struct swap *s, struct error *e)
{
    for (int i = 0; i < s->names->count; i++) {
        const char *name = s->names->names[i];
        int from = is_listed(s, name) ? s->staged_dir : s->dir;

        if (is_there(from, name) && keep_aside(s, from, name, e) != 0)
            return -1;
    }
    return 0;
}

/* Whether entry i of the new set is at its name in dir. */
static bool
is_staged(const struct swap *s, int dir, size_t i)
{
    struct file_identity id;
    struct error none = {0};

    return file_identify_at(dir, s->entries[i], &id, &none) == 0 &&
           file_same(&id, &s->ids[i]);
}

/*
 * Takes the new set out again and puts the old one back. A step that failed may
 * have been done all the same (a sync after its rename): what counts is what is
 * found where. True: all is as it was before.
 */
static bool
put_back(struct swap *s)
{
    struct error none = {0};
    bool undone = true;

    for (size_t i = 0; i < s->count; i++) {
        const char *name = s->entries[i];

        if (is_staged(s, s->dir, i) && is_there(s->staged_dir, name))
            file_exchange(s->staged_dir, name, s->dir, name, &none);
        else if (is_staged(s, s->dir, i))
            file_move(s->dir, name, s->staged_dir, name, &none);
        undone = undone && is_staged(s, s->staged_dir, i);
    }
    for (int i = 0; i < s->names->count && s->kept_dir >= 0; i++) {
        const char *name = s->names->names[i];

        if (is_there(s->kept_dir, name) && !is_there(s->dir, name))
            file_move(s->kept_dir, name, s->dir, name, &none);
        undone = undone && !is_there(s->kept_dir, name);
    }
    if (undone && s->kept_dir >= 0)
        file_remove_empty(s->dir, s->kept_name, &none);
    return undone;
}

static int
identify_staged(struct swap *s, struct error *e)
{
    s->ids = memory_new((s->count + 1) * sizeof *s->ids);
    for (size_t i = 0; i < s->count; i++) {
        if (!is_named(s->names, s->entries[i]))
            return error_set(e, ERROR_DAMAGED,
                             "'%.100s' is no name of a dataset", s->entries[i]);
        if (file_identify_at(s->staged_dir, s->entries[i], &s->ids[i], e) != 0)
            return -1;
    }
    return 0;
}

int
place_swap(int dir, int staged_dir, const struct place_names *names,
           const char *kept_name, struct place_outcome *outcome,
           struct error *e)
{
    struct swap s = {.dir = dir,
                     .staged_dir = staged_dir,
                     .kept_dir = -1,
                     .names = names,
                     .kept_name = kept_name};
    int rc = file_names(staged_dir, &s.entries, &s.count, e);

    *outcome = (struct place_outcome){.undone = true};
    if (rc != 0)
        return -1;
    rc = identify_staged(&s, e);
    if (rc == 0) {
        for (size_t i = 0; i < s.count && rc == 0; i++)
            rc = put_one(&s, s.entries[i], e);
        if (rc == 0)
            rc = keep_old(&s, e);
        outcome->undone = rc != 0 && put_back(&s);
    }
    outcome->kept = s.kept_dir >= 0 && !outcome->undone;
    if (s.kept_dir >= 0)
        close(s.kept_dir);
    file_free_names(s.entries, s.count);
    free(s.ids);
    return rc;
}
