/*
 * rdb_names.h - what the names of keys in a file look like, so that names in
 * it can be told from other bytes: by how they begin and how they are built.
 */
#ifndef FORMATS_RDB_NAMES_H
#define FORMATS_RDB_NAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { RDB_NAMES_STARTS = 1 << 16, RDB_NAMES_SHAPES = 1 << 10 };

struct rdb_names {
    uint64_t count;
    uint64_t single;    /* beginnings that came once: a measure of new ones */
    uint64_t different; /* beginnings */
    uint64_t odd;       /* names that are not text */
    uint32_t starts[RDB_NAMES_STARTS], shapes[RDB_NAMES_SHAPES];
};

void rdb_names_learn(struct rdb_names *n, const void *name, size_t size);

/* Whether they are too few to teach anything: all are like them. */
bool rdb_names_are_few(const struct rdb_names *n);

/* Whether hardly any of them is other than text. */
bool rdb_names_are_text(const struct rdb_names *n);

/* Whether a key may well have that name. */
bool rdb_names_is_like(const struct rdb_names *n, const void *name,
                       size_t size);

/* Whether names are known that begin like it and are built like it. */
bool rdb_names_is_known(const struct rdb_names *n, const void *name,
                        size_t size);

/* How many bytes are no text: controls, what is not UTF-8. */
size_t rdb_names_odd_bytes(const void *bytes, size_t size);

/* Whether none is. */
bool rdb_names_is_text(const void *bytes, size_t size);

#endif
