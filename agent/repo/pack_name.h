/*
 * pack_name.h - which names a file may have in an archive and in an entry.
 */
#ifndef REPO_PACK_NAME_H
#define REPO_PACK_NAME_H

#include <stdbool.h>

/*
 * NULL when path names a file below a folder and nothing else: relative, no
 * empty, "." or ".." component, shorter than PATH_MAX. Otherwise what is wrong
 * with it, as the end of a sentence: "is absolute". Any other byte is allowed.
 */
const char *pack_name_fault(const char *path);

#endif
