#include "repo/storage.h"

#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/process.h"
#include "base/text.h"
#include "repo/storage_absent.h"
#include "repo/storage_agent.h"
#include "repo/storage_instance.h"
#include "repo/storage_owner.h"
#include "repo/storage_trash.h"

#define SNAPSHOTS "snapshots"
#define LOCKS "locks"

enum { FOLDER_MODE = 0700 };

static int
begin(struct storage *s, const char *repo, const char *instance,
      struct error *e)
{
    char name[80];

    *s = (struct storage){.instance_dir = -1, .snapshots_dir = -1};
    if (!text_is_name(instance) || instance[0] == '.') {
        text_quote(name, sizeof name, instance, strlen(instance));
        return error_set(e, ERROR_USAGE,
                         "'%s' cannot be the name of an instance", name);
    }
    s->path = memory_dup(repo);
    s->instance = memory_dup(instance);
    return 0;
}

/* Opens the instance's folder, or says why not. */
static int
open_instance(struct storage *s, struct error *e)
{
    int repo = file_open_directory(AT_FDCWD, s->path, e);

    if (repo < 0)
        return storage_absent_repo(s->path, e);
    s->instance_dir = file_open_directory(repo, s->instance, e);
    if (s->instance_dir < 0)
        storage_absent_instance(repo, s->path, s->instance, e);
    close(repo);
    return s->instance_dir < 0 ? -1 : 0;
}

static int
check_mark(struct storage *s, struct error *e)
{
    struct storage_instance found;

    if (storage_instance_load(&found, s->instance_dir, e) != 0) {
        if (e->kind == ERROR_ABSENT)
            return storage_absent_mark(s->instance_dir, s->path, s->instance,
                                       e);
        return error_in(e, "%s/%s", s->path, s->instance);
    }
    storage_instance_clear(&found);
    return 0;
}

int
storage_open(struct storage *s, const char *repo, const char *instance,
             struct error *e)
{
    if (begin(s, repo, instance, e) != 0 || open_instance(s, e) != 0 ||
        check_mark(s, e) != 0)
        goto fail;
    s->snapshots_dir = file_open_directory(s->instance_dir, SNAPSHOTS, e);
    if (s->snapshots_dir >= 0)
        return 0;
    error_in(e, "%s/%s", repo, instance);
    if (e->kind == ERROR_ABSENT)
        e->kind = ERROR_FAILED; /* the repository is there, but not whole */

fail:
    storage_close(s);
    return -1;
}

static int
make_instance(struct storage *s, struct error *e)
{
    int repo, rc;

    if (file_make_path(s->path, FOLDER_MODE, e) != 0)
        return storage_absent_access(s->path, R_OK | X_OK, e) != 0
                   ? -1
                   : error_in(e, "repository %s", s->path);
    repo = file_open_directory(AT_FDCWD, s->path, e);
    if (repo < 0)
        return storage_absent_repo(s->path, e);
    rc = file_make_directory(repo, s->instance, FOLDER_MODE, NULL, e);
    close(repo);
    if (rc == 0)
        return open_instance(s, e);
    /* No permission has a better text than mkdir's. */
    return storage_absent_access(s->path, R_OK | W_OK | X_OK, e) != 0
               ? -1
               : error_in(e, "repository %s", s->path);
}

static int
make_parts(struct storage *s, struct error *e)
{
    static const char *const parts[] = {SNAPSHOTS, LOCKS, STORAGE_TRASH};

    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
        if (file_make_directory(s->instance_dir, parts[i], FOLDER_MODE, NULL,
                                e) != 0)
            return error_in(e, "%s/%s", s->path, s->instance);
    s->snapshots_dir = file_open_directory(s->instance_dir, SNAPSHOTS, e);
    return s->snapshots_dir < 0 ? error_in(e, "%s/%s", s->path, s->instance)
                                : 0;
}

/* Said before the first write fails, in words that help. */
static int
check_writable(const struct storage *s, struct error *e)
{
    char *path = text_format("%s/%s", s->path, s->instance);
    int rc = storage_absent_access(path, R_OK | W_OK | X_OK, e);

    free(path);
    return rc;
}

int
storage_open_writable(struct storage *s, const char *repo, const char *instance,
                      const struct storage_owner *owner, bool adopt,
                      struct error *e)
{
    if (begin(s, repo, instance, e) != 0 || make_instance(s, e) != 0 ||
        check_writable(s, e) != 0 ||
        storage_owner_mark(s, owner, adopt, e) != 0 || make_parts(s, e) != 0) {
        storage_close(s);
        return -1;
    }
    return 0;
}

