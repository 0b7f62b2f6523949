#include "jobs/restore_use.h"

#include <poll.h>
#include <string.h>

#include "base/clock.h"
#include "jobs/in_use.h"

/* How long a server takes to find out that it cannot load, and then some. */
enum { WAIT_MS = 2000, LOOK_MS = 20 };

int
restore_use_check(void *context, struct error *e)
{
    const struct restore_use *use = context;
    uint64_t begin = clock_steady_ms();
    int rc;

    /* What cannot be told was asked before, of a set that was whole. */
    while ((rc = in_use_check(use->server, use->dir, NULL, use->path, true,
                              e)) != 0 &&
           e->kind == ERROR_REFUSED && clock_steady_ms() - begin < WAIT_MS) {
        poll(NULL, 0, LOOK_MS);
        memset(e, 0, sizeof *e);
    }
    return rc;
}
