/*
 * folder.h - a temporary folder for each test, and what is in it. For programs
 * whose tests run in processes of their own, one at a time.
 */
#ifndef UNIT_FOLDER_H
#define UNIT_FOLDER_H

#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"

#define FOLDER_UNUSED __attribute__((unused))

static char path[64]; /* of the folder */
static int dir;       /* the folder, open */
static struct error e;

static FOLDER_UNUSED void
folder_begin(void)
{
    snprintf(path, sizeof path, "/tmp/test_redkeep.XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(path));
    dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    ck_assert_int_ge(dir, 0);
    memset(&e, 0, sizeof e);
}

static FOLDER_UNUSED void
folder_end(void)
{
    struct error ignored;

    close(dir);
    file_remove_tree(AT_FDCWD, path, &ignored);
}

/* Puts a file there. */
static FOLDER_UNUSED void
put(const char *name, const char *text)
{
    ck_assert_msg(file_replace(dir, name, text, strlen(text), 0640, &e) == 0,
                  "%s", e.text);
}

/* The file holds this text. */
static FOLDER_UNUSED void
expect(const char *name, const char *text)
{
    char *bytes;
    size_t size;

    ck_assert_msg(file_load(dir, name, 1 << 20, &bytes, &size, &e) == 0, "%s",
                  e.text);
    ck_assert_uint_eq(size, strlen(text));
    ck_assert_str_eq(bytes, text);
    free(bytes);
}

/* How many there are. */
static FOLDER_UNUSED size_t
entries(void)
{
    char **names;
    size_t count;

    ck_assert_int_eq(file_names(dir, &names, &count, &e), 0);
    file_free_names(names, count);
    return count;
}

#endif
