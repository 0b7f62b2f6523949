/*
 * twins.h - finds members that come twice in one packed structure. A number
 * and its digits are the same member.
 */
#ifndef FORMATS_TWINS_H
#define FORMATS_TWINS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "formats/packed.h"

/* Members beyond are not compared: 24 MiB in all. */
enum { TWINS_MAX = 1 << 19 };

struct twins {
    struct packed_entry *members;
    uint64_t *slots; /* hash and 1 + index, each half */
    size_t count, capacity, slot_count;
};

/* Begins another structure; its bytes must stay while it lasts. */
void twins_begin(struct twins *t);

/* Adds a member; true if it was there. */
bool twins_add(struct twins *t, const struct packed_entry *e);

void twins_clear(struct twins *t);

/* A number that tells texts apart, in most cases. */
uint64_t twins_hash(const void *bytes, size_t size);

#endif
