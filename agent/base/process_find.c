#include "base/process.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/file_call.h"
#include "base/memory.h"

/* Ours, the shell's, the session's: deeper trees of processes are rare. */
enum { ANCESTORS_MAX = 64 };

/* proc(5): field 9 of stat has this bit for a thread of the kernel. */
enum { KERNEL_THREAD = 0x00200000 };

struct place {
    dev_t device;
    ino_t inode;
};

/* What is searched for: a directory and the files in it, as inodes. */
struct quarry {
    struct place directory;
    struct place *files; /* sorted */
    size_t count;
    size_t capacity;
    char path[PATH_MAX]; /* ours of the directory, or "" */
    struct stat space;   /* our mount namespace */
    pid_t ancestors[ANCESTORS_MAX];
    size_t ancestor_count;
};

static int
compare_places(const void *a, const void *b)
{
    const struct place *x = a, *y = b;

    if (x->device != y->device)
        return x->device < y->device ? -1 : 1;
    if (x->inode != y->inode)
        return x->inode < y->inode ? -1 : 1;
    return 0;
}

static void
add_file(struct quarry *q, const struct stat *st)
{
    q->files = memory_grow(q->files, q->count, &q->capacity, sizeof *q->files);
    q->files[q->count++] = (struct place){st->st_dev, st->st_ino};
}

/* Files of a folder and of those in it; what goes meanwhile is left out. */
static int
add_folder(struct quarry *q, int dir, bool deeper, struct error *e)
{
    char **names;
    size_t count;
    int rc = 0;

    if (file_names(dir, &names, &count, e) != 0)
        return -1;
    for (size_t i = 0; i < count && rc == 0; i++) {
        struct error ignored;
        struct stat st;
        int inner;

        if (fstatat(dir, names[i], &st, AT_SYMLINK_NOFOLLOW) != 0)
            continue;
        if (S_ISREG(st.st_mode))
            add_file(q, &st);
        if (!S_ISDIR(st.st_mode) || !deeper)
            continue;
        inner = file_call_open(dir, names[i],
                               O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
        /* A folder that we may not list cannot be compared: go by paths. */
        if (inner >= 0) {
            add_folder(q, inner, false, &ignored);
            close(inner);
        }
    }
    file_free_names(names, count);
    return rc;
}

/* The path and the parent of one process; 0: not to be had. */
static pid_t
parent_of(pid_t pid)
{
    char path[32], line[256];
    long parent = 0;
    FILE *status;

    snprintf(path, sizeof path, "/proc/%ld/status", (long)pid);
    status = fopen(path, "re");
    if (status == NULL)
        return 0;
    while (fgets(line, sizeof line, status) != NULL)
        if (sscanf(line, "PPid: %ld", &parent) == 1)
            break;
    fclose(status);
    return (pid_t)parent;
}

static void
add_ancestors(struct quarry *q)
{
    pid_t pid = getpid();

    while (pid > 0 && q->ancestor_count < ANCESTORS_MAX) {
        q->ancestors[q->ancestor_count++] = pid;
        pid = parent_of(pid);
    }
}

static int
begin_quarry(struct quarry *q, int dir, struct error *e)
{
    char link[32];
    struct stat st;
    ssize_t length;
    int folder = file_open_directory(dir, ".", e);

    memset(q, 0, sizeof *q);
    if (folder < 0)
        return -1;
    if (fstat(folder, &st) != 0) {
        error_sys(e, "look at the directory");
        close(folder);
        return -1;
    }
    if (add_folder(q, folder, true, e) != 0) {
        close(folder);
        return error_in(e, "list the directory");
    }
    q->directory = (struct place){st.st_dev, st.st_ino};
    snprintf(link, sizeof link, "/proc/self/fd/%d", folder);
    length = readlink(link, q->path, sizeof q->path - 1);
    q->path[length > 0 ? length : 0] = '\0';
    close(folder);
    if (stat("/proc/self/ns/mnt", &q->space) != 0)
        q->path[0] = '\0';
    if (q->count > 0)
        qsort(q->files, q->count, sizeof *q->files, compare_places);
    add_ancestors(q);
    return 0;
}

/* For a file that came after our list, or has no name any more. */
static bool
has_path_inside(const struct quarry *q, int fds, const char *number)
{
    char target[PATH_MAX];
    size_t prefix = strlen(q->path);
    const char *slash;
    ssize_t length = readlinkat(fds, number, target, sizeof target - 1);

    if (prefix <= 1 || length <= 0)
        return false;
    target[length] = '\0';
    if (strncmp(target, q->path, prefix) != 0 || target[prefix] != '/')
        return false;
    slash = strchr(target + prefix + 1, '/');
    return slash == NULL || strchr(slash + 1, '/') == NULL;
}

/* proc(5): "flags:" is the octal mode of open(2). */
static bool
is_written(int proc, const char *number)
{
    char path[64], line[128];
    unsigned flags = 0;
    FILE *info;
    int fd;

    snprintf(path, sizeof path, "fdinfo/%.32s", number);
    fd = file_call_open(proc, path, O_RDONLY, 0);
    if (fd < 0)
        return false;
    info = fdopen(fd, "r");
    if (info == NULL) {
        close(fd);
        return false;
    }
    while (fgets(line, sizeof line, info) != NULL)
        if (sscanf(line, "flags: %o", &flags) == 1)
            break;
    fclose(info);
    return (flags & O_ACCMODE) != O_RDONLY;
}

static bool
names_server(const char *text)
{
    return strstr(text, "redis") != NULL || strstr(text, "valkey") != NULL;
}

bool
process_is_server(int proc, const char *command)
{
    char exe[PATH_MAX];
    const char *base;
    ssize_t length;

    if (strncmp(command, "redis-cli", 9) == 0 ||
        strncmp(command, "valkey-cli", 10) == 0)
        return false;
    if (names_server(command))
        return true;
    length = readlinkat(proc, "exe", exe, sizeof exe - 1);
    if (length <= 0)
        return false;
    exe[length] = '\0';
    base = strrchr(exe, '/');
    return names_server(base == NULL ? exe : base);
}

static bool
holds_file(const struct quarry *q, int proc, int fds, const char *number,
           bool server)
{
    struct stat st, space;
    struct place place;

    if (fstatat(fds, number, &st, 0) != 0 || !S_ISREG(st.st_mode) ||
        st.st_dev != q->directory.device)
        return false;
    place = (struct place){st.st_dev, st.st_ino};
    if (q->count == 0 || bsearch(&place, q->files, q->count, sizeof place,
                                 compare_places) == NULL) {
        /* A path means something only where mounts are the same as ours. */
        if (fstatat(proc, "ns/mnt", &space, 0) != 0 ||
            space.st_ino != q->space.st_ino || !has_path_inside(q, fds, number))
            return false;
    }
    return server || is_written(proc, number);
}

/* 1: it has a file open; 0: none; -1: we may not see. */
static int
search_files(const struct quarry *q, int proc, bool server)
{
    int found = 0, fd = file_call_open(proc, "fd", O_RDONLY | O_DIRECTORY, 0);
    DIR *entries = fd < 0 ? NULL : fdopendir(fd);
    struct dirent *entry;

    if (entries == NULL) {
        found = errno == EACCES || errno == EPERM ? -1 : 0;
        if (fd >= 0)
            close(fd);
        return found;
    }
    while (found == 0 && (entry = readdir(entries)) != NULL)
        if (entry->d_name[0] != '.' &&
            holds_file(q, proc, fd, entry->d_name, server))
            found = 1;
    closedir(entries);
    return found;
}

static bool
is_kernel_thread(int proc)
{
    char text[512], *at;
    int fd = file_call_open(proc, "stat", O_RDONLY, 0);
    ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof text - 1);

    if (fd >= 0)
        close(fd);
    if (n <= 0)
        return false;
    text[n] = '\0';
    at = strrchr(text, ')');
    for (int field = 2; at != NULL && field < 9; field++)
        at = strchr(at + 1, ' ');
    return at != NULL && (strtoul(at + 1, NULL, 10) & KERNEL_THREAD) != 0;
}

