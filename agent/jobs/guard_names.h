/*
 * guard_names.h - data that goes by other names than the server's settings say:
 * a server finds nothing and starts empty. For guard.
 */
#ifndef JOBS_GUARD_NAMES_H
#define JOBS_GUARD_NAMES_H

#include <stdbool.h>

/*
 * A file of such data, by its path under the open data directory: a manifest, a
 * base or an incr in any folder there, an AOF, and with dumps an RDB. The
 * caller's; NULL: there is none that can be seen.
 */
char *guard_names_find(int dir, bool dumps);

#endif
