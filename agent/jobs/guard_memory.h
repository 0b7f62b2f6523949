/*
 * guard_memory.h - what guard found last time, for as long as nothing changed.
 *
 *   guard.json {"format": 1, "key": {...}, "answer": {...}}
 *
 * The key holds all that the answer depends on: this program, this boot (a
 * power cut may leave other bytes in files that look the same), the settings,
 * and of each file what the kernel tells, its ctime too, which nobody can set
 * back. A memory that is not as we write it is none.
 */
#ifndef JOBS_GUARD_MEMORY_H
#define JOBS_GUARD_MEMORY_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "formats/judge.h"

struct guard_memory_options {
    const char *path; /* the data directory */
    const struct judge_options *judge;
    const char *programs[2];     /* of the server, whose release judge does not
                                have; NULL: none */
    const char *repo, *instance; /* of the agent */
};

struct guard_memory {
    const struct guard_memory_options *options; /* borrowed */
    struct judge_options judge;                 /* as it was at first */
    int folder;        /* where guard.json is; -1: nowhere */
    json_t *key;       /* NULL: it cannot be told, nothing is remembered */
    int64_t newest_ns; /* ctime of what changed last */
};

/*
 * Looks at the data directory. The folder is that of the agent in the repository
 * if it is there and we may write to it, else .redkeep in the data directory,
 * made on the first keep. options are borrowed until guard_memory_close, which
 * is called in any case.
 */
void guard_memory_open(struct guard_memory *m,
                       const struct guard_memory_options *options);

/* The answer to the same key; the caller's. NULL: there is none. */
json_t *guard_memory_find(const struct guard_memory *m);

/*
 * Keeps it, if it is of a set that is sound and loads, and nothing changed since
 * m was opened, nor just before: a change may not show in what the kernel tells
 * for a moment. What cannot be kept is not.
 */
void guard_memory_keep(struct guard_memory *m, const json_t *answer,
                       int64_t now_ms);

void guard_memory_close(struct guard_memory *m);

#endif
