#include "repo/pack_name.h"

#include <limits.h>
#include <stddef.h>
#include <string.h>

static const char *
component_fault(const char *name, size_t length)
{
    if (length == 0)
        return "has an empty component";
    if (length == 1 && name[0] == '.')
        return "has a component '.'";
    if (length == 2 && name[0] == '.' && name[1] == '.')
        return "has a component '..'";
    if (length > NAME_MAX)
        return "has a component longer than 255 bytes";
    return NULL;
}

const char *
pack_name_fault(const char *path)
{
    const char *fault = NULL;

    if (path[0] == '\0')
        return "is empty";
    if (path[0] == '/')
        return "is absolute";
    if (strnlen(path, PATH_MAX) == PATH_MAX)
        return "is longer than 4095 bytes";
    while (fault == NULL) {
        size_t length = strcspn(path, "/");

        fault = component_fault(path, length);
        if (path[length] == '\0')
            break;
        path += length + 1;
    }
    return fault;
}
