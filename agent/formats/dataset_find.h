/*
 * dataset_find.h - one look at a data directory. Private to dataset.
 */
#ifndef FORMATS_DATASET_FIND_H
#define FORMATS_DATASET_FIND_H

#include <stdbool.h>

#include "formats/dataset.h"

/*
 * Fills an empty d with what lies in dir now; no name in names may be NULL.
 * *changed: the server replaced something meanwhile, so that d is no set: look
 * again. d is to be closed in any case, on failure too.
 */
int dataset_find(struct dataset *d, int dir, const struct dataset_names *names,
                 bool *changed, struct error *e);

#endif
