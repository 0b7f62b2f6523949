/*
 * trial.h - a private server that loads a dataset, to prove that it can be:
 * for the boot check of a restore and for a drill.
 *
 * It listens on a unix socket in a folder of its own and on no port, runs as
 * the data's owner, under a memory limit, first in line for the kernel's OOM
 * killer, and dies with us. It is the program found by PATH (redis-server or
 * valkey-server), or that of the running server if root owns it, only root can
 * write it, and every folder above it.
 */
#ifndef JOBS_TRIAL_H
#define JOBS_TRIAL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "formats/dataset.h"
#include "formats/release.h"
#include "jobs/progress.h"
#include "jobs/trial_log.h"
#include "redis/link.h"
#include "redis/probe.h"

struct trial_options {
    bool valkey;           /* which program is asked for first */
    int64_t running_pid;   /* the running server's, or 0 */
    const char *directory; /* the server works in it and writes */
    const struct dataset_names *names;
    bool appendonly;
    int databases;
    uid_t uid;
    gid_t gid;
    uint64_t dataset_bytes; /* how large it will be in memory, at least */
    unsigned load_limit_ms;
    int rdb_version; /* the highest in it, and its magic; 0: none */
    bool valkey_magic;
    const struct progress *progress;
};

enum { TRIAL_TEXT_SIZE = 480 };

struct trial {
    bool skipped; /* there is not memory enough, or the server that is here is
                     too old for it: nothing is said of the data */
    bool loaded;  /* it loaded all and cut nothing, by its own log */
    char text[TRIAL_TEXT_SIZE]; /* why not, in the server's own words */
    struct release release;     /* of the server */
    struct link *link;          /* to ask it more while it runs; NULL */
    int64_t keys, expires;      /* of all databases */
    struct probe_database *databases;
    size_t database_count;
    uint64_t empty_keys; /* without elements: servers leave them out */
    uint64_t load_ms;
    /* Private: */
    pid_t pid;
    int out;    /* what it says; -1 */
    int dir;    /* directory, open */
    int folder; /* of its socket, in it */
    uint64_t memory_bytes;
    struct trial_log log;
};

#define TRIAL_NONE                                    \
    {                                                 \
        .pid = -1, .out = -1, .dir = -1, .folder = -1 \
    }

/*
 * Starts the server and waits until it has loaded, or ended, or the limit came.
 * That it does not load is no failure: t says so. -1: it could not be tried
 * (no program, no folder).
 */
int trial_begin(struct trial *t, const struct trial_options *options,
                struct error *e);

/* Ends it without a save and removes its socket; directory stays. In any case,
 * and then t is empty. */
void trial_end(struct trial *t);

/*
 * Whether so much data fits now: 1.3 times its size and a fifth of the memory
 * besides, of the host and of our cgroup. text (of TRIAL_TEXT_SIZE) gets the
 * figures where it does not.
 */
bool trial_fits(uint64_t dataset_bytes, char *text);

#endif
