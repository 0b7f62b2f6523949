#include "jobs/lookout.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/text.h"
#include "jobs/listing.h"
#include "repo/catalog.h"
#include "repo/retention.h"
#include "repo/storage_absent.h"
#include "repo/storage_agent.h"
#include "repo/storage_instance.h"

#define WATCHED                                                             \
    (IN_CREATE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE | IN_DELETE_SELF | \
     IN_MOVE_SELF)

static const char *const folder_names[LOOKOUT_FOLDERS] = {".", "snapshots",
                                                          "trash"};

void
lookout_open(struct lookout *l, const char *repo, const char *instance,
             double collapse_percent, bool make)
{
    *l = (struct lookout){
        .repo = memory_dup(repo),
        .instance = memory_dup(instance),
        .collapse_percent = collapse_percent,
        .make = make,
        .dirty = true,
    };
    l->inotify = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
    for (int i = 0; i < LOOKOUT_FOLDERS; i++)
        l->folders[i] = (struct lookout_folder){.fd = -1, .watch = -1};
}

static void
leave(struct lookout *l, struct lookout_folder *f)
{
    if (f->watch >= 0)
        inotify_rm_watch(l->inotify, f->watch);
    if (f->fd >= 0)
        close(f->fd);
    *f = (struct lookout_folder){.fd = -1, .watch = -1};
}

