/*
 * process_quarry.h - what is searched for in other processes: a directory, and
 * the files in it and in the folders one level below, by their inodes.
 */
#ifndef BASE_PROCESS_QUARRY_H
#define BASE_PROCESS_QUARRY_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>
#include <sys/types.h>

#include "base/error.h"
#include "base/process.h"

struct process_place {
    dev_t device;
    ino_t inode;
};

struct process_quarry_file {
    struct process_place place;
    struct process_place folder;
    bool data; /* by its name part of a dataset */
};

struct process_quarry {
    struct process_place directory;
    struct process_quarry_file *files; /* sorted */
    size_t count;
    size_t capacity;
    char path[PATH_MAX]; /* ours of the directory, or "" */
    struct stat space;   /* our mount namespace */
};

/*
 * Lists an open directory. Folders whose names begin with a dot are left out:
 * those are no server's.
 */
int process_quarry_begin(struct process_quarry *q, int dir, struct error *e);
void process_quarry_clear(struct process_quarry *q);

/*
 * Whether a process (its folder in /proc, open) works in the directory, or in
 * one that had its name and was removed.
 */
bool process_quarry_is_home(const struct process_quarry *q, int proc,
                            const struct process_view *view);

/*
 * 1 if what a process has open by that number (fds: its folder fd, open) is one
 * of the files, also one that came later or has no name any more, and counts:
 * of a server any, but for those of a folder below where it works; of others
 * one of a dataset that is open for writing. 0 if not; -1: we may not see.
 */
int process_quarry_holds(const struct process_quarry *q, int proc, int fds,
                         const char *number, const struct process_view *view,
                         bool server);

#endif
