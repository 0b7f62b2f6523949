/*
 * progress.h - how a job tells how far it is. The tool draws it; jobs only say.
 */
#ifndef JOBS_PROGRESS_H
#define JOBS_PROGRESS_H

#include <stdint.h>

#include "base/error.h"

struct progress {
    /* what is being done to how many of how many bytes; total 0: not known.
     * what stays the same text while one piece of work lasts. */
    void (*tell)(void *context, const char *what, uint64_t done,
                 uint64_t total);
    void *context;
};

/* Tells; p and p->tell may be NULL. */
void progress_tell(const struct progress *p, const char *what, uint64_t done,
                   uint64_t total);

/* A file that is read through: what source->moved_context points to. */
struct progress_file {
    const struct progress *progress;
    const char *path;
    uint64_t size_bytes;
};

/* For source->moved: tells how far it is, and hears a request to stop. */
int progress_moved(void *file, uint64_t offset, struct error *e);

#endif
