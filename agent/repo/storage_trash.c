#include "repo/storage_trash.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/text.h"

enum { STAMP_LENGTH = 16 }; /* 20261120T113000Z */

/* Between two files the lock is free for an instant, which only chance would
 * let a reader see; so there is a pause now and then. */
enum { BUSY_MS = 100, PAUSE_MS = 2 * STORAGE_LOOK_MS };

/* The name that a file in the trash had; NULL: it is none of ours. */
static const char *
old_name(const char *name)
{
    if (strnlen(name, STAMP_LENGTH + 1) <= STAMP_LENGTH ||
        name[STAMP_LENGTH] != '_' ||
        catalog_id_length(name + STAMP_LENGTH + 1) == 0)
        return NULL;
    return name + STAMP_LENGTH + 1;
}

/* When it was taken; false: its name does not tell. */
static bool
taken_at(const char *name, int64_t *ms)
{
    char time[TEXT_TIME_SIZE];

    if (old_name(name) == NULL)
        return false;
    snprintf(time, sizeof time, "%.4s-%.2s-%.2sT%.2s:%.2s:%.2sZ", name,
             name + 4, name + 6, name + 9, name + 11, name + 13);
    return name[8] == 'T' && name[15] == 'Z' && text_time(time, ms);
}

static char *
new_name(int64_t now_ms, const char *name)
{
    char stamp[CATALOG_ID_SIZE];

    catalog_new_id(&(struct catalog){0}, now_ms, stamp);
    return text_format("%s_%s", stamp, name);
}

static int
open_trash(const struct storage *s, struct error *e)
{
    return file_open_inner(s->instance_dir, STORAGE_TRASH, e);
}

/* What was name, among those in the trash; NULL: it is not there. */
static const char *
find(char **names, size_t count, const char *name)
{
    const char *found = NULL;

    for (size_t i = 0; i < count; i++) {
        const char *old = old_name(names[i]);

        if (old != NULL && strcmp(old, name) == 0)
            found = names[i]; /* the last is the newest */
    }
    return found;
}

/* A file that is gone or there already was moved by another, who may. */
static int
move(int from_dir, const char *from, int to_dir, const char *to, bool *moved,
     struct error *e)
{
    *moved = file_move(from_dir, from, to_dir, to, e) == 0;
    return *moved || e->kind == ERROR_ABSENT || e->kind == ERROR_REFUSED ? 0
                                                                         : -1;
}

/*
 * verify may write a note again that was taken away in this very second: what
 * finds its name taken is of a second later.
 */
static int
put(const struct storage *s, int trash, const char *name, int64_t now_ms,
    struct error *e)
{
    int rc;

    do {
        char *to = new_name(now_ms, name);

        rc = file_move(s->snapshots_dir, name, trash, to, e);
        now_ms += 1000;
        free(to);
    } while (rc != 0 && e->kind == ERROR_REFUSED);
    return rc != 0 && e->kind == ERROR_ABSENT ? 0 : rc;
}

int
storage_trash_put(const struct storage *s, const char *name, int64_t now_ms,
                  struct error *e)
{
    int trash = open_trash(s, e), rc;

    if (trash < 0)
        return -1;
    rc = put(s, trash, name, now_ms, e);
    close(trash);
    return rc;
}

int
storage_trash_open(const struct storage *s, const char *name, struct error *e)
{
    int trash = open_trash(s, e), fd = -1;
    const char *found;
    char **names;
    size_t count;

    if (trash < 0)
        return -1;
    if (file_names(trash, &names, &count, e) == 0) {
        found = find(names, count, name);
        if (found != NULL)
            fd = file_open(trash, found, e);
        else
            error_set(e, ERROR_ABSENT, "%s is not in the trash", name);
        file_free_names(names, count);
    }
    close(trash);
    return fd;
}

static int
take_rest(const struct storage *s, int trash, const char *name, bool *taken,
          struct error *e)
{
    char *entry = text_format("%.*s.json", (int)catalog_id_length(name), name);
    const char *found;
    char **names, *to;
    size_t count;
    int rc = file_names(trash, &names, &count, e);

    if (rc == 0) {
        found = find(names, count, entry);
        if (found != NULL && find(names, count, name) == NULL) {
            to = text_format("%.*s_%s", STAMP_LENGTH, found, name);
            rc = move(s->snapshots_dir, name, trash, to, taken, e);
            free(to);
        }
        file_free_names(names, count);
    }
    free(entry);
    return rc;
}

int
storage_trash_take_rest(const struct storage *s, const char *name, bool *taken,
                        struct error *e)
{
    int trash = open_trash(s, e), rc;

    *taken = false;
    if (trash < 0)
        return e->kind == ERROR_ABSENT ? 0 : -1;
    rc = take_rest(s, trash, name, taken, e);
    close(trash);
    return rc;
}

/*
 * The lock is taken for each file by itself: a reader that comes waits for no
 * more than one of them.
 */
static int delete (struct storage *s, int trash, const char *name,
                   struct storage_trash_emptied *emptied, struct error *e)
{
    struct file_identity identity;
    struct lock lock = LOCK_NONE;
    int rc;

    if (storage_lock(s, &lock, STORAGE_READERS, e) != 0) {
        emptied->waiting++;
        return e->kind == ERROR_LOCKED ? 0 : -1;
    }
    rc = file_identify_at(trash, name, &identity, e);
    if (rc == 0)
        rc = file_remove(trash, name, e);
    if (rc == 0)
        emptied->freed_bytes += identity.size_bytes;
    lock_release(&lock);
    return rc != 0 && e->kind == ERROR_ABSENT ? 0 : rc; /* by hand, then */
}

static int
look_at(struct storage *s, int trash, const char *name, int64_t now_ms,
        struct storage_trash_emptied *emptied, struct error *e)
{
    int64_t at_ms;
    bool moved;
    char *to;
    int rc = 0;

    if (!taken_at(name, &at_ms))
        return 0;
    if (at_ms <= now_ms - STORAGE_TRASH_MS)
        return delete (s, trash, name, emptied, e);
    if (at_ms > now_ms + STORAGE_TRASH_MS) {
        to = new_name(now_ms, old_name(name));
        rc = move(trash, name, trash, to, &moved, e);
        free(to);
    }
    return rc;
}

int
storage_trash_empty(struct storage *s, int64_t now_ms,
                    struct storage_trash_emptied *emptied, struct error *e)
{
    int trash = open_trash(s, e), rc;
    uint64_t begun_ms = clock_steady_ms();
    char **names;
    size_t count;

    *emptied = (struct storage_trash_emptied){0};
    if (trash < 0)
        return e->kind == ERROR_ABSENT ? 0 : error_in(e, "empty the trash");
    rc = file_names(trash, &names, &count, e);
    if (rc == 0) {
        /* By name: of each snapshot ".json" comes first. */
        for (size_t i = 0; i < count && rc == 0; i++) {
            rc = look_at(s, trash, names[i], now_ms, emptied, e);
            if (clock_steady_ms() - begun_ms >= BUSY_MS) {
                poll(NULL, 0, PAUSE_MS);
                begun_ms = clock_steady_ms();
            }
        }
        file_free_names(names, count);
    }
    close(trash);
    return rc == 0 ? 0 : error_in(e, "empty the trash");
}
