#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file_call.h"
#include "base/memory.h"

/* The two folders an entry goes between, and its last components there. */
struct ends {
    int a_folder, b_folder;
    const char *a_base, *b_base;
};

static void
close_ends(struct ends *ends)
{
    if (ends->a_folder >= 0)
        close(ends->a_folder);
    if (ends->b_folder >= 0)
        close(ends->b_folder);
}

static int
open_ends(struct ends *ends, int a_dir, const char *a, int b_dir, const char *b,
          struct error *e)
{
    ends->a_folder = ends->b_folder = -1;
    ends->a_folder = file_call_parent(a_dir, a, &ends->a_base);
    if (ends->a_folder < 0)
        return error_sys(e, "open the folder of %s", a);
    ends->b_folder = file_call_parent(b_dir, b, &ends->b_base);
    if (ends->b_folder >= 0)
        return 0;
    error_sys(e, "open the folder of %s", b);
    close_ends(ends);
    return -1;
}

/* The new place first: a crash between leaves two names rather than none. */
static int
sync_ends(const struct ends *ends, struct error *e)
{
    if (file_sync_directory(ends->b_folder, e) != 0)
        return -1;
    return file_sync_directory(ends->a_folder, e);
}

int
file_move(int from_dir, const char *from, int to_dir, const char *to,
          struct error *e)
{
    struct ends ends;
    int rc = -1;

    if (open_ends(&ends, from_dir, from, to_dir, to, e) != 0)
        return -1;
    rc = file_rename_new(ends.a_folder, ends.a_base, ends.b_folder, ends.b_base,
                         e);
    if (rc == 0)
        rc = sync_ends(&ends, e);
    close_ends(&ends);
    return rc;
}

int
file_rename(int from_dir, const char *from, int to_dir, const char *to,
            struct error *e)
{
    if (file_call_rename(from_dir, from, to_dir, to, 0) == 0)
        return 0;
    return error_sys(e, "move %s to %s", from, to);
}

int
file_rename_new(int from_dir, const char *from, int to_dir, const char *to,
                struct error *e)
{
    if (file_call_rename_new(from_dir, from, to_dir, to) == 0)
        return 0;
    if (errno == EEXIST || errno == ENOTEMPTY)
        return error_set(e, ERROR_REFUSED, "move %s: %s is there already", from,
                         to);
    return error_sys(e, "move %s to %s", from, to);
}

/* People write "/srv/backup/". */
static char *
without_end_slashes(const char *name)
{
    size_t length = strlen(name);

    while (length > 1 && name[length - 1] == '/')
        length--;
    return memory_copy(name, length);
}

/* Run as root, a new directory goes to the owner of the one it is in. */
static int
inherit_directory(int folder, const char *base)
{
    int rc, number, fd;

    if (geteuid() != 0)
        return 0;
    fd = file_call_open(folder, base, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
    if (fd < 0)
        return -1;
    rc = file_call_inherit(fd, folder);
    number = errno;
    close(fd);
    errno = number;
    return rc;
}

static int
make_in(int folder, const char *base, mode_t mode, bool *made, struct error *e)
{
    struct stat st;

    if (base[0] == '\0')
        base = ".";
    if (file_call_make_directory(folder, base, mode) == 0) {
        if (inherit_directory(folder, base) != 0) {
            error_sys(e, "give it to the owner of its folder");
            file_call_remove(folder, base, AT_REMOVEDIR);
            return -1;
        }
        *made = true;
        return file_sync_directory(folder, e);
    }
    if (errno != EEXIST)
        return error_sys(e, "create");
    if (fstatat(folder, base, &st, 0) != 0)
        return error_sys(e, "look at it");
    if (!S_ISDIR(st.st_mode))
        return error_set(e, ERROR_FAILED, "is there, but is not a folder");
    return 0;
}

int
file_make_directory(int dir, const char *name, mode_t mode, bool *made,
                    struct error *e)
{
    char *plain = without_end_slashes(name);
    const char *base;
    bool new = false;
    int rc, folder = file_call_parent(dir, plain, &base);

    if (folder < 0) {
        rc = error_sys(e, "open the folder of %s", name);
    } else {
        rc = make_in(folder, base, mode, &new, e);
        close(folder);
        if (rc != 0)
            error_in(e, "folder %s", name);
    }
    free(plain);
    if (made != NULL)
        *made = new;
    return rc;
}

int
file_make_path(const char *path, mode_t mode, struct error *e)
{
    int fd = file_open_directory(AT_FDCWD, path, e);
    const char *slash = strrchr(path, '/');
    int rc = 0;
    char *above;

    if (fd >= 0) {
        close(fd);
        return 0;
    }
    if (e->kind != ERROR_ABSENT)
        return -1;
    if (slash != NULL && slash != path) {
        above = memory_copy(path, (size_t)(slash - path));
        rc = file_make_path(above, mode, e);
        free(above);
    }
    return rc != 0 ? -1 : file_make_directory(AT_FDCWD, path, mode, NULL, e);
}
