/*
 * test_storage_repo.h - a repository in a scratch folder, for the tests of
 * storage.
 */
#ifndef UNIT_TEST_STORAGE_REPO_H
#define UNIT_TEST_STORAGE_REPO_H

#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/text.h"
#include "repo/storage.h"

/* In texts that are expected, @ is the repository's path. */
static char folder[64], repo[80];

static const struct storage_owner alpha = {
    .machine_id = "0123456789abcdef0123456789abcdef",
    .host = "alpha",
    .directory = "/var/lib/redis",
};

static inline void
set_up(void)
{
    snprintf(folder, sizeof folder, "/tmp/test_storage.XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(repo, sizeof repo, "%s/repo", folder);
}

static inline void
tear_down(void)
{
    struct error e = {0};

    ck_assert_int_eq(file_remove_tree(AT_FDCWD, folder, &e), 0);
}

/* Creates a file, its folders as well; the path is relative to the repo. */
static inline void
put(const char *path, const char *text)
{
    char *full = text_format("%s/%s", repo, path);
    struct error e = {0};

    for (char *at = strchr(full + 1, '/'); at != NULL; at = strchr(at, '/')) {
        *at = '\0';
        file_make_directory(AT_FDCWD, full, 0755, NULL, &e);
        *at++ = '/';
    }
    ck_assert_msg(file_replace(AT_FDCWD, full, text, strlen(text), 0600, &e) ==
                      0,
                  "%s", e.text);
    free(full);
}

static inline bool
is_there(const char *path, mode_t *mode)
{
    char *full = text_format("%s/%s", repo, path);
    struct stat st;
    bool is = lstat(full, &st) == 0;

    if (is && mode != NULL)
        *mode = st.st_mode & 07777;
    free(full);
    return is;
}

static inline void
make(const char *instance, const struct storage_owner *owner)
{
    struct storage s;
    struct error e = {0};

    ck_assert_msg(storage_open_writable(&s, repo, instance, owner, false, &e) ==
                      0,
                  "%s", e.text);
    storage_close(&s);
}

static inline void
check_text(const char *text, const char *expected)
{
    char whole[600] = "", *to = whole;

    for (; *expected != '\0'; expected++) {
        if (*expected == '@')
            to = stpcpy(to, repo);
        else
            *to++ = *expected;
    }
    *to = '\0';
    ck_assert_str_eq(text, whole);
}

#endif
