#include "jobs/unpack_file.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"

enum { DEPTH_MAX = 8 };

/* Nobody runs a data file, and not everybody writes it. */
enum { DATA_MODES = 0664 };

/* Creates the folders of path below to_dir; the last one is *dir. */
static int
make_folders(const struct unpack_options *o, const char *path, int *dir,
             const char **name, struct error *e)
{
    int at = file_open_inner(o->to_dir, ".", e);

    *dir = -1;
    *name = path;
    for (int depth = 0; at >= 0 && depth < DEPTH_MAX; depth++) {
        const char *slash = strchr(*name, '/');
        char *part;
        int next = -1;

        if (slash == NULL) {
            *dir = at;
            return 0;
        }
        part = memory_copy(*name, (size_t)(slash - *name));
        if (file_make_directory(at, part, o->dir_mode, NULL, e) == 0)
            next = file_open_inner(at, part, e);
        if (next >= 0 && (file_set_mode(next, o->dir_mode, e) != 0 ||
                          file_give(next, o->uid, o->gid, e) != 0)) {
            close(next);
            next = -1;
        }
        free(part);
        close(at);
        at = next;
        *name = slash + 1;
    }
    if (at >= 0) {
        close(at);
        error_set(e, ERROR_DAMAGED, "more than %d folders deep",
                  (int)DEPTH_MAX);
    }
    return -1;
}

/* Opens the file to write; -1 in *fd where nothing is to be written. */
int
unpack_file_create(const struct unpack_options *o, const struct catalog_file *f,
                   int *fd, struct error *e)
{
    const char *name;
    char *path;
    int dir, rc;

    *fd = -1;
    if (o->to_dir < 0 || f->config)
        return 0;
    path = o->path != NULL ? o->path(o->path_context, f) : memory_dup(f->path);
    if (path == NULL)
        return 0;
    rc = make_folders(o, path, &dir, &name, e);
    if (rc == 0) {
        *fd = file_create(dir, name, 0600, e);
        close(dir);
        rc = *fd < 0 ? -1 : 0;
    }
    free(path);
    return rc == 0 ? 0 : error_in(e, "%s", f->path);
}

int
unpack_file_finish(const struct unpack_options *o, const struct catalog_file *f,
                   int fd, struct error *e)
{
    if (file_give(fd, o->uid, o->gid, e) != 0 ||
        file_set_mode(fd, f->mode & DATA_MODES, e) != 0 ||
        file_sync(fd, e) != 0)
        return error_in(e, "%s", f->path);
    return 0;
}
