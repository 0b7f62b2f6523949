/*
 * watch.h - the data directory and the AOF directory, by inotify: a new
 * dump.rdb (MOVED_TO: servers write aside and rename), a manifest that changes,
 * files that appear, go, shrink, leftovers of dead children. Folders may appear
 * later, be replaced, go away with their mount: they are watched again. inotify
 * is a hint: a queue that overflows, and one look in a while, scan anew. No
 * folder is held open, so that a mount can go.
 *
 * What remains: a look at a file (stat, a few every 5 s) on a file system that
 * hangs, as NFS can, waits for it. Where events do not come (a change on
 * another host) or cannot be had (no inotify instance left), the looks alone
 * tell.
 */
#ifndef DAEMON_WATCH_H
#define DAEMON_WATCH_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "daemon/notice.h"

struct event_base;

enum watch_file { WATCH_RDB, WATCH_MANIFEST, WATCH_AOF };
enum { WATCH_FILES = 3 };

/* Times in ms since 1970, sizes in bytes; -1: there is none, or not known. */
struct watch_view {
    char *data_dir;   /* NULL: not known yet */
    bool present;     /* the data directory is there and watched */
    bool aof_present; /* so is the AOF directory */
    bool aof_seen;    /* it was there before */
    char *rdb_path;   /* NULL with data_dir */
    int64_t rdb_size, rdb_modified_ms, rdb_seen_ms;
    char *manifest_path; /* NULL: none (a single AOF: its path) */
    int64_t aof_size;    /* of all files of the AOF that are there */
    int64_t aof_modified_ms, aof_seen_ms;
    uint64_t events[WATCH_FILES];
    uint64_t overflows;     /* of the event queue */
    unsigned leftovers;     /* temporary files whose writer is gone */
    char trouble[240];      /* what is wrong with the folders now; "" */
    char guard_failed[240]; /* guard's word of its last failure; "" */
    bool collapsed;         /* a dump much smaller than the one before */
    bool gone; /* the folder is there, but not all of the dataset in it */
    int64_t free_bytes, total_bytes; /* of the data directory's file system */
};

struct watch_names {
    const char *data_dir; /* absolute; NULL: not known */
    const char *dbfilename, *appendfilename;
    const char *appenddirname; /* NULL: a server before 7.0 */
    bool appendonly;
};

struct watch_events {
    void (*new_rdb)(void *context); /* another dump.rdb is in place */
    void (*changed)(void *context); /* anything else of the view */
    void *context;
};

struct watch;

struct watch *watch_new(struct event_base *base, struct notices *notices,
                        unsigned collapse_percent,
                        const struct watch_events *events, struct error *e);

/* What is watched from now on; copied. The same as before changes nothing. */
void watch_point(struct watch *w, const struct watch_names *names);

void watch_set_collapse(struct watch *w, unsigned percent);

const struct watch_view *watch_view(const struct watch *w);

void watch_free(struct watch *w); /* accepts NULL */

#endif
