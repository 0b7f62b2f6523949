/*
 * mend_set_tell.h - the steps of a set that was put in order, in words.
 * Private to mend_set.
 */
#ifndef FORMATS_MEND_SET_TELL_H
#define FORMATS_MEND_SET_TELL_H

#include "formats/mend_set.h"
#include "formats/mend_set_order.h"

/* Tells what was decided about base and incrs. */
void mend_set_tell(struct mend_set *set, const struct mend_set_files *v,
                   const struct mend_set_order *order);

/*
 * Tells that the manifest is written anew; set->manifest is the new one, rest
 * what else there is to say.
 */
void mend_set_tell_manifest(struct mend_set *set,
                            const struct mend_set_files *v,
                            const struct dataset *d, const char *rest);

/* Tells of entries whose files are gone. */
void mend_set_tell_gone(struct mend_set *set, const struct mend_set_files *v);

#endif
