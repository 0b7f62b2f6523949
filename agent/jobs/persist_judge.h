/*
 * persist_judge.h - whether a server can persist now, and what became of it;
 * judged from what INFO and the host say. For the agent, which never waits, and
 * for the command, which does.
 */
#ifndef JOBS_PERSIST_JUDGE_H
#define JOBS_PERSIST_JUDGE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "redis/info.h"

enum persist_kind { PERSIST_BGSAVE, PERSIST_BGREWRITEAOF };

/* "BGSAVE" */
const char *persist_judge_command(enum persist_kind kind);

/* Of the server's host; -1: not known, or the server is on another. */
struct persist_host {
    int64_t memory_available; /* MemAvailable */
    int64_t memory_total;     /* and swap */
    int64_t commit_left;      /* CommitLimit - Committed_AS */
    int overcommit;           /* vm.overcommit_memory */
    int64_t disk_free;        /* where the file is made */
    int64_t dump_size;        /* of dump.rdb */
};

/* What is known of no host. */
#define PERSIST_HOST_UNKNOWN   \
    {                          \
        -1, -1, -1, -1, -1, -1 \
    }

/* 0, or -1 with ERROR_DENIED and what stands in the way: what the server is at,
 * or does not have; and what its host lacks. */
int persist_judge_idle(enum persist_kind kind, const struct info *i,
                       struct error *e);
int persist_judge_room(enum persist_kind kind, const struct info *i,
                       const struct persist_host *host, struct error *e);

/* Both. */
int persist_judge_can(enum persist_kind kind, const struct info *i,
                      const struct persist_host *host, struct error *e);

/*
 * The error reply to the command: ERROR_DENIED where trying again helps, else
 * ERROR_FAILED, with what to do. Always returns -1.
 */
int persist_judge_refusal(enum persist_kind kind, struct error *e);

enum persist_outcome { PERSIST_GOES_ON, PERSIST_DONE, PERSIST_LOST };

/* One that was asked for, and what INFO said just before. */
struct persist_ask {
    enum persist_kind kind;
    struct info before;
    bool begun;     /* the server said so */
    bool scheduled; /* it said it would, later */
    bool seen;      /* INFO showed it */
};

/*
 * PERSIST_LOST: e says why it came to nothing. A save counts as done only if
 * INFO shows a newer one that went well (rdb_last_bgsave_status, and the time
 * of the last save or fewer changes since); a rewrite, if it was begun and has
 * ended with aof_last_bgrewrite_status ok in the same server, its AOF still on.
 */
enum persist_outcome persist_judge_look(struct persist_ask *ask,
                                        const struct info *now,
                                        struct error *e);

#endif
