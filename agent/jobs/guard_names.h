/*
 * guard_names.h - data that goes by other names than the server's settings say,
 * or by a link to nothing: a server finds none and starts empty. For guard.
 */
#ifndef JOBS_GUARD_NAMES_H
#define JOBS_GUARD_NAMES_H

#include <stdbool.h>

#include "formats/dataset.h"

/*
 * A file of such data, by its path under the open data directory: a manifest, a
 * base or an incr in any folder there, an AOF, and with dumps an RDB. The
 * caller's; NULL: there is none that can be seen.
 */
char *guard_names_find(int dir, bool dumps);

/*
 * The first of the files by which a server begins to load that is a link to
 * nothing: a server takes it for a file that is not there. Caller's; NULL.
 */
char *guard_names_find_gone(int dir, const struct dataset_names *names);

#endif
