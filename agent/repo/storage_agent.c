#include "repo/storage_agent.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/text.h"
#include "repo/storage_instance.h"

#define LOCKS "locks"
#define AGENT "agent"
#define DRAFT ".redkeep-" /* of file_draft_begin */

enum { FOLDER_MODE = 0700 };

static bool
is_agents(const char *name)
{
    return strcmp(name, LOCKS) == 0 || strcmp(name, AGENT) == 0 ||
           strncmp(name, DRAFT, strlen(DRAFT)) == 0;
}

int
storage_agent_is_only(int instance_dir, bool *only, struct error *e)
{
    size_t count, ours = 0;
    char **names;

    if (file_names(instance_dir, &names, &count, e) != 0)
        return -1;
    for (size_t i = 0; i < count; i++)
        ours += is_agents(names[i]);
    file_free_names(names, count);
    *only = ours == count;
    return 0;
}

static bool
has(int dir, const char *name)
{
    struct file_identity identity;
    struct error none = {0};

    return file_identify_at(dir, name, &identity, &none) == 0;
}

bool
storage_agent_has(int instance_dir)
{
    return has(instance_dir, AGENT) || has(instance_dir, LOCKS "/" AGENT);
}

/* A mistyped path may be that of a data directory. */
static int
check_folder(int dir, const char *path, struct error *e)
{
    bool only = has(dir, STORAGE_INSTANCE_FILE);

    if (!only && storage_agent_is_only(dir, &only, e) != 0)
        return error_in(e, "%s", path);
    if (only)
        return 0;
    return error_set(e, ERROR_REFUSED,
                     "%s is neither empty nor an instance of a repository",
                     path);
}

static int
open_folder(const char *path, bool make, struct error *e)
{
    int dir;

    if (make && file_make_path(path, FOLDER_MODE, e) != 0)
        return -1;
    dir = file_open_directory(AT_FDCWD, path, e);
    if (dir < 0 || check_folder(dir, path, e) == 0)
        return dir;
    close(dir);
    return -1;
}

int
storage_agent_open(const char *repo, const char *instance, bool make,
                   struct error *e)
{
    char *path, name[80];
    int dir;

    if (!text_is_name(instance) || instance[0] == '.') {
        text_quote(name, sizeof name, instance, strlen(instance));
        return error_set(e, ERROR_USAGE,
                         "'%s' cannot be the name of an instance", name);
    }
    path = text_format("%s/%s", repo, instance);
    dir = open_folder(path, make, e);
    free(path);
    return dir;
}

int
storage_lock_agent(const char *repo, const char *instance, struct lock *lock,
                   struct error *e)
{
    int rc = -1, locks = -1;
    int dir = storage_agent_open(repo, instance, true, e);

    lock->fd = -1;
    if (dir < 0)
        return error_in(e, "repository %s", repo);
    if (file_make_directory(dir, LOCKS, FOLDER_MODE, NULL, e) == 0)
        locks = file_open_inner(dir, LOCKS, e);
    if (locks >= 0) {
        rc = lock_take(lock, locks, AGENT, e);
        close(locks);
    }
    close(dir);
    if (rc != 0 && e->kind == ERROR_LOCKED)
        return error_in(e, "another agent keeps %s/%s", repo, instance);
    return rc == 0 ? 0 : error_in(e, "%s/%s", repo, instance);
}
