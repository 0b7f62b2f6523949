#include "base/process_quarry.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/file_call.h"
#include "base/memory.h"

/* What the kernel puts behind the path of what has lost its name. */
static const char removed[] = " (deleted)";

static int
compare_places(const void *a, const void *b)
{
    const struct process_place *x = a, *y = b;

    if (x->device != y->device)
        return x->device < y->device ? -1 : 1;
    if (x->inode != y->inode)
        return x->inode < y->inode ? -1 : 1;
    return 0;
}

static struct process_place
place_of(const struct stat *st)
{
    return (struct process_place){st->st_dev, st->st_ino};
}

/* An editor's own file beside one (".dump.rdb.swp") is none. */
static bool
is_data(const char *name)
{
    return name[0] != '.' &&
           (strstr(name, ".aof") != NULL || strstr(name, ".rdb") != NULL);
}

static void
add_file(struct process_quarry *q, const struct stat *st,
         struct process_place folder, const char *name)
{
    q->files = memory_grow(q->files, q->count, &q->capacity, sizeof *q->files);
    q->files[q->count++] = (struct process_quarry_file){
        .place = place_of(st), .folder = folder, .data = is_data(name)};
}

/* Files of a folder and of those in it; what goes meanwhile is left out. */
static int
add_folder(struct process_quarry *q, int dir, bool deeper, struct error *e)
{
    char **names;
    size_t count;
    struct stat own;

    if (fstat(dir, &own) != 0)
        return error_sys(e, "stat");
    if (file_names(dir, &names, &count, e) != 0)
        return -1;
    for (size_t i = 0; i < count; i++) {
        struct error ignored;
        struct stat st;
        int inner;

        if (fstatat(dir, names[i], &st, AT_SYMLINK_NOFOLLOW) != 0)
            continue;
        if (S_ISREG(st.st_mode))
            add_file(q, &st, place_of(&own), names[i]);
        if (!S_ISDIR(st.st_mode) || !deeper || names[i][0] == '.')
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
    return 0;
}

int
process_quarry_begin(struct process_quarry *q, int dir, struct error *e)
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
    q->directory = place_of(&st);
    snprintf(link, sizeof link, "/proc/self/fd/%d", folder);
    length = readlink(link, q->path, sizeof q->path - 1);
    q->path[length > 0 ? length : 0] = '\0';
    close(folder);
    if (stat("/proc/self/ns/mnt", &q->space) != 0)
        q->path[0] = '\0';
    if (q->count > 0)
        qsort(q->files, q->count, sizeof *q->files, compare_places);
    return 0;
}

void
process_quarry_clear(struct process_quarry *q)
{
    free(q->files);
    q->files = NULL;
}

/* A path means something only where mounts are the same as ours. */
static bool
shares_paths(const struct process_quarry *q, int proc)
{
    struct stat space;

    return strlen(q->path) > 1 && fstatat(proc, "ns/mnt", &space, 0) == 0 &&
           space.st_ino == q->space.st_ino;
}

/* The path of a link of /proc behind that of the directory, or NULL. */
static const char *
path_inside(const struct process_quarry *q, int dir, const char *link,
            char target[PATH_MAX])
{
    size_t prefix = strlen(q->path);
    ssize_t length = readlinkat(dir, link, target, PATH_MAX - 1);

    if (length <= 0)
        return NULL;
    target[length] = '\0';
    return strncmp(target, q->path, prefix) == 0 ? target + prefix : NULL;
}

bool
process_quarry_is_home(const struct process_quarry *q, int proc,
                       const struct process_view *view)
{
    char target[PATH_MAX];
    const char *rest;

    if (view->cwd_device == q->directory.device &&
        view->cwd_inode == q->directory.inode)
        return true;
    if (!shares_paths(q, proc))
        return false;
    rest = path_inside(q, proc, "cwd", target);
    return rest != NULL && strcmp(rest, removed) == 0;
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

/* A file that came after our list, or has no name any more. */
static bool
is_inside(const struct process_quarry *q, int proc, int fds, const char *number,
          bool server)
{
    char target[PATH_MAX];
    const char *rest, *slash;

    if (!shares_paths(q, proc))
        return false;
    rest = path_inside(q, fds, number, target);
    if (rest == NULL || rest[0] != '/' || rest[1] == '.')
        return false;
    slash = strchr(rest + 1, '/');
    if (slash != NULL && strchr(slash + 1, '/') != NULL)
        return false;
    return server || is_data(slash != NULL ? slash + 1 : rest + 1);
}

static bool
is_listed(const struct process_quarry *q, const struct stat *st,
          const struct process_view *view, bool server, bool *counts)
{
    const struct process_place place = place_of(st);
    const struct process_quarry_file *found =
        q->count == 0 ? NULL
                      : bsearch(&place, q->files, q->count, sizeof *q->files,
                                compare_places);
    bool is_below;

    if (found == NULL)
        return false;
    is_below = compare_places(&found->folder, &q->directory) != 0;
    *counts = server ? !is_below || view->cwd_device != found->folder.device ||
                           view->cwd_inode != found->folder.inode
                     : found->data;
    return true;
}

int
process_quarry_holds(const struct process_quarry *q, int proc, int fds,
                     const char *number, const struct process_view *view,
                     bool server)
{
    struct stat st;
    bool counts = true;

    if (fstatat(fds, number, &st, 0) != 0)
        return errno == EACCES || errno == EPERM ? -1 : 0;
    if (!S_ISREG(st.st_mode))
        return 0;
    if (!is_listed(q, &st, view, server, &counts) &&
        !is_inside(q, proc, fds, number, server))
        return 0;
    return counts && (server || is_written(proc, number));
}
