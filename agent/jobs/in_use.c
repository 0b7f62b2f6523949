#include "jobs/in_use.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/process.h"
#include "formats/dataset.h"

enum { GROWTH_WATCH_MS = 2000, GROWTH_LOOK_MS = 100 };

/* The kernel's number of the first pid namespace: who is in it sees all. */
static const ino_t first_pid_namespace = 0xEFFFFFFC;

static bool
sees_all_processes(size_t hidden)
{
    struct stat st;

    return hidden == 0 && stat("/proc/self/ns/pid", &st) == 0 &&
           st.st_ino == first_pid_namespace;
}

static int
by_server(const struct instance *server, int dir, const char *path,
          struct error *e)
{
    struct file_identity ours, theirs;

    if (server == NULL || server->link == NULL || server->dir < 0)
        return 0;
    if (file_identify(dir, &ours, e) != 0 ||
        file_identify(server->dir, &theirs, e) != 0)
        return -1;
    if (!file_same(&ours, &theirs))
        return 0;
    return error_set(
        e, ERROR_REFUSED,
        "the server at %s is running and uses %s: stop it first"
        " (systemctl stop ..., or SHUTDOWN NOSAVE), then try again",
        server->url, path);
}

static int
by_process(int dir, const char *path, size_t *hidden, struct error *e)
{
    struct process_view user;
    int found = process_find_user(dir, &user, hidden, e);

    if (found < 0)
        return error_in(e, "look for processes that use %s", path);
    if (found == 0)
        return 0;
    return error_set(e, ERROR_REFUSED,
                     "process %d (%s) uses %s: stop it first, then try again",
                     (int)user.pid, user.command, path);
}

/* The file that a running server has open for writing; NULL: none. */
static const struct dataset_file *
appended(const struct dataset *d)
{
    for (size_t n = d->count; n > 0; n--)
        if (d->files[n - 1].fd >= 0 &&
            (d->files[n - 1].role == DATASET_ROLE_INCR ||
             d->files[n - 1].role == DATASET_ROLE_SINGLE))
            return &d->files[n - 1];
    return NULL;
}

/* Watches the file for growth where the kernel does not tell. */
static int
by_growth(const struct dataset_file *f, const char *path, struct error *e)
{
    struct file_identity now;

    for (int ms = 0; ms < GROWTH_WATCH_MS; ms += GROWTH_LOOK_MS) {
        if (process_check_stop(e) != 0 || file_identify(f->fd, &now, e) != 0)
            return -1;
        if (now.size_bytes != f->id.size_bytes ||
            now.mtime_ns != f->id.mtime_ns)
            return error_set(e, ERROR_REFUSED,
                             "%s/%s is being written: stop the server first,"
                             " then try again",
                             path, f->path);
        poll(NULL, 0, GROWTH_LOOK_MS);
    }
    return 0;
}

/*
 * The file is not being written; but the server may be loading it, and one whose
 * AOF was switched off has it closed and saves dumps, of which the newest is
 * newer.
 */
static bool
is_left_alone(const struct dataset *d, const struct dataset_file *f, int dir,
              const char *dump)
{
    struct file_identity id;
    struct error none = {0};

    for (size_t n = 0; n < d->count; n++)
        if (d->files[n].fd >= 0 && !file_is_only_ours(d->files[n].fd))
            return false;
    return file_identify_at(dir, dump, &id, &none) != 0 ||
           id.mtime_ns <= f->id.mtime_ns;
}

static int
cannot_tell(const char *path, bool stopped, struct error *e)
{
    if (stopped)
        return 0;
    return error_set(e, ERROR_REFUSED,
                     "cannot tell whether a server uses %s (it may run in"
                     " another container or as another user): make sure that"
                     " none does, then add --server-is-stopped",
                     path);
}

static int
by_files(const struct dataset *d, int dir, const char *dump, const char *path,
         bool seen_all, bool stopped, struct error *e)
{
    const struct dataset_file *f = appended(d);
    enum file_writer writer;

    if (f == NULL)
        return seen_all || d->count == 0 ? 0 : cannot_tell(path, stopped, e);
    if (file_find_writer(f->fd, &writer, e) != 0)
        return -1;
    if (writer == FILE_WRITER_SOME)
        return error_set(e, ERROR_REFUSED,
                         "%s/%s is open for writing in some process, maybe in"
                         " a container: stop the server first, then try again",
                         path, f->path);
    if (seen_all ||
        (writer == FILE_WRITER_NONE && is_left_alone(d, f, dir, dump)))
        return 0;
    if (by_growth(f, path, e) != 0)
        return -1;
    return cannot_tell(path, stopped, e);
}

static struct dataset_names
names_of(const struct instance *server)
{
    struct dataset_names names = {.appendonly = DATASET_APPENDONLY_AUTO};

    if (server != NULL) {
        names.dbfilename = server->settings.dbfilename;
        names.appendfilename = server->settings.appendfilename;
        names.appenddirname = server->settings.appenddirname;
    }
    return names;
}

int
in_use_check(const struct instance *server, int dir,
             const struct dataset_names *names, const char *path, bool stopped,
             struct error *e)
{
    struct dataset_names own = names_of(server);
    struct dataset d;
    size_t hidden = 0;
    int rc;

    if (by_server(server, dir, path, e) != 0 ||
        by_process(dir, path, &hidden, e) != 0)
        return -1;
    if (names == NULL)
        names = &own;
    if (dataset_open(&d, dir, names, e) != 0) {
        if (e->kind == ERROR_CHANGED)
            e->kind = ERROR_REFUSED;
        return error_in(e, "%s", path);
    }
    rc = by_files(&d, dir,
                  names->dbfilename != NULL ? names->dbfilename : "dump.rdb",
                  path, sees_all_processes(hidden), stopped, e);
    dataset_close(&d);
    return rc;
}