static bool
is_same(int a, int b)
{
    struct stat x, y;

    return a >= 0 && b >= 0 && fstat(a, &x) == 0 && fstat(b, &y) == 0 &&
           x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

/* Takes over fd, which may be the same folder as before, another, or none. */
static void
enter(struct lookout *l, struct lookout_folder *f, int fd)
{
    char path[40];

    if (f->fd < 0 && fd < 0)
        return;
    if (is_same(f->fd, fd)) {
        close(fd);
        return;
    }
    l->dirty = true;
    leave(l, f);
    f->fd = fd;
    if (fd < 0 || l->inotify < 0)
        return;
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    f->watch = inotify_add_watch(l->inotify, path, WATCHED);
}

static void
leave_all(struct lookout *l)
{
    for (int i = 0; i < LOOKOUT_FOLDERS; i++)
        leave(l, &l->folders[i]);
    l->dirty = true;
}

/* inotify does not see what another host changed on a shared disk. */
static void
compare_times(struct lookout *l, struct lookout_folder *f)
{
    struct file_identity id;
    struct error none = {0};

    if (f->fd < 0 || file_identify(f->fd, &id, &none) != 0)
        return;
    if (id.mtime_ns != f->seen)
        l->dirty = true;
    f->seen = id.mtime_ns;
}

/* What a mount has covered, or has left to be seen, is another. */
static int
check_same(const struct lookout *l, const char *uuid, struct error *e)
{
    if (l->uuid[0] == '\0' || strcmp(uuid, l->uuid) == 0)
        return 0;
    return error_set(e, ERROR_REFUSED,
                     "%s/%s is not the repository that it was: if it is to be "
                     "this one, restart the agent",
                     l->repo, l->instance);
}

/* A copy of another machine's says nothing of ours. */
static int
check_machine(const struct lookout *l, const struct storage_instance *mark,
              struct error *e)
{
    if (l->machine_id == NULL || strcmp(mark->machine_id, l->machine_id) == 0)
        return 0;
    return error_set(e, ERROR_REFUSED,
                     "%s/%s holds the snapshots of another machine, %.64s: "
                     "choose another instance, or adopt it with 'redkeep "
                     "snapshot --yes'",
                     l->repo, l->instance, mark->host);
}

/* Of one that is newer, damaged or another's nothing is told. */
static int
check_mark(struct lookout *l, int dir, char uuid[STORAGE_INSTANCE_UUID_SIZE],
           struct error *e)
{
    struct storage_instance mark;
    int rc;

    uuid[0] = '\0';
    if (storage_instance_load(&mark, dir, e) != 0)
        return e->kind == ERROR_ABSENT ? check_same(l, "", e) : -1;
    memcpy(uuid, mark.uuid, sizeof mark.uuid);
    rc = check_machine(l, &mark, e) != 0 ? -1 : check_same(l, uuid, e);
    storage_instance_clear(&mark);
    return rc;
}

/* Opens what is there by its path anew: it may have been replaced. */
static int
find_folders(struct lookout *l, char uuid[STORAGE_INSTANCE_UUID_SIZE],
             struct error *e)
{
    int dir = storage_agent_open(l->repo, l->instance, l->make, e);

    if (dir < 0)
        return -1;
    enter(l, &l->folders[LOOKOUT_INSTANCE], dir);
    dir = l->folders[LOOKOUT_INSTANCE].fd;
    if (check_mark(l, dir, uuid, e) != 0)
        return -1;
    for (int i = LOOKOUT_SNAPSHOTS; i < LOOKOUT_FOLDERS; i++) {
        int fd = file_open_inner(dir, folder_names[i], e);

        if (fd < 0 && e->kind != ERROR_ABSENT)
            return -1;
        if (fd < 0 && i == LOOKOUT_SNAPSHOTS && l->uuid[0] != '\0')
            return error_set(e, ERROR_REFUSED, "%s/%s has no snapshots/",
                             l->repo, l->instance);
        enter(l, &l->folders[i], fd);
    }
    for (int i = 0; i < LOOKOUT_FOLDERS; i++)
        compare_times(l, &l->folders[i]);
    return 0;
}

static uint64_t
count_bytes(int dir)
{
    struct file_identity id;
    struct error none = {0};
    uint64_t bytes = 0;
    size_t count;
    char **names;

    if (dir < 0 || file_names(dir, &names, &count, &none) != 0)
        return 0;
    for (size_t i = 0; i < count; i++)
        if (file_identify_at(dir, names[i], &id, &none) == 0 &&
            S_ISREG(id.mode))
            bytes += id.size_bytes;
    file_free_names(names, count);
    return bytes;
}

static const struct catalog_item *
find_newest(const struct catalog *c, bool good)
{
    for (size_t i = c->count; i > 0; i--) {
        const struct catalog_item *item = &c->items[i - 1];

        if (good ? catalog_is_good(item) : item->broken.kind == ERROR_NONE)
            return item;
    }
    return NULL;
}

static json_t *
write_newest(const struct catalog *c, bool good)
{
    const struct catalog_item *item = find_newest(c, good);

    return item != NULL ? listing_write_item(item) : json_null();
}

/*
 * Data whose server was not proven is not called protected. The last one by
 * sequence: one of a clock that was ahead would promise what is not there.
 */
static int64_t
find_protected(const struct catalog *c)
{
    for (size_t i = c->count; i > 0; i--) {
        const struct catalog_item *item = &c->items[i - 1];

        if (catalog_is_good(item) && item->entry.bound == CATALOG_BOUND)
            return item->entry.state_time_ms;
    }
    return -1;
}

/* One that is not what was stored is damaged, whatever it was then. */
static size_t
count_verdict(const struct catalog *c, enum verdict verdict)
{
    size_t count = 0;

    for (size_t i = 0; i < c->count; i++) {
        const struct catalog_item *item = &c->items[i];
        bool bad = item->broken.kind != ERROR_NONE || item->entry.failed;

        count += (bad ? VERDICT_DAMAGED : item->entry.verdict) == verdict;
    }
    return count;
}

static json_t *
write_catalog(const struct lookout *l, const struct catalog *c,
              const struct retention_mark *mark)
{
    struct retention_freeze freeze;
    uint64_t used = count_bytes(l->folders[LOOKOUT_SNAPSHOTS].fd) +
                    count_bytes(l->folders[LOOKOUT_TRASH].fd);

    retention_freeze(&freeze, c, mark, l->collapse_percent);
    return json_pack(
        "{s:I, s:I, s:I, s:I, s:I, s:I, s:o, s:o, s:o, s:I, s:b, s:s, s:b, s:o}",
        "used", (json_int_t)used, "snapshots", (json_int_t)c->count, "sound",
        (json_int_t)count_verdict(c, VERDICT_SOUND), "torn",
        (json_int_t)count_verdict(c, VERDICT_TORN), "damaged",
        (json_int_t)count_verdict(c, VERDICT_DAMAGED), "unknown",
        (json_int_t)count_verdict(c, VERDICT_UNKNOWN), "list",
        listing_write(c, LOOKOUT_LIST_MAX), "last", write_newest(c, false),
        "last_good", write_newest(c, true), "protected",
        (json_int_t)find_protected(c), "frozen", freeze.frozen, "frozen_text",
        freeze.frozen ? freeze.text : "", "collapsed", freeze.collapsed,
        "last_drill", listing_write_drill(l->folders[LOOKOUT_SNAPSHOTS].fd));
}

static int
read_catalog(struct lookout *l, json_t **told, struct error *e)
{
    struct catalog c = {0};
    struct retention_mark mark;
    int dir = l->folders[LOOKOUT_SNAPSHOTS].fd;

    /* First: one ahead of the catalog would count as none. */
    retention_mark_load(&mark, l->folders[LOOKOUT_INSTANCE].fd);
    if (dir >= 0 && catalog_load(&c, dir, e) != 0)
        return -1;
    *told = write_catalog(l, &c, &mark);
    catalog_clear(&c);
    l->dirty = false;
    return 0;
}

/* root may write to what is read-only by its mode, but not by its disk. */
static int
check_writable(const struct lookout *l, struct error *e)
{
    char *path = text_format("%s/%s", l->repo, l->instance);
    int rc = storage_absent_access(path, R_OK | W_OK | X_OK, e);

    if (rc == 0 && faccessat(AT_FDCWD, path, W_OK, AT_EACCESS) != 0)
        rc = error_sys(e, "write to %s", path);
    free(path);
    return rc;
}

static int
check_space(const struct lookout *l, json_t *told, struct error *e)
{
    struct statvfs fs;
    uint64_t left;

    if (fstatvfs(l->folders[LOOKOUT_INSTANCE].fd, &fs) != 0)
        return error_sys(e, "look at the disk of %s", l->repo);
    left = (uint64_t)fs.f_bavail * fs.f_frsize;
    json_object_set_new(told, "free", json_integer((json_int_t)left));
    json_object_set_new(
        told, "total",
        json_integer((json_int_t)((uint64_t)fs.f_blocks * fs.f_frsize)));
    if (left < LOOKOUT_FREE_MIN)
        return error_set(e, ERROR_FAILED,
                         "the disk of %s is full: %llu bytes are free", l->repo,
                         (unsigned long long)left);
    return 0;
}

static int
look(struct lookout *l, json_t *told, struct error *e)
{
    json_t *catalog = NULL;
    struct error full;
    char uuid[STORAGE_INSTANCE_UUID_SIZE];
    int space;

    if (find_folders(l, uuid, e) != 0) {
        /* What is not there holds nothing; what cannot be seen may. */
        if (e->kind == ERROR_ABSENT || e->kind == ERROR_REFUSED)
            json_object_set_new(told, "catalog", json_null());
        leave_all(l);
        return -1;
    }
    l->make = false;
    space = check_space(l, told, &full);
    if (l->dirty) {
        if (read_catalog(l, &catalog, e) != 0)
            return -1;
        json_object_set_new(told, "catalog", catalog);
        if (json_integer_value(json_object_get(catalog, "snapshots")) > 0)
            memcpy(l->uuid, uuid, sizeof uuid);
    }
    if (check_writable(l, e) != 0)
        return -1;
    json_object_set_new(told, "writable", json_true());
    if (space != 0)
        *e = full;
    return space;
}

json_t *
lookout_look(struct lookout *l)
{
    json_t *told =
        json_pack("{s:b, s:b, s:s}", "ok", 0, "writable", 0, "problem", "");
    char shown[sizeof((struct error *)NULL)->text];
    struct error e = {0};

    if (look(l, told, &e) == 0)
        json_object_set_new(told, "ok", json_true());
    else
        json_object_set_new(told, "problem",
                            json_string(text_quote(shown, sizeof shown, e.text,
                                                   strlen(e.text))));
    return told;
}

bool
lookout_changed(struct lookout *l)
{
    char events[4096];

    while (read(l->inotify, events, sizeof events) > 0)
        l->dirty = true;
    return l->dirty;
}

void
lookout_close(struct lookout *l)
{
    leave_all(l);
    if (l->inotify >= 0)
        close(l->inotify);
    free(l->repo);
    free(l->instance);
}
