/*
 * repository_view.h - what the keeper tells, read into the view; use
 * repository.h.
 */
#ifndef DAEMON_REPOSITORY_VIEW_H
#define DAEMON_REPOSITORY_VIEW_H

#include <jansson.h>

#include "daemon/repository.h"

/* All unknown. */
void repository_view_init(struct repository_view *v);

/*
 * One look of the keeper (jobs/lookout.h). What it holds besides "catalog" is
 * known from now on; the rest only where the catalog was read again.
 */
void repository_view_read(struct repository_view *v, const json_t *look);

void repository_view_clear(struct repository_view *v);

#endif
