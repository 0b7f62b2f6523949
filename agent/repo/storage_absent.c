#include "repo/storage_absent.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/text.h"
#include "repo/storage_agent.h"
#include "repo/storage_instance.h"

/* To whoever wants his data back, the first is what helps. */
#define FIRST_STEP                                                          \
    "give the right one with --repo, or mount its disk; if there was none " \
    "yet, take a first snapshot with 'redkeep snapshot --repo %s'"

static void
user_name(uid_t uid, char *out, size_t size)
{
    const struct passwd *user = getpwuid(uid);

    if (user != NULL)
        snprintf(out, size, "%s", user->pw_name);
    else
        snprintf(out, size, "uid %lu", (unsigned long)uid);
}

int
storage_absent_access(const char *path, int how, struct error *e)
{
    struct file_identity identity;
    struct error none = {0};
    char user[64], owner[64];

    if (faccessat(AT_FDCWD, path, how, AT_EACCESS) == 0)
        return 0;
    if (errno == EROFS)
        return error_set(e, ERROR_FAILED,
                         "%s is on a file system mounted read-only", path);
    if (errno != EACCES)
        return 0;
    user_name(geteuid(), user, sizeof user);
    if (file_identify_at(AT_FDCWD, path, &identity, &none) != 0)
        return error_set(e, ERROR_FAILED,
                         "user %s may not look at %s: run redkeep as the "
                         "repository's owner or as root",
                         user, path);
    if ((identity.mode & S_IFMT) != S_IFDIR)
        return 0; /* nobody may look into a file as into a folder */
    user_name(identity.uid, owner, sizeof owner);
    if (identity.uid == 0)
        return error_set(e, ERROR_FAILED,
                         "user %s may not %s %s (owner root, mode %04o): run "
                         "redkeep as root",
                         user, (how & W_OK) != 0 ? "write to" : "read", path,
                         (unsigned)identity.mode & 07777);
    return error_set(e, ERROR_FAILED,
                     "user %s may not %s %s (owner %s, mode %04o): run redkeep "
                     "as %s or as root",
                     user, (how & W_OK) != 0 ? "write to" : "read", path, owner,
                     (unsigned)identity.mode & 07777, owner);
}

static bool
is_instance(int dir, const char *name)
{
    struct file_identity identity;
    struct error none = {0};
    char *path = text_format("%s/%s", name, STORAGE_INSTANCE_FILE);
    bool is = file_identify_at(dir, path, &identity, &none) == 0;

    free(path);
    return is;
}

/* Appends ", name" or, where there is no more room, " ...". False: full. */
static bool
add_name(char *out, size_t size, const char *name)
{
    size_t used = strlen(out);
    char quoted[80];

    text_quote(quoted, sizeof quoted, name, strlen(name));
    if (used + strlen(quoted) + sizeof ",  ..." > size) {
        snprintf(out + used, size - used, " ...");
        return false;
    }
    snprintf(out + used, size - used, "%s%s", used > 0 ? ", " : "", quoted);
    return true;
}

static void
list(int dir, bool instances, char out[STORAGE_ABSENT_NAMES_SIZE])
{
    struct error none = {0};
    size_t count;
    char **names;

    out[0] = '\0';
    if (file_names(dir, &names, &count, &none) != 0)
        return;
    for (size_t i = 0; i < count; i++)
        if (!instances || is_instance(dir, names[i]))
            if (!add_name(out, STORAGE_ABSENT_NAMES_SIZE, names[i]))
                break;
    file_free_names(names, count);
}

void
storage_absent_names(int dir, char out[STORAGE_ABSENT_NAMES_SIZE])
{
    list(dir, false, out);
}

int
storage_absent_repo(const char *repo, struct error *e)
{
    struct file_identity identity;
    struct error none = {0};

    if (e->kind == ERROR_ABSENT)
        return error_set(e, ERROR_FAILED,
                         "no repository at %s: nothing is there; " FIRST_STEP,
                         repo, repo);
    if (file_identify_at(AT_FDCWD, repo, &identity, &none) == 0 &&
        (identity.mode & S_IFMT) == S_IFREG)
        return error_set(e, ERROR_FAILED,
                         "no repository at %s: it is a file, expected a "
                         "folder",
                         repo);
    if (storage_absent_access(repo, R_OK | X_OK, e) != 0)
        return -1;
    return error_in(e, "repository %s", repo);
}

int
storage_absent_instance(int repo_dir, const char *repo, const char *instance,
                        struct error *e)
{
    char instances[STORAGE_ABSENT_NAMES_SIZE], names[STORAGE_ABSENT_NAMES_SIZE];
    char *path;
    int rc;

    if (e->kind != ERROR_ABSENT) {
        path = text_format("%s/%s", repo, instance);
        rc = storage_absent_access(path, R_OK | X_OK, e);
        free(path);
        return rc != 0 ? -1 : error_in(e, "instance %s in %s", instance, repo);
    }
    if (is_instance(repo_dir, "."))
        return error_set(e, ERROR_FAILED,
                         "no repository at %s: it is the folder of one "
                         "instance; give the folder that holds it",
                         repo);
    list(repo_dir, true, instances);
    list(repo_dir, false, names);
    if (instances[0] != '\0')
        return error_set(e, ERROR_FAILED,
                         "no instance '%s' in %s: there is %s; choose one "
                         "with --instance",
                         instance, repo, instances);
    if (names[0] != '\0')
        return error_set(e, ERROR_FAILED,
                         "no repository at %s: the folder holds %s, expected "
                         "instances; " FIRST_STEP,
                         repo, names, repo);
    return error_set(e, ERROR_FAILED,
                     "no repository at %s: the folder is empty; " FIRST_STEP,
                     repo, repo);
}

int
storage_absent_mark(int instance_dir, const char *repo, const char *instance,
                    struct error *e)
{
    char names[STORAGE_ABSENT_NAMES_SIZE];
    bool only;

    if (storage_agent_is_only(instance_dir, &only, e) != 0)
        return error_in(e, "%s/%s", repo, instance);
    if (only && storage_agent_has(instance_dir))
        return error_set(e, ERROR_FAILED,
                         "no snapshot in %s/%s yet: take one with 'redkeep "
                         "snapshot'",
                         repo, instance);
    storage_absent_names(instance_dir, names);
    return error_set(e, ERROR_FAILED,
                     "%s/%s is not an instance of a repository: it holds %s, "
                     "expected %s",
                     repo, instance, names[0] != '\0' ? names : "nothing",
                     STORAGE_INSTANCE_FILE);
}
