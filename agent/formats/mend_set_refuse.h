/*
 * mend_set_refuse.h - why nothing can be mended, and what to do instead.
 * Private to mend_set.
 */
#ifndef FORMATS_MEND_SET_REFUSE_H
#define FORMATS_MEND_SET_REFUSE_H

#include "base/error.h"
#include "formats/dataset.h"
#include "formats/judge.h"

/* The files are whole, and something else is wrong: ERROR_REFUSED; -1. */
int mend_set_refuse(const struct dataset *d, const struct judge *j,
                    struct error *e);

#endif
