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

struct unpack_options {
    const struct catalog_entry *entry;
    int to_dir; /* an empty folder to write to; -1: only look */
    uid_t uid;  /* of what is written; applied when root */
    gid_t gid;
    mode_t dir_mode; /* of folders made in to_dir */
    bool deep;       /* judge as check --deep does */
    const struct progress *progress;
};

/* What the archive held, judged anew. */
struct unpack {
    struct judge_options judge_options;
    struct judge judge;
    struct dataset dataset; /* as the entry tells it; nothing is open */
    uint64_t keys, expires, commands;
};

/*
 * Reads the archive of entry. Everything that is not as it was stored, be it
 * archive, member, hash or format, is a finding of severity error in the report
 * and leaves *ok false; -1 is for what could not be read or written.
 */
int unpack(struct unpack *u, const struct storage *storage,
           const struct unpack_options *options, struct report *report,
           bool *ok, struct error *e);

void unpack_clear(struct unpack *u);

#endif
