#include "jobs/trial_program.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/text.h"
#include "jobs/local_server.h"

static bool
is_roots(const struct stat *st)
{
    return st->st_uid == 0 && (st->st_mode & (S_IWGRP | S_IWOTH)) == 0;
}

/* The program, and every folder that leads to it. */
static bool
only_root_writes(const char *path)
{
    char *at = memory_dup(path), *slash;
    struct stat st;
    bool only = lstat(at, &st) == 0 && S_ISREG(st.st_mode) && is_roots(&st);

    while (only && (slash = strrchr(at, '/')) != NULL) {
        *slash = '\0';
        only = lstat(*at != '\0' ? at : "/", &st) == 0 && S_ISDIR(st.st_mode) &&
               is_roots(&st);
    }
    free(at);
    return only;
}

/* Debian's redis-server is another name of redis-check-rdb. */
static char *
find_server_name(const char *path, const struct stat *program)
{
    static const char *const names[] = {"redis-server", "valkey-server"};
    int folder = (int)(strrchr(path, '/') - path);
    struct stat st;

    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char *name = text_format("%.*s/%s", folder, path, names[i]);

        if (stat(name, &st) == 0 && st.st_dev == program->st_dev &&
            st.st_ino == program->st_ino)
            return name;
        free(name);
    }
    return NULL;
}

/*
 * The path of a process's program, where only root decides what that is; else
 * NULL. A pid that a server tells may be any process's, and its files those of
 * a container.
 */
static char *
program_of(pid_t pid)
{
    char *link = text_format("/proc/%ld/exe", (long)pid), path[PATH_MAX];
    ssize_t n = readlink(link, path, sizeof path - 1);
    struct stat running, here;
    char *name = NULL;

    path[n > 0 ? n : 0] = '\0';
    /* What runs in a container may be another file of that path. */
    if (path[0] == '/' && stat(link, &running) == 0 &&
        lstat(path, &here) == 0 && running.st_dev == here.st_dev &&
        running.st_ino == here.st_ino && only_root_writes(path))
        name = find_server_name(path, &running);
    free(link);
    return name;
}

/*
 * By the absolute folders of PATH only: the server is started in a folder of
 * restored files, where "." would be those.
 */
static char *
find_in_path(const char *name)
{
    const char *list = getenv("PATH");
    char *all = memory_dup(list != NULL ? list : "/usr/bin:/bin");
    char *rest = all, *folder, *found = NULL;
    struct stat st;

    while (found == NULL && (folder = strsep(&rest, ":")) != NULL) {
        found = text_format("%s/%s", folder, name);
        if (folder[0] == '/' && stat(found, &st) == 0 && S_ISREG(st.st_mode) &&
            access(found, X_OK) == 0)
            break;
        free(found);
        found = NULL;
    }
    free(all);
    return found;
}

/* Takes path over. */
static bool
take(struct trial_program *p, char *path)
{
    p->path = path;
    if (path != NULL && local_server_ask(path, &p->release))
        return true;
    trial_program_clear(p);
    return false;
}

int
trial_program_find(struct trial_program *p, bool valkey, int64_t running_pid,
                   struct error *e)
{
    const char *names[] = {"redis-server", "valkey-server"};

    *p = (struct trial_program){0};
    if ((running_pid > 0 && running_pid <= INT_MAX &&
         take(p, program_of((pid_t)running_pid))) ||
        take(p, find_in_path(names[valkey])) ||
        take(p, find_in_path(names[!valkey])))
        return 0;
    return error_set(e, ERROR_FAILED,
                     "there is no redis-server and no valkey-server in PATH to"
                     " load the data with: install the server's package, or"
                     " set PATH");
}

void
trial_program_clear(struct trial_program *p)
{
    free(p->path);
    *p = (struct trial_program){0};
}
