/*
 * leftovers.h - temporary files of servers in a data directory: those of a
 * child that works, and those that a dead process left.
 */
#ifndef JOBS_LEFTOVERS_H
#define JOBS_LEFTOVERS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "formats/dataset.h"
#include "formats/report.h"

struct leftovers_options {
    const char *folder; /* how the data directory is shown */
    const struct dataset_names *names;
    bool keep; /* the data is not whole: what lies there may be needed */
    int64_t now_ms;
};

/*
 * Whether name is that of a temporary file: temp-PID.rdb of a save, temp-TIME.
 * PID.rdb of a replica, temp-rewriteaof-PID.aof and temp-rewriteaof-bg-PID.aof
 * of a rewrite. *pid: the process that wrote it, as that process saw itself.
 */
bool leftovers_read_name(const char *name, uint64_t *pid);

/*
 * Tells of each temporary file in the open data directory dir and its folder
 * of AOF files: whether something writes it, how old and large it is, and how
 * to remove it. Never removes anything. -1: the directory cannot be read.
 */
int leftovers_find(int dir, const struct leftovers_options *options,
                   struct report *report, struct error *e);

#endif
