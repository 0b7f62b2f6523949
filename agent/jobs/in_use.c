#include "jobs/in_use.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/process.h"

enum { GROWTH_WATCH_MS = 2000, GROWTH_LOOK_MS = 100, WAIT_LOOK_MS = 20 };

/* A child that saves writes temp-PID.rdb or temp-rewriteaof-PID.aof in the
 * data directory itself. */
#define TEMPORARY_PREFIX "temp-"

/* The kernel's number of the first pid namespace: who is in it sees all. */
static const ino_t first_pid_namespace = 0xEFFFFFFC;

static bool
sees_all_processes(const struct in_use *u, const struct process_users *users)
{
    struct stat st;

    return users->hidden == 0 && !file_is_shared(u->options.dir) &&
           stat("/proc/self/ns/pid", &st) == 0 &&
           st.st_ino == first_pid_namespace;
}

/* It may have been stopped since it was asked. */
static bool
answers(const struct instance *server)
{
    struct info info;
    struct error none = {0};

    return server != NULL && server->link != NULL &&
           info_ask(server->link, &info, &none) == 0;
}

static int
by_server(const struct in_use_options *o, struct error *e)
{
    struct file_identity ours, theirs;

    if (!answers(o->server) || o->server->dir < 0)
        return 0;
    if (file_identify(o->dir, &ours, e) != 0 ||
        file_identify(o->server->dir, &theirs, e) != 0)
        return -1;
    if (!file_same(&ours, &theirs))
        return 0;
    return error_set(
        e, ERROR_REFUSED,
        "the server at %s is running and uses %s: stop it first"
        " (systemctl stop ..., or SHUTDOWN NOSAVE), then try again",
        o->server->url, o->path);
}

static int
find_users(const struct in_use *u, struct process_users *users, struct error *e)
{
    if (process_find_users(u->options.dir, users, e) == 0)
        return 0;
    return error_in(e, "look for processes that use %s", u->options.path);
}

static int
refuse_process(const struct in_use *u, const struct process_view *user,
               struct error *e)
{
    return error_set(e, ERROR_REFUSED,
                     "process %d (%s) uses %s: stop it first, then try again",
                     (int)user->pid, user->command, u->options.path);
}

