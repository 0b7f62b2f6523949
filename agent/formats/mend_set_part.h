/*
 * mend_set_part.h - the files of the new set and the lines of its manifest.
 * Private to mend_set.
 */
#ifndef FORMATS_MEND_SET_PART_H
#define FORMATS_MEND_SET_PART_H

#include "formats/mend_set.h"
#include "formats/mend_set_order.h"

/*
 * Adds base or incr as folder/name, and its line. An incr's seq is raised where
 * it would not rise.
 */
void mend_set_part_add(struct mend_set *set, const char *folder,
                       const char *name, const struct mend_set_content *c,
                       enum dataset_role role, int64_t seq);

/* Adds a file that stays as and where it is, or is mended there. */
void mend_set_part_keep(struct mend_set *set, const char *path,
                        enum dataset_role role, enum verdict verdict);

/* The parts of an order, base first. */
void mend_set_part_add_all(struct mend_set *set, const struct mend_set_files *v,
                           const struct mend_set_order *order);

#endif
