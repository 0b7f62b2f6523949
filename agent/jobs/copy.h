/*
 * copy.h - one file on its way into an archive: read, judged, hashed and packed
 * in one pass.
 */
#ifndef JOBS_COPY_H
#define JOBS_COPY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "formats/judge.h"
#include "jobs/progress.h"
#include "repo/digest.h"
#include "repo/pack.h"

/* What all files of one archive share. */
struct copy {
    struct pack_writer *pack;
    uint64_t read_rate; /* bytes a second; 0: no limit */
    const struct progress *progress;
    uint64_t done, total; /* bytes, over all files */
    uint64_t begun_ms;    /* for the rate */
    bool sink_failed;     /* the archive could not be written */
};

/* One file: an open one, or bytes in memory. */
struct copy_file {
    int fd; /* -1: bytes */
    const void *bytes;
    uint64_t size; /* exactly so much is copied */
    bool growing;  /* a server appends to it: its pages are left alone */
    struct pack_member member;
};

/*
 * Copies one file into the archive; sha256 is of what was copied. With judge
 * it is judged under path as it passes. A file that ends before size is
 * ERROR_CHANGED.
 */
int copy_put(struct copy *c, const struct copy_file *file, struct judge *judge,
             enum dataset_role role, struct report *report,
             char sha256[DIGEST_HEX_SIZE], struct error *e);

#endif