static int
refuse_writer(const struct in_use *u, const char *name, struct error *e)
{
    return error_set(e, ERROR_REFUSED,
                     "%s/%s is open for writing in some process, maybe in"
                     " a container: stop the server first, then try again",
                     u->options.path, name);
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

/* Whether a lease tells of a file on this file system that nobody writes it. */
static bool
has_no_writer(const struct in_use *u, const struct dataset_file *f)
{
    enum file_writer writer;
    struct error none = {0};

    return !file_is_shared(u->options.dir) &&
           file_find_writer(f->fd, &writer, &none) == 0 &&
           writer == FILE_WRITER_NONE;
}

/* A file of the set that some process has open for writing, or NULL. */
static const struct dataset_file *
find_written(const struct dataset *d)
{
    enum file_writer writer;
    struct error none = {0};

    for (size_t n = 0; n < d->count; n++)
        if (d->files[n].fd >= 0 &&
            file_find_writer(d->files[n].fd, &writer, &none) == 0 &&
            writer == FILE_WRITER_SOME)
            return &d->files[n];
    return NULL;
}

static bool
is_written(int dir, const char *name)
{
    enum file_writer writer;
    struct error none = {0};
    int fd = file_open(dir, name, &none);
    bool written = fd >= 0 && file_find_writer(fd, &writer, &none) == 0 &&
                   writer == FILE_WRITER_SOME;

    if (fd >= 0)
        close(fd);
    return written;
}

/* A dump or rewrite that is being made: only then does a server without an AOF
 * have a file open. */
static int
by_temporaries(const struct in_use *u, struct error *e)
{
    char **names;
    size_t count;
    int rc = 0;

    if (file_names(u->options.dir, &names, &count, e) != 0)
        return error_in(e, "%s", u->options.path);
    for (size_t i = 0; i < count && rc == 0; i++)
        if (strncmp(names[i], TEMPORARY_PREFIX, strlen(TEMPORARY_PREFIX)) ==
                0 &&
            is_written(u->options.dir, names[i]))
            rc = refuse_writer(u, names[i], e);
    file_free_names(names, count);
    return rc;
}

/* Fails when the file is not as it was, or cannot be looked at. */
static int
check_still(const struct in_use *u, const struct dataset_file *f,
            struct error *e)
{
    struct file_identity now;

    if (file_identify(f->fd, &now, e) != 0)
        return error_in(e, "%s/%s", u->options.path, f->path);
    if (now.size_bytes == f->id.size_bytes && now.mtime_ns == f->id.mtime_ns)
        return 0;
    return error_set(e, ERROR_REFUSED,
                     "%s/%s is being written: stop the server first,"
                     " then try again",
                     u->options.path, f->path);
}

/* Watches the file for growth where the kernel does not tell. */
static int
by_growth(const struct in_use *u, const struct dataset_file *f, struct error *e)
{
    for (int ms = 0; ms < GROWTH_WATCH_MS; ms += GROWTH_LOOK_MS) {
        if (process_check_stop(e) != 0 || check_still(u, f, e) != 0)
            return -1;
        poll(NULL, 0, GROWTH_LOOK_MS);
    }
    return 0;
}

/* Nobody has a file of the set open: a server that loads it reads one. */
static bool
is_closed(const struct dataset *d)
{
    for (size_t n = 0; n < d->count; n++)
        if (d->files[n].fd >= 0 && !file_is_only_ours(d->files[n].fd))
            return false;
    return true;
}

/* A server whose AOF was switched off has it closed and saves dumps, of which
 * the newest is newer. */
static bool
is_newest(const struct in_use *u, const struct dataset_file *f)
{
    const char *dump = u->names.dbfilename;
    struct file_identity id;
    struct error none = {0};

    return file_identify_at(u->options.dir, dump != NULL ? dump : "dump.rdb",
                            &id, &none) != 0 ||
           id.mtime_ns <= f->id.mtime_ns;
}

static int
cannot_tell(const struct in_use *u, const struct process_users *users,
            struct error *e)
{
    const struct process_view *suspect = &users->suspect;

    if (u->options.stopped)
        return 0;
    if (suspect->pid != 0)
        return error_set(e, ERROR_REFUSED,
                         "cannot tell whether process %d (%s), which belongs"
                         " to another user, uses %s: try again as root; or"
                         " make sure that no server does, then add"
                         " --server-is-stopped",
                         (int)suspect->pid, suspect->command, u->options.path);
    return error_set(e, ERROR_REFUSED,
                     "cannot tell whether a server uses %s (it may run in"
                     " another container or as another user): make sure that"
                     " none does, then add --server-is-stopped",
                     u->options.path);
}

static int
by_files(const struct in_use *u, const struct process_users *users,
         struct error *e)
{
    const struct dataset *d = &u->dataset;
    const struct dataset_file *f = appended(d), *written = find_written(d);

    if (written != NULL)
        return refuse_writer(u, written->path, e);
    if (by_temporaries(u, e) != 0)
        return -1;
    if (sees_all_processes(u, users) || d->count == 0)
        return 0;
    if (f == NULL)
        return cannot_tell(u, users, e);
    if (has_no_writer(u, f) && is_closed(d) && is_newest(u, f))
        return 0;
    if (by_growth(u, f, e) != 0)
        return -1;
    return cannot_tell(u, users, e);
}

static struct dataset_names
names_of(const struct in_use_options *o)
{
    struct dataset_names names = {.appendonly = DATASET_APPENDONLY_AUTO};

    if (o->names != NULL)
        return *o->names;
    if (o->server != NULL) {
        names.dbfilename = o->server->settings.dbfilename;
        names.appendfilename = o->server->settings.appendfilename;
        names.appenddirname = o->server->settings.appenddirname;
    }
    return names;
}

static int
open_set(struct in_use *u, struct error *e)
{
    if (dataset_open(&u->dataset, u->options.dir, &u->names, e) == 0)
        return 0;
    if (e->kind == ERROR_CHANGED)
        e->kind = ERROR_REFUSED;
    return error_in(e, "%s", u->options.path);
}

int
in_use_begin(struct in_use *u, const struct in_use_options *options,
             struct error *e)
{
    struct process_users users = {0};
    int rc = -1;

    *u = (struct in_use){.options = *options, .names = names_of(options)};
    if (by_server(options, e) != 0 || find_users(u, &users, e) != 0)
        goto out;
    if (users.count > 0)
        refuse_process(u, &users.all[0], e);
    else if (open_set(u, e) == 0)
        rc = by_files(u, &users, e);

out:
    process_clear_users(&users);
    return rc;
}

/* One that was there before, and still is. */
static const struct process_view *
find_same(const struct process_users *before, const struct process_users *now)
{
    for (size_t i = 0; i < now->count; i++)
        for (size_t n = 0; n < before->count; n++)
            if (now->all[i].pid == before->all[n].pid &&
                now->all[i].started_ms == before->all[n].started_ms)
                return &now->all[i];
    return NULL;
}

static int
judge_again(const struct in_use *u, const struct process_users *before,
            const struct process_users *now, struct error *e)
{
    const struct dataset *d = &u->dataset;
    const struct process_view *same = find_same(before, now);
    const struct dataset_file *f = appended(d), *written = find_written(d);

    if (same != NULL)
        return refuse_process(u, same, e);
    if (written != NULL)
        return refuse_writer(u, written->path, e);
    if (sees_all_processes(u, now) || d->count == 0 ||
        (f != NULL && has_no_writer(u, f) && is_closed(d)))
        return 0;
    return cannot_tell(u, now, e);
}

int
in_use_again(struct in_use *u, struct error *e)
{
    const struct dataset_file *f = appended(&u->dataset);
    uint64_t begun_ms = clock_steady_ms();
    struct process_users before, now;
    int rc = find_users(u, &before, e);

    while (rc == 0) {
        rc = find_users(u, &now, e) == 0 ? judge_again(u, &before, &now, e)
                                         : -1;
        process_clear_users(&now);
        if (rc == 0 || e->kind != ERROR_REFUSED ||
            clock_steady_ms() - begun_ms >= IN_USE_WAIT_MS)
            break;
        poll(NULL, 0, WAIT_LOOK_MS);
        rc = process_check_stop(e);
    }
    process_clear_users(&before);
    if (rc != 0)
        return -1;
    memset(e, 0, sizeof *e);
    return f != NULL ? check_still(u, f, e) : 0;
}

void
in_use_end(struct in_use *u)
{
    dataset_close(&u->dataset);
}

int
in_use_check(const struct instance *server, int dir,
             const struct dataset_names *names, const char *path, bool stopped,
             struct error *e)
{
    const struct in_use_options options = {.server = server,
                                           .dir = dir,
                                           .names = names,
                                           .path = path,
                                           .stopped = stopped};
    struct in_use u;
    int rc = in_use_begin(&u, &options, e);

    in_use_end(&u);
    return rc;
}
