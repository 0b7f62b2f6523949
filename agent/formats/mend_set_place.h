/*
 * mend_set_place.h - the old single AOF or the dump as the base of a new set.
 * Private to mend_set.
 */
#ifndef FORMATS_MEND_SET_PLACE_H
#define FORMATS_MEND_SET_PLACE_H

#include "formats/mend_set.h"
#include "formats/mend_set_order.h"

/* The files beside the set. */
struct mend_set_beside {
    struct mend_set_content single, dump; /* from NULL: not there */
};

int mend_set_place_look(struct mend_set_beside *beside, int dir,
                        const struct mend_set_files *v, const struct judge *j,
                        struct error *e);

void mend_set_place_clear(struct mend_set_beside *beside);

/*
 * The one that is to be the base in place of all that order found; NULL:
 * neither is better than that.
 */
const struct mend_set_content *
mend_set_place_choose(const struct mend_set_beside *beside,
                      const struct mend_set_files *v,
                      const struct mend_set_order *order);

/* Makes the set of that file alone, with its steps. */
void mend_set_place(struct mend_set *set, const struct mend_set_content *chosen,
                    const struct mend_set_beside *beside,
                    const struct mend_set_files *v,
                    const struct mend_set_order *order,
                    const struct dataset *d);

#endif