/* 1: it uses the directory. */
static int
search_process(const struct quarry *q, const struct process_view *view,
               size_t *hidden)
{
    char path[32];
    bool server;
    int proc, found;

    snprintf(path, sizeof path, "/proc/%ld", (long)view->pid);
    proc = file_call_open(AT_FDCWD, path, O_RDONLY | O_DIRECTORY, 0);
    if (proc < 0)
        return 0;
    server = process_is_server(proc, view->command);
    if (server && view->cwd_device == q->directory.device &&
        view->cwd_inode == q->directory.inode)
        found = 1;
    else
        found = search_files(q, proc, server);
    if (found < 0 && !is_kernel_thread(proc))
        ++*hidden;
    close(proc);
    return found > 0;
}

static bool
is_ancestor(const struct quarry *q, pid_t pid)
{
    for (size_t i = 0; i < q->ancestor_count; i++)
        if (q->ancestors[i] == pid)
            return true;
    return false;
}

static int
search_all(const struct quarry *q, DIR *all, struct process_view *view,
           size_t *hidden)
{
    struct dirent *entry;

    while ((entry = readdir(all)) != NULL) {
        struct process_view look;
        struct error ended;
        char *end;
        long pid = strtol(entry->d_name, &end, 10);

        if (*end != '\0' || pid <= 0 || is_ancestor(q, (pid_t)pid) ||
            process_look((pid_t)pid, &look, &ended) != 0)
            continue;
        if (search_process(q, &look, hidden)) {
            *view = look;
            return 1;
        }
    }
    return 0;
}

int
process_find_user(int dir, struct process_view *view, size_t *hidden,
                  struct error *e)
{
    struct quarry *q = memory_new(sizeof *q);
    DIR *all = NULL;
    int rc = -1;

    *hidden = 0;
    if (begin_quarry(q, dir, e) != 0)
        goto out;
    all = opendir("/proc");
    if (all == NULL) {
        error_sys(e, "list /proc");
        goto out;
    }
    rc = search_all(q, all, view, hidden);

out:
    if (all != NULL)
        closedir(all);
    free(q->files);
    free(q);
    return rc;
}
