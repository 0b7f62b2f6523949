/*
 * binding.h - the proof that a data directory is the one a server writes to.
 */
#ifndef JOBS_BINDING_H
#define JOBS_BINDING_H

#include "base/error.h"
#include "formats/dataset.h"
#include "jobs/instance.h"
#include "repo/catalog.h"

/*
 * Looks for the proof: the server's process has the directory as its working
 * directory (also one in a container that we see); or the sizes of the AOF's files lie between those INFO told before
 * they were opened and tells now; or dump.rdb was written when INFO says that
 * the last save ended. CATALOG_UNBOUND: nothing proves it. A process that is
 * the server's and works elsewhere, or another server that works there, is a
 * contradiction: -1, ERROR_REFUSED.
 * before is INFO from before d was opened.
 */
int binding_prove(struct instance *i, const struct dataset *d,
                  const struct info *before, enum catalog_bound *bound,
                  struct error *e);

#endif
