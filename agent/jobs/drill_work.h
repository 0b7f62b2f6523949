/*
 * drill_work.h - what a drill holds while it runs; for drill*.c only.
 */
#ifndef JOBS_DRILL_WORK_H
#define JOBS_DRILL_WORK_H

#include "base/lock.h"
#include "jobs/drill.h"
#include "jobs/drill_pass.h"
#include "jobs/drill_scratch.h"
#include "jobs/trial.h"
#include "jobs/unpack.h"
#include "repo/storage.h"

struct drill_work {
    const struct drill_options *options;
    struct drill *d;
    struct storage storage;
    struct lock lock;
    struct catalog catalog;
    const struct catalog_item *item;
    const struct catalog_entry *entry;
    struct instance server;
    struct drill_scratch scratch;
    struct unpack unpacked;
    struct trial trial;
    struct drill_pass pass;
    int rdb;           /* the restored RDB, open; -1: there is none */
    uint64_t rdb_size; /* of the file that begins with it */
    int64_t from_ms;   /* just before the server was started */
    size_t compared, untold;
};

/* Something is not as it should be; the first is told. Always returns 0. */
int drill_work_fault(struct drill_work *w, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Compares what the server counts and holds with what was restored. */
int drill_judge(struct drill_work *w, struct error *e);

#endif
