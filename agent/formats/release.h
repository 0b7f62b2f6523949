/*
 * release.h - which release of which server, and what it accepts.
 */
#ifndef FORMATS_RELEASE_H
#define FORMATS_RELEASE_H

#include <stdbool.h>

struct release {
    bool valkey;
    int major, minor, patch;
};

/* "7.0.15", "redis-7.0.15", "valkey-8.1.1"; false for anything else. */
bool release_read(struct release *r, const char *text);

/* "redis 7.0.15", "valkey 8.1.1". */
enum { RELEASE_TEXT_SIZE = 40 };
void release_write(char out[RELEASE_TEXT_SIZE], const struct release *r);

/* The newest release of redis that this program knows. */
struct release release_newest(void);

/* Whether r is at least major.minor of its own product. */
bool release_at_least(const struct release *r, int major, int minor);

/* Whether it walks every value when it loads (valkey 9.1: tried). */
bool release_walks_values(const struct release *r);

/* Whether AOFs are sets with a manifest (redis 7.0, all valkey). */
bool release_has_manifest(const struct release *r);

/* Whether it loads an RDB of that version and magic (FORMATS: valkey magic
 * from 80 on; valkey refuses 12..79). */
bool release_loads_rdb(const struct release *r, int version, bool valkey_magic);

#endif
