#include "formats/dataset.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "formats/dataset_find.h"

/* A set changes once a rewrite; this many times means something is wrong. */
enum { TRIES = 100 };

static const char *const kind_names[] = {
    [DATASET_NONE] = "none",
    [DATASET_RDB] = "rdb",
    [DATASET_AOF] = "aof",
    [DATASET_AOF_SINGLE] = "aof-single",
};

static const char *const role_names[] = {
    [DATASET_ROLE_DUMP] = "dump",         [DATASET_ROLE_SINGLE] = "single",
    [DATASET_ROLE_MANIFEST] = "manifest", [DATASET_ROLE_BASE] = "base",
    [DATASET_ROLE_INCR] = "incr",         [DATASET_ROLE_ORPHAN] = "orphan",
};

static bool
find_name(const char *const names[], size_t count, const char *name, size_t *i)
{
    for (*i = 0; *i < count; (*i)++)
        if (strcmp(names[*i], name) == 0)
            return true;
    return false;
}

/* Names come from a server's settings: they must not leave the directory. */
static int
complete_names(struct dataset_names *full, const struct dataset_names *names,
               struct error *e)
{
    *full = *names;
    if (full->dbfilename == NULL)
        full->dbfilename = "dump.rdb";
    if (full->appendfilename == NULL)
        full->appendfilename = "appendonly.aof";
    if (full->appenddirname == NULL)
        full->appenddirname = "appendonlydir";
    if (!text_is_name(full->dbfilename))
        return error_set(e, ERROR_USAGE, "dbfilename '%.100s' is no file name",
                         full->dbfilename);
    if (!text_is_name(full->appendfilename))
        return error_set(e, ERROR_USAGE,
                         "appendfilename '%.100s' is no file name",
                         full->appendfilename);
    if (!text_is_name(full->appenddirname))
        return error_set(e, ERROR_USAGE,
                         "appenddirname '%.100s' is no file name",
                         full->appenddirname);
    return 0;
}

int
dataset_open(struct dataset *d, int dir, const struct dataset_names *names,
             struct error *e)
{
    struct dataset_names full;
    bool changed;

    *d = (struct dataset){0};
    if (complete_names(&full, names, e) != 0)
        return -1;
    for (int i = 0; i < TRIES; i++) {
        if (dataset_find(d, dir, &full, &changed, e) != 0) {
            dataset_close(d);
            return -1;
        }
        if (!changed)
            return 0;
        dataset_close(d);
    }
    return error_set(e, ERROR_CHANGED,
                     "the files changed each of %d times they were opened",
                     TRIES);
}

void
dataset_close(struct dataset *d)
{
    for (size_t i = 0; i < d->count; i++) {
        free(d->files[i].path);
        if (d->files[i].fd >= 0)
            close(d->files[i].fd);
    }
    free(d->files);
    for (size_t i = 0; i < d->beside_count; i++)
        free(d->beside[i].path);
    free(d->beside);
    aof_manifest_clear(&d->manifest);
    *d = (struct dataset){0};
}

const char *
dataset_kind_name(enum dataset_kind kind)
{
    return kind_names[kind];
}

const char *
dataset_role_name(enum dataset_role role)
{
    return role_names[role];
}

bool
dataset_find_kind(const char *name, enum dataset_kind *kind)
{
    size_t i;

    if (!find_name(kind_names, sizeof kind_names / sizeof *kind_names, name,
                   &i))
        return false;
    *kind = (enum dataset_kind)i;
    return true;
}

bool
dataset_find_role(const char *name, enum dataset_role *role)
{
    size_t i;

    if (!find_name(role_names, sizeof role_names / sizeof *role_names, name,
                   &i))
        return false;
    *role = (enum dataset_role)i;
    return true;
}
