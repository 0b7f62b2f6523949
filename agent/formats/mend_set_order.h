/*
 * mend_set_order.h - which of the files there are the base and the incrs, and
 * in what order. Private to mend_set.
 *
 * A rewrite opens incr n+1, then writes base k+1 of all that was before. So
 * base k+1 goes with the incrs from n+1 on; an incr that ended before a base
 * was made is in it already, and to load it again would count twice.
 */
#ifndef FORMATS_MEND_SET_ORDER_H
#define FORMATS_MEND_SET_ORDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "formats/mend_set_files.h"

/* How it came to be known which base is the right one. */
enum mend_set_reason {
    MEND_SET_BY_NONE,    /* there is none */
    MEND_SET_BY_LINE,    /* the manifest names it alone */
    MEND_SET_BY_ALONE,   /* there is no other */
    MEND_SET_BY_TIMES,   /* what is there ended before and began after it */
    MEND_SET_BY_NUMBERS, /* the same, by numbers and times of files */
    MEND_SET_BY_WHOLE,   /* the others are damaged */
    MEND_SET_BY_AGE,     /* an older one, with all incrs since */
};

struct mend_set_order {
    struct mend_set_file *base;   /* NULL: none; borrowed, as are the incrs */
    struct mend_set_file **incrs; /* in the order of loading */
    size_t incr_count;
    enum mend_set_reason reason;
    bool exchanged; /* base and incr held each other's bytes */
    bool base_gone; /* the manifest names one that is not there */
    bool history;   /* files were taken that a rewrite had replaced */
};

/*
 * Decides the fate of every file of v. Where base and incr were exchanged the
 * contents in v change places. Ownership: mend_set_order_clear.
 */
void mend_set_order_find(struct mend_set_order *order,
                         struct mend_set_files *v);

/* Whether there is a byte in it. */
bool mend_set_order_holds(const struct mend_set_order *order);

void mend_set_order_clear(struct mend_set_order *order);

#endif
