#include "jobs/doctor_disk.h"

#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/text.h"

enum { LAYERS_MAX = 8 };

/* What is behind the last '/', which is cut off there. */
static char *
cut_last(char *path)
{
    char *slash = strrchr(path, '/');

    if (slash == NULL)
        return path;
    *slash = '\0';
    return slash + 1;
}

static bool
is_there(const char *folder, const char *name)
{
    char *path = text_format("%s/%s", folder, name);
    bool there = access(path, F_OK) == 0;

    free(path);
    return there;
}

/* The only one below it; NULL: none, or several. */
static char *
only_slave(const char *folder)
{
    char *path = text_format("%s/slaves", folder), **names, *name = NULL;
    struct error none = {0};
    size_t count;
    int dir = file_open_directory(AT_FDCWD, path, &none);

    free(path);
    if (dir < 0)
        return NULL;
    if (file_names(dir, &names, &count, &none) == 0) {
        if (count == 1)
            name = memory_dup(names[0]);
        file_free_names(names, count);
    }
    close(dir);
    return name;
}

/* "sda1" of ".../block/sda/sda1" lies in its disk's folder. */
static char *
name_of(const char *folder)
{
    char path[PATH_MAX], *name;

    if (realpath(folder, path) == NULL)
        return NULL;
    if (is_there(path, "partition"))
        cut_last(path);
    name = cut_last(path);
    return memory_dup(name);
}

/* Down to the disk that a device is made of. */
static char *
descend(const char *root, const char *folder)
{
    char *name = name_of(folder), *below, *next, *deeper;

    for (int i = 0; name != NULL && i < LAYERS_MAX; i++) {
        next = text_format("%s/sys/class/block/%s", root, name);
        below = only_slave(next);
        free(next);
        if (below == NULL)
            return name;
        next = text_format("%s/sys/class/block/%s", root, below);
        deeper = name_of(next);
        free(next);
        free(below);
        if (deeper == NULL)
            return name;
        free(name);
        name = deeper;
    }
    return name;
}

char *
doctor_disk_find(const char *root, uint64_t device,
                 const struct doctor_mount *mount)
{
    char *number = text_format("%u:%u", major(device), minor(device));
    char *folder = text_format("%s/sys/dev/block/%s", root, number), *name;

    if (major(device) == 0 && mount != NULL && mount->source != NULL &&
        strncmp(mount->source, "/dev/", 5) == 0 &&
        strchr(mount->source + 5, '/') == NULL) {
        free(folder);
        folder = text_format("%s/sys/class/block/%s", root, mount->source + 5);
    }
    name = descend(root, folder);
    free(folder);
    if (name == NULL)
        return number;
    free(number);
    return name;
}
