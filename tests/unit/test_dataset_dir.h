/*
 * test_dataset_dir.h - a temporary data directory for a test.
 */
#ifndef TESTS_UNIT_TEST_DATASET_DIR_H
#define TESTS_UNIT_TEST_DATASET_DIR_H

#include <check.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"

static char path[] = "/tmp/redkeep-data-XXXXXX";
static int dir = -1;

static inline void
make_dir(void)
{
    strcpy(path + sizeof path - 7, "XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(path));
    dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    ck_assert_int_ge(dir, 0);
}

static inline void
remove_dir(void)
{
    struct error e = {0};

    close(dir);
    ck_assert_int_eq(file_remove_tree(AT_FDCWD, path, &e), 0);
}

/* Writes a file, and makes appendonlydir if it goes there. */
static inline void
put_bytes(const char *name, const char *bytes, size_t size)
{
    int fd;

    if (strncmp(name, "appendonlydir/", 14) == 0)
        mkdirat(dir, "appendonlydir", 0755);
    fd = openat(dir, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(write(fd, bytes, size), (ssize_t)size);
    close(fd);
}

static inline void
put(const char *name, const char *text)
{
    put_bytes(name, text, strlen(text));
}

#endif
