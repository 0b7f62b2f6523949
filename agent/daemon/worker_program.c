#include "daemon/worker.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"

static const char name[] = "redkeep";

/* The file in a folder, if it is a program; NULL: it is not. */
static char *
find_in(const char *folder, size_t length)
{
    char *path = text_format("%.*s/%s", (int)length, folder, name);

    if (length > 0 && *folder == '/' && access(path, X_OK) == 0)
        return path;
    free(path);
    return NULL;
}

char *
worker_find_program(struct error *e)
{
    const char *at = getenv("PATH");
    char self[PATH_MAX];
    ssize_t length = readlink("/proc/self/exe", self, sizeof self - 1);
    char *path = NULL;

    if (length > 0) {
        self[length] = '\0';
        path = find_in(self, (size_t)(strrchr(self, '/') - self));
    }
    while (path == NULL && at != NULL && *at != '\0') {
        size_t size = strcspn(at, ":");

        path = find_in(at, size);
        at += size + (at[size] == ':');
    }
    if (path == NULL)
        error_set(e, ERROR_FAILED,
                  "there is no program %s beside redkeepd or in PATH", name);
    return path;
}
