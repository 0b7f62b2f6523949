#include "jobs/guard_names.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/text.h"
#include "jobs/place.h"

static bool
ends_in(const char *name, const char *const suffixes[])
{
    bool temporary = strncmp(name, "temp-", 5) == 0;

    for (size_t i = 0; suffixes[i] != NULL && !temporary; i++)
        if (text_has_suffix(name, suffixes[i]))
            return true;
    return false;
}

/* The first file in dir of such a name, with the folder before it; NULL. */
static char *
find_in(int dir, const char *folder, const char *const suffixes[])
{
    struct error none = {0};
    struct file_identity id;
    char **names, *found = NULL;
    size_t count;

    if (file_names(dir, &names, &count, &none) != 0)
        return NULL;
    for (size_t i = 0; i < count && found == NULL; i++)
        if (ends_in(names[i], suffixes) &&
            file_identify_at(dir, names[i], &id, &none) == 0 &&
            S_ISREG(id.mode) && id.size_bytes > 0)
            found = text_format("%s%s", folder, names[i]);
    file_free_names(names, count);
    return found;
}

static char *
find_below(int dir, const char *name)
{
    static const char *const of_sets[] = {".manifest", ".base.rdb", ".base.aof",
                                          ".incr.aof", NULL};
    struct error none = {0};
    char *folder, *found;
    int below;

    if (place_is_ours(name) || (below = file_open_inner(dir, name, &none)) < 0)
        return NULL;
    folder = text_format("%s/", name);
    found = find_in(below, folder, of_sets);
    free(folder);
    close(below);
    return found;
}

char *
guard_names_find(int dir, bool dumps)
{
    static const char *const aofs[] = {".aof", NULL};
    static const char *const rdbs[] = {".rdb", NULL};
    struct error none = {0};
    char **names, *found = find_in(dir, "", aofs);
    size_t count;

    if (found == NULL && dumps)
        found = find_in(dir, "", rdbs);
    if (found != NULL || file_names(dir, &names, &count, &none) != 0)
        return found;
    for (size_t i = 0; i < count && found == NULL; i++)
        found = find_below(dir, names[i]);
    file_free_names(names, count);
    return found;
}

/* Takes path over; gives it back if it is such a link. */
static char *
if_gone(int dir, char *path)
{
    struct error none = {0};
    struct file_identity id;

    if (file_identify_at(dir, path, &id, &none) == 0 && S_ISLNK(id.mode) &&
        faccessat(dir, path, F_OK, 0) != 0 && errno == ENOENT)
        return path;
    free(path);
    return NULL;
}

static const char *
or_usual(const char *name, const char *usual)
{
    return name != NULL ? name : usual;
}

char *
guard_names_find_gone(int dir, const struct dataset_names *names)
{
    const char *aof = or_usual(names->appendfilename, "appendonly.aof");
    const char *folder = or_usual(names->appenddirname, "appendonlydir");
    char *found = NULL;

    if (names->appendonly != DATASET_APPENDONLY_NO && !names->no_manifest)
        found = if_gone(dir, text_format("%s/%s.manifest", folder, aof));
    if (names->appendonly != DATASET_APPENDONLY_NO && names->no_manifest)
        found = if_gone(dir, memory_dup(aof));
    if (names->appendonly != DATASET_APPENDONLY_YES && found == NULL)
        found =
            if_gone(dir, memory_dup(or_usual(names->dbfilename, "dump.rdb")));
    return found;
}
