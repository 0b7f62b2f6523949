/*
 * watch_state.h - what the parts of watch share: events mark what has to be
 * looked at, and after each reading of the queue all of it is looked at once.
 */
#ifndef DAEMON_WATCH_STATE_H
#define DAEMON_WATCH_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/file.h"
#include "base/log.h"
#include "daemon/watch.h"

enum {
    WATCH_POLL_MS = 5000,
    WATCH_BLIND_POLL_MS = 1000, /* where inotify does not tell */
    /* Between two readings of the queue: a busy server writes at every turn. */
    WATCH_PAUSE_MS = 150,
    WATCH_SCAN_EVERY = 12, /* polls */
    WATCH_SCAN_MAX = 20000,
    WATCH_PARTS_MAX = 1024,
    WATCH_TEMPS_MAX = 64,
    WATCH_MANIFEST_MAX = 1 << 20,
    WATCH_TOLD_MAX = 30, /* notices in a minute */
};

/* What is to be looked at. */
enum {
    WATCH_LOOK_FOLDERS = 1,
    WATCH_LOOK_RDB = 2,
    WATCH_LOOK_MANIFEST = 4,
    WATCH_LOOK_PARTS = 8, /* those that are marked */
    WATCH_LOOK_TEMPS = 16,
    WATCH_LOOK_SCAN = 32, /* the folders are read anew */
    WATCH_LOOK_ALL = 63,
};

struct watch_folder {
    bool there;
    int wd; /* -1: not watched */
    uint64_t device, inode;
};

/* A file of the AOF. */
struct watch_part {
    char *name;
    bool look; /* something happened to it */
    bool there;
    struct file_identity id; /* as it was seen last */
};

/* A file known by name, as it was seen last. */
struct watch_known {
    bool known; /* it was seen before */
    bool there;
    struct file_identity id;
};

struct watch {
    struct watch_view view;
    struct notices *notices;
    struct watch_events events;

    char *dbfilename, *appendfilename, *appenddirname; /* of watch_names */
    char *aof_path; /* of the AOF directory, or of the single file */
    char *manifest, *manifest_path; /* NULL where there is a single file */

    struct event *readable, *pause, *poll;
    struct watch_folder data, aof; /* aof: or the single file */
    int64_t aof_absent_ms;         /* since when; 0: it is there */
    struct watch_known rdb, list;  /* list: the manifest */
    int64_t rdb_before;            /* size before it collapsed */
    int64_t rdb_collapsed_ms;
    struct watch_part *parts;
    size_t part_count, part_capacity;
    char *temps[WATCH_TEMPS_MAX];
    size_t temp_count;
    int64_t told_since_ms;

    unsigned collapse_percent;
    int fd;                      /* inotify; -1: cannot be had */
    int parent_wd;               /* while the data directory is not there */
    unsigned dirty, polls, told; /* dirty: WATCH_LOOK_... */
    char why[80];                /* the data directory is not there */
    char missing[128];           /* named by the manifest and not there; "" */

    bool appendonly, single;
    bool rdb_looked;       /* what is there now is no news */
    bool rdb_settling;     /* it is written in place, not renamed */
    bool parts_known;      /* they were scanned once */
    bool parts_differ;     /* names came or went: the manifest is compared */
    bool blind_told;       /* that something cannot be watched */
    bool changed, new_rdb; /* to be told when all is looked at */
};

/* Logs and tells a notice "watch"; so many in a minute. */
void watch_tell(struct watch *w, int64_t now_ms, enum log_level level,
                const char *format, ...) __attribute__((format(printf, 4, 5)));

/* Looks at what is marked and at what else is to be looked at. */
void watch_look(struct watch *w, unsigned what, int64_t now_ms);

/* The free space, and when to look again. */
void watch_look_later(struct watch *w);

/* Puts what is wrong into the view, tells it once. */
void watch_judge(struct watch *w, int64_t now_ms);

/* Watches nothing. */
void watch_forget(struct watch *w);

/* Events of the queue; false: there were none. They mark w->dirty. */
bool watch_queue_open(struct watch *w);
bool watch_queue_drain(struct watch *w);

/* Watches path; -1 where that cannot be. And no longer: *wd becomes -1. */
int watch_queue_add(struct watch *w, const char *path, uint32_t mask);
void watch_queue_remove(struct watch *w, int *wd);

/* A file by its path; false: none that is regular. */
bool watch_folder_see(const char *path, struct file_identity *id);

/* Marks each name in a folder, up to WATCH_SCAN_MAX. */
void watch_folder_scan(struct watch *w, const char *path,
                       bool (*mark)(struct watch *w, const char *name));

/* Looks at both folders; what is to be looked at besides. */
unsigned watch_folder_look(struct watch *w, int64_t now_ms);
void watch_folder_forget(struct watch *w);

/* Looks at the dump. */
void watch_rdb_look(struct watch *w, int64_t now_ms);

/* Whether name is a file of the AOF; marks it, taking it into the list. */
bool watch_aof_mark(struct watch *w, const char *name);
void watch_aof_look(struct watch *w, unsigned what, int64_t now_ms);
void watch_aof_forget(struct watch *w);

/* Takes a name of the data directory if it is that of a temporary file. */
bool watch_temp_mark(struct watch *w, const char *name);
void watch_temp_look(struct watch *w, int64_t now_ms);
void watch_temp_forget(struct watch *w);

#endif
