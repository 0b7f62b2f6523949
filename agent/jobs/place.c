#include "jobs/place.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"

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

static bool
is_known(const struct place_names *names, const char *name)
{
    if (strcmp(name, "lost+found") == 0 || strcmp(name, PLACE_WORK) == 0 ||
        strncmp(name, PLACE_KEPT_PREFIX, strlen(PLACE_KEPT_PREFIX)) == 0)
        return true;
    for (int i = 0; i < names->count; i++)
        if (strcmp(names->names[i], name) == 0)
            return true;
    return false;
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

static int
open_kept(int dir, const char *kept_name, int *kept_dir, struct error *e)
{
    if (*kept_dir >= 0)
        return 0;
    if (file_make_directory(dir, kept_name, 0700, NULL, e) != 0)
        return -1;
    *kept_dir = file_open_directory(dir, kept_name, e);
    return *kept_dir < 0 ? -1 : 0;
}

/*
 * Puts one staged entry at its name; the old one is in its stead afterwards, or
 * kept already where the file system cannot exchange.
 */
static int
put_one(int dir, int staged_dir, const char *name, const char *kept_name,
        int *kept_dir, struct error *e)
{
    if (!is_there(dir, name))
        return file_move(staged_dir, name, dir, name, e);
    if (file_exchange(staged_dir, name, dir, name, e) == 0)
        return 0;
    if (e->kind != ERROR_DENIED)
        return -1;
    memset(e, 0, sizeof *e);
    if (open_kept(dir, kept_name, kept_dir, e) != 0 ||
        file_move(dir, name, *kept_dir, name, e) != 0)
        return -1;
    return file_move(staged_dir, name, dir, name, e);
}

static bool
is_listed(char **entries, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(entries[i], name) == 0)
            return true;
    return false;
}

/* What was exchanged lies in staged_dir, what the new set lacks still in dir. */
static int
keep_old(int dir, int staged_dir, const struct place_names *names,
         char **entries, size_t count, const char *kept_name, int *kept_dir,
         struct error *e)
{
    for (int i = 0; i < names->count; i++) {
        const char *name = names->names[i];
        int from = is_listed(entries, count, name) ? staged_dir : dir;

        if (!is_there(from, name))
            continue;
        if (open_kept(dir, kept_name, kept_dir, e) != 0 ||
            file_move(from, name, *kept_dir, name, e) != 0)
            return -1;
    }
    return 0;
}

int
place_swap(int dir, int staged_dir, const struct place_names *names,
           const char *kept_name, bool *kept, struct error *e)
{
    int kept_dir = -1, rc = 0;
    char **entries;
    size_t count;

    *kept = false;
    if (file_names(staged_dir, &entries, &count, e) != 0)
        return -1;
    for (size_t i = 0; i < count && rc == 0; i++)
        rc = put_one(dir, staged_dir, entries[i], kept_name, &kept_dir, e);
    if (rc == 0)
        rc = keep_old(dir, staged_dir, names, entries, count, kept_name,
                      &kept_dir, e);
    *kept = kept_dir >= 0;
    if (kept_dir >= 0)
        close(kept_dir);
    file_free_names(entries, count);
    return rc;
}