int
storage_open_existing(struct storage *s, const char *repo, const char *instance,
                      const struct storage_owner *owner, bool adopt,
                      struct error *e)
{
    if (begin(s, repo, instance, e) != 0 || open_instance(s, e) != 0 ||
        check_mark(s, e) != 0 || check_writable(s, e) != 0 ||
        (owner != NULL && storage_owner_mark(s, owner, adopt, e) != 0) ||
        make_parts(s, e) != 0) {
        storage_close(s);
        return -1;
    }
    return 0;
}

void
storage_unmake(struct storage *s)
{
    struct error none = {0};
    char **names;
    size_t count = 1;
    int repo;

    if (!s->made || s->snapshots_dir < 0 ||
        file_names(s->snapshots_dir, &names, &count, &none) != 0)
        return;
    file_free_names(names, count);
    if (count > 0)
        return;
    if (storage_agent_has(s->instance_dir)) {
        file_remove(s->instance_dir, STORAGE_INSTANCE_FILE, &none);
        file_remove_empty(s->instance_dir, SNAPSHOTS, &none);
        file_remove_empty(s->instance_dir, STORAGE_TRASH, &none);
        return;
    }
    repo = file_open_directory(AT_FDCWD, s->path, &none);
    if (repo < 0)
        return;
    file_remove_tree(repo, s->instance, &none);
    close(repo);
}

int
storage_lock(struct storage *s, struct lock *lock, const char *job,
             struct error *e)
{
    int rc, locks;

    lock->fd = -1;
    if (file_make_directory(s->instance_dir, LOCKS, FOLDER_MODE, NULL, e) != 0)
        return error_in(e, "%s/%s", s->path, s->instance);
    locks = file_open_directory(s->instance_dir, LOCKS, e);
    if (locks < 0)
        return error_in(e, "%s/%s", s->path, s->instance);
    rc = lock_take(lock, locks, job, e);
    close(locks);
    return rc == 0 ? 0 : error_in(e, "%s/%s", s->path, s->instance);
}

/* Whether it may be free soon: a short wait, until it was long enough. */
static bool
wait_again(uint64_t begun_ms, const struct error *e)
{
    if (e->kind != ERROR_LOCKED || process_stop_signal() != 0 ||
        clock_steady_ms() - begun_ms >= STORAGE_WAIT_MS)
        return false;
    poll(NULL, 0, STORAGE_LOOK_MS);
    return true;
}

int
storage_lock_soon(struct storage *s, struct lock *lock, const char *job,
                  struct error *e)
{
    uint64_t begun_ms = clock_steady_ms();
    int rc;

    do
        rc = storage_lock(s, lock, job, e);
    while (rc != 0 && wait_again(begun_ms, e));
    return rc;
}

int
storage_lock_readers(struct storage *s, struct lock *lock, struct error *e)
{
    uint64_t begun_ms = clock_steady_ms();
    int rc, locks;

    lock->fd = -1;
    locks = file_open_directory(s->instance_dir, LOCKS, e);
    /* A copy without locks: nobody prunes there, open_writable makes it. */
    if (locks < 0 && e->kind == ERROR_ABSENT)
        return 0;
    if (locks < 0)
        return error_in(e, "%s/%s", s->path, s->instance);
    do
        rc = lock_share(lock, locks, STORAGE_READERS, e);
    while (rc != 0 && wait_again(begun_ms, e));
    close(locks);
    return rc == 0 ? 0 : error_in(e, "%s/%s", s->path, s->instance);
}

int
storage_open_archive(const struct storage *s, const struct catalog_entry *entry,
                     struct error *e)
{
    int fd = file_open(s->snapshots_dir, entry->archive.name, e);
    struct file_identity identity;
    struct error none = {0};

    /* prune waits for no reader, but what it took is in the trash. */
    if (fd < 0 && e->kind == ERROR_ABSENT)
        fd = storage_trash_open(s, entry->archive.name, &none);
    if (fd < 0) {
        if (e->kind == ERROR_ABSENT)
            e->kind = ERROR_DAMAGED;
        return error_in(e, "snapshot %s", entry->id);
    }
    if (file_identify(fd, &identity, e) != 0) {
        error_in(e, "snapshot %s", entry->id);
    } else if (identity.size_bytes == entry->archive.size_bytes) {
        return fd;
    } else {
        error_set(e, ERROR_DAMAGED,
                  "snapshot %s: its archive has %llu bytes, expected %llu",
                  entry->id, (unsigned long long)identity.size_bytes,
                  (unsigned long long)entry->archive.size_bytes);
    }
    close(fd);
    return -1;
}

void
storage_close(struct storage *s)
{
    if (s->instance_dir >= 0)
        close(s->instance_dir);
    if (s->snapshots_dir >= 0)
        close(s->snapshots_dir);
    free(s->path);
    free(s->instance);
    *s = (struct storage){.instance_dir = -1, .snapshots_dir = -1};
}
