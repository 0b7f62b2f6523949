/*
 * unpack.h - reads a snapshot's archive from end to end against its entry:
 * every member, size and hash, and the formats of what is inside. verify only
 * looks; restore writes the files as they pass.
 */
#ifndef JOBS_UNPACK_H
#define JOBS_UNPACK_H

#include <stdbool.h>

#include "base/error.h"
#include "formats/judge.h"
#include "formats/report.h"
#include "jobs/progress.h"
#include "repo/catalog.h"
#include "repo/storage.h"

/*
 * Where a file of the entry goes in to_dir: a path the caller frees; NULL: it is
 * only looked at. Must lead nowhere else.
 */
typedef char *unpack_path(void *context, const struct catalog_file *file);

struct unpack_options {
    const struct catalog_entry *entry;
    int to_dir; /* an empty folder to write to; -1: only look */
    uid_t uid;  /* of what is written; applied when root */
    gid_t gid;
    bool deep;                    /* judge as check --deep does */
    const struct release *target; /* see aof.h; NULL: none */
    mode_t dir_mode;              /* of folders made in to_dir */
    unpack_path *path;            /* NULL: each where it was */
    void *path_context;
    int64_t now_ms; /* for struct unpack's expired; 0: not asked */
    const struct progress *progress;
};

/* What the archive held, judged anew. */
struct unpack {
    struct judge_options judge_options;
    struct judge judge;
    struct dataset dataset; /* as the entry tells it; nothing is open */
    uint64_t keys, expires, commands;
    uint64_t expired;   /* of the RDBs in it, at now_ms */
    bool functions;     /* libraries of them are in the RDBs */
    uint64_t databases; /* the highest number of one in it, + 1 */
};

/*
 * Reads the archive of entry. Everything that is not as it was stored, be it
 * archive, member, hash or format, is a finding of severity error in the report
 * and leaves *ok false; -1 is for what could not be read or written.
 */
int unpack(struct unpack *u, const struct storage *storage,
           const struct unpack_options *options, struct report *report,
           bool *ok, struct error *e);

/* The text of the first finding of a report about the archive itself. */
const char *unpack_fault(const struct report *report);

/*
 * What is written of a whole entry, by its files' sizes and not by the total
 * that it tells, and slack; UINT64_MAX: more than can be.
 */
uint64_t unpack_bytes(const struct catalog_entry *entry, uint64_t slack);

void unpack_clear(struct unpack *u);

#endif
