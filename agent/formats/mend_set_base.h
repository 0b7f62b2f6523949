/*
 * mend_set_base.h - which of several files is the base, and which incrs it
 * holds already. Private to mend_set.
 */
#ifndef FORMATS_MEND_SET_BASE_H
#define FORMATS_MEND_SET_BASE_H

#include "formats/mend_set_order.h"

/*
 * Chooses among all that may be a base, given all that may be incrs; says in
 * order->reason why. NULL: there is none. *first: how many of the first incrs
 * it holds already.
 */
struct mend_set_file *mend_set_base_choose(struct mend_set_order *order,
                                           struct mend_set_files *v,
                                           size_t *first);

/* Whether the times prove that an incr ended before a base was made. */
bool mend_set_base_is_before(const struct mend_set_file *incr,
                             const struct mend_set_file *base);

#endif
