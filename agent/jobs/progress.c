#include "jobs/progress.h"

#include <stddef.h>

void
progress_tell(const struct progress *p, const char *what, uint64_t done,
              uint64_t total)
{
    if (p != NULL && p->tell != NULL)
        p->tell(p->context, what, done, total);
}
