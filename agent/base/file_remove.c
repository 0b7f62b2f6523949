#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file_call.h"

/* Folders in folders; what we make is four deep. */
enum { DEPTH_MAX = 64 };

int
file_remove(int dir, const char *name, struct error *e)
{
    const char *base;
    int rc, folder = file_call_parent(dir, name, &base);

    if (folder < 0)
        return errno == ENOENT ? 0
                               : error_sys(e, "open the folder of %s", name);
    if (file_call_remove(folder, base, 0) == 0)
        rc = file_sync_directory(folder, e);
    else
        rc = errno == ENOENT ? 0 : error_sys(e, "remove %s", name);
    close(folder);
    return rc;
}

static int remove_entry(int folder, const char *base, int depth,
                        struct error *e);

static int
empty_folder(int fd, int depth, struct error *e)
{
    char **names;
    size_t count;
    int rc = 0;

    if (depth >= DEPTH_MAX)
        return error_set(e, ERROR_FAILED, "more than %d folders deep",
                         (int)DEPTH_MAX);
    if (file_names(fd, &names, &count, e) != 0)
        return -1;
    for (size_t i = 0; i < count && rc == 0; i++)
        rc = remove_entry(fd, names[i], depth + 1, e);
    file_free_names(names, count);
    return rc;
}

/* What is mounted below is somebody's, whatever our folder is. */
static int
check_same_system(int folder, int fd, struct error *e)
{
    struct stat outer, inner;

    if (fstat(folder, &outer) != 0 || fstat(fd, &inner) != 0)
        return error_sys(e, "look at a folder");
    if (outer.st_dev != inner.st_dev)
        return error_set(e, ERROR_REFUSED,
                         "another file system is mounted there");
    return 0;
}

static int
remove_folder(int folder, const char *base, int depth, struct error *e)
{
    int rc, fd;

    fd = file_call_open(folder, base, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
    if (fd < 0)
        return errno == ENOENT ? 0 : error_sys(e, "open");
    rc = check_same_system(folder, fd, e);
    if (rc == 0)
        rc = empty_folder(fd, depth, e);
    close(fd);
    if (rc == 0 && file_call_remove(folder, base, AT_REMOVEDIR) != 0 &&
        errno != ENOENT)
        rc = error_sys(e, "remove");
    return rc;
}

static int
remove_entry(int folder, const char *base, int depth, struct error *e)
{
    int rc;

    if (file_call_remove(folder, base, 0) == 0 || errno == ENOENT)
        return 0;
    /* POSIX says EPERM for a folder, Linux EISDIR; some systems do as POSIX. */
    if (errno != EISDIR && errno != EPERM)
        rc = error_sys(e, "remove");
    else
        rc = remove_folder(folder, base, depth, e);
    return rc == 0 ? 0 : error_in(e, "%s", base);
}

int
file_remove_tree(int dir, const char *name, struct error *e)
{
    const char *base;
    int rc, folder = file_call_parent(dir, name, &base);

    if (folder < 0)
        return errno == ENOENT ? 0
                               : error_sys(e, "open the folder of %s", name);
    rc = remove_entry(folder, base, 0, e);
    if (rc == 0)
        rc = file_sync_directory(folder, e);
    close(folder);
    return rc == 0 ? 0 : error_in(e, "remove %s", name);
}

int
file_remove_empty(int dir, const char *name, struct error *e)
{
    const char *base;
    int rc, folder = file_call_parent(dir, name, &base);

    if (folder < 0)
        return errno == ENOENT ? 0
                               : error_sys(e, "open the folder of %s", name);
    if (file_call_remove(folder, base, AT_REMOVEDIR) == 0)
        rc = file_sync_directory(folder, e);
    else
        rc = errno == ENOENT || errno == ENOTEMPTY || errno == EEXIST
                 ? 0
                 : error_sys(e, "remove %s", name);
    close(folder);
    return rc;
}
