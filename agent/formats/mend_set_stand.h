/*
 * mend_set_stand.h - whether a set can stay as it is, but for what is in its
 * files. Private to mend_set.
 */
#ifndef FORMATS_MEND_SET_STAND_H
#define FORMATS_MEND_SET_STAND_H

#include <stdbool.h>

#include "formats/dataset.h"
#include "formats/judge.h"

/*
 * Whether the files are, as a server takes them, the whole set: all there, each
 * of its kind, named once, and nothing beside them that would join.
 */
bool mend_set_stand(const struct dataset *d, const struct judge *j);

/* Whether a server that takes this kind of dataset reads the file. */
bool mend_set_stand_loads(const struct dataset *d, enum dataset_role role);

/* Whether the manifest names a file twice, once at least as data. */
bool mend_set_stand_twice(const struct aof_manifest *m);

#endif
