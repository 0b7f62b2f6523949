/*
 * rdb_stats.h - counts what is in an RDB while it is walked: databases, types,
 * expiries, the biggest keys, and prefixes of names.
 *
 * Sizes are bytes in the file: a key with its expiry, name and value as they
 * are written, which is less than a server needs for it; or, where keys were
 * weighed (rdb_options), what they cost that server in memory.
 */
#ifndef FORMATS_RDB_STATS_H
#define FORMATS_RDB_STATS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "formats/heavy.h"
#include "formats/rdb.h"

/* Keys of databases beyond are counted together. */
enum { RDB_STATS_DATABASES_MAX = 1024 };

enum {
    RDB_STATS_TYPE_NUMBERS = 64, /* all that rdb_types_find knows are below */
    RDB_STATS_MOST = 20,         /* biggest keys, heaviest prefixes */
    RDB_STATS_NAMES = 32,        /* of encodings, and so of types */
    RDB_STATS_NAME_SIZE = 40,
};

struct rdb_stats_count {
    uint64_t keys, expires, expired, bytes;
    uint64_t elements;
    uint64_t uncounted; /* keys that have more elements than counted */
};

/* How long keys live from now on. */
enum rdb_stats_life {
    RDB_STATS_EXPIRED,
    RDB_STATS_HOUR,
    RDB_STATS_DAY,
    RDB_STATS_WEEK,
    RDB_STATS_MONTH, /* 30 days */
    RDB_STATS_LATER,
    RDB_STATS_LIVES,
};

struct rdb_stats_key {
    char name[RDB_KEY_NAME_MAX];
    uint32_t name_size;
    uint64_t name_whole;
    uint64_t offset, db, bytes, elements;
    int64_t expire_ms;
    uint8_t type;
    bool uncounted;
};

struct rdb_stats {
    int64_t now_ms;
    struct rdb_stats_count all;
    struct rdb_stats_count types[RDB_STATS_TYPE_NUMBERS];
    struct rdb_stats_count *databases, other_databases;
    size_t database_count;
    uint64_t lives[RDB_STATS_LIVES];
    struct rdb_stats_key *biggest;
    size_t biggest_count;
    size_t most;    /* of them and of prefixes; may be set at the beginning */
    bool weighed;   /* sizes are of memory; the same */
    bool spare;     /* and of what streams have in reserve; the same */
    char separator; /* of prefixes; the same */
    struct heavy prefixes; /* weight: bytes */
    bool prefixes_exact;   /* no key of these is missing in their counts */
};

/* Begins empty; at now_ms (since 1970) keys are expired or not. It tells
 * RDB_STATS_MOST of each, sizes are those in the file, the separator is ':'. */
void rdb_stats_begin(struct rdb_stats *s, int64_t now_ms);

/* Counts one key: for rdb_options.key_seen. */
void rdb_stats_add(struct rdb_stats *s, const struct rdb_key *key);

/* Sorts, heaviest and biggest first, and gives back what it needed for it. */
void rdb_stats_end(struct rdb_stats *s);

/* The same counts by a name; of numbers that mean the same, together. */
struct rdb_stats_named {
    char name[RDB_STATS_NAME_SIZE];
    struct rdb_stats_count count;
};

/*
 * Types that are there ("hash"), or encodings ("hash, listpack"), the most
 * bytes first; returns how many.
 */
size_t rdb_stats_types(const struct rdb_stats *s, bool valkey_magic,
                       struct rdb_stats_named out[RDB_STATS_NAMES]);
size_t rdb_stats_encodings(const struct rdb_stats *s, bool valkey_magic,
                           struct rdb_stats_named out[RDB_STATS_NAMES]);

/* The name of an encoding, and of its type: the word it begins with. */
void rdb_stats_encoding_name(char out[RDB_STATS_NAME_SIZE], bool valkey_magic,
                             unsigned type);
void rdb_stats_type_name(char out[RDB_STATS_NAME_SIZE], bool valkey_magic,
                         unsigned type);

void rdb_stats_clear(struct rdb_stats *s);

#endif
