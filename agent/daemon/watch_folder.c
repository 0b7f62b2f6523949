/*
 * watch_folder.c - the two folders: found by their names, known by their
 * inodes. A folder of the same name and another inode is another one.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>

#include "base/memory.h"
#include "daemon/watch_state.h"

/*
 * IN_MODIFY only where the AOF grows: in the data directory it would tell of
 * every block of a dump that is being written.
 */
enum {
    SELF = IN_DELETE_SELF | IN_MOVE_SELF,
    NAMES = IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | SELF,
    PARENT = IN_CREATE | IN_MOVED_TO | IN_ONLYDIR,
};

static bool
is_same(const struct watch_folder *folder, const struct stat *st)
{
    return folder->there && folder->device == (uint64_t)st->st_dev &&
           folder->inode == (uint64_t)st->st_ino;
}

/* Watches what is at path now. */
static void
take(struct watch *w, struct watch_folder *folder, const char *path,
     const struct stat *st, uint32_t mask)
{
    watch_queue_remove(w, &folder->wd);
    *folder = (struct watch_folder){.there = true,
                                    .wd = watch_queue_add(w, path, mask),
                                    .device = (uint64_t)st->st_dev,
                                    .inode = (uint64_t)st->st_ino};
    w->changed = true;
}

static void
drop(struct watch *w, struct watch_folder *folder)
{
    w->changed = w->changed || folder->there;
    folder->there = false;
    watch_queue_remove(w, &folder->wd);
}

/* So that it is seen at once when it comes back. */
static void
watch_parent(struct watch *w)
{
    char *parent = memory_dup(w->view.data_dir), *end = strrchr(parent, '/');
    struct stat st;

    end[end == parent] = '\0';
    if (w->parent_wd < 0 && stat(parent, &st) == 0)
        w->parent_wd = watch_queue_add(w, parent, PARENT);
    free(parent);
}

/* Whether it is there and what it should be; else errno says why not. */
static bool
look(const char *path, bool folder, struct stat *st)
{
    if (stat(path, st) != 0)
        return false;
    if (folder ? S_ISDIR(st->st_mode) : S_ISREG(st->st_mode))
        return true;
    errno = folder ? ENOTDIR : EISDIR;
    return false;
}

static unsigned
look_at_data(struct watch *w, int64_t now_ms)
{
    const char *path = w->view.data_dir;
    bool known = w->data.inode != 0;
    struct stat st;

    if (!look(path, true, &st)) {
        snprintf(w->why, sizeof w->why, "%s", strerror(errno));
        drop(w, &w->data);
        watch_parent(w);
        return WATCH_LOOK_RDB;
    }
    if (is_same(&w->data, &st))
        return 0;
    if (known && w->view.trouble[0] == '\0')
        watch_tell(w, now_ms, LOG_LEVEL_WARNING,
                   "the data directory %s was replaced", path);
    take(w, &w->data, path, &st, NAMES | IN_ONLYDIR);
    watch_queue_remove(w, &w->parent_wd);
    return WATCH_LOOK_ALL;
}

static unsigned
look_at_aof(struct watch *w, int64_t now_ms)
{
    bool folder = !w->single, known = w->aof.inode != 0;
    struct stat st;

    if (!w->data.there || !look(w->aof_path, folder, &st)) {
        drop(w, &w->aof);
        if (w->aof_absent_ms == 0)
            w->aof_absent_ms = now_ms;
        return WATCH_LOOK_MANIFEST | WATCH_LOOK_PARTS;
    }
    w->aof_absent_ms = 0;
    if (is_same(&w->aof, &st))
        return 0;
    if (folder && known && w->view.trouble[0] == '\0')
        watch_tell(w, now_ms, LOG_LEVEL_WARNING,
                   "the AOF directory %s was replaced", w->aof_path);
    take(w, &w->aof, w->aof_path, &st,
         folder ? NAMES | IN_MODIFY | IN_ONLYDIR : IN_MODIFY | SELF);
    return WATCH_LOOK_MANIFEST | WATCH_LOOK_PARTS | WATCH_LOOK_SCAN;
}

bool
watch_folder_see(const char *path, struct file_identity *id)
{
    struct error none = {0};

    return file_identify_at(AT_FDCWD, path, id, &none) == 0 &&
           S_ISREG(id->mode);
}

void
watch_folder_scan(struct watch *w, const char *path,
                  bool (*mark)(struct watch *w, const char *name))
{
    DIR *folder = opendir(path);
    const struct dirent *entry;

    for (unsigned n = 0; folder != NULL && n < WATCH_SCAN_MAX &&
                         (entry = readdir(folder)) != NULL;
         n++)
        mark(w, entry->d_name);
    if (folder != NULL)
        closedir(folder);
}

unsigned
watch_folder_look(struct watch *w, int64_t now_ms)
{
    unsigned more = look_at_data(w, now_ms);

    return more | look_at_aof(w, now_ms);
}

void
watch_folder_forget(struct watch *w)
{
    watch_queue_remove(w, &w->parent_wd);
    watch_queue_remove(w, &w->data.wd);
    watch_queue_remove(w, &w->aof.wd);
    w->data = w->aof = (struct watch_folder){.wd = -1};
    w->aof_absent_ms = 0;
}
