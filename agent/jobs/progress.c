#include "jobs/progress.h"

#include <stddef.h>

#include "base/process.h"

void
progress_tell(const struct progress *p, const char *what, uint64_t done,
              uint64_t total)
{
    if (p != NULL && p->tell != NULL)
        p->tell(p->context, what, done, total);
}

int
progress_moved(void *file, uint64_t offset, struct error *e)
{
    const struct progress_file *f = file;

    progress_tell(f->progress, f->path, offset, f->size_bytes);
    return process_check_stop(e);
}
