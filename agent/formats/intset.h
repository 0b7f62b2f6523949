/*
 * intset.h - sets of integers: u32 width (2, 4, 8), u32 count, the numbers,
 * ascending; little endian.
 */
#ifndef FORMATS_INTSET_H
#define FORMATS_INTSET_H

#include <stddef.h>
#include <stdint.h>

enum { INTSET_HEAD = 8 };

/* What servers look at before they use one; NULL or what is wrong. head has
 * INTSET_HEAD bytes if size has. */
const char *intset_check_head(const unsigned char *head, uint64_t size);

/* The order of an intset whose head is good; NULL or what is wrong. */
const char *intset_check_order(const unsigned char *bytes);

#endif
