/*
 * drill_pass.h - one pass over an RDB: how many keys of each database a server
 * must have of it, and a sample of them to compare.
 */
#ifndef JOBS_DRILL_PASS_H
#define JOBS_DRILL_PASS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "formats/rdb.h"
#include "jobs/progress.h"

enum {
    DRILL_PASS_EACH = 40, /* keys of the sample, of each encoding */
    DRILL_PASS_TYPES = 64,
    DRILL_PASS_DATABASES_MAX = 65536,
};

/* Between two moments keys expire: at least and at most so many are there. */
struct drill_pass_database {
    uint64_t number;
    int64_t keys_least, keys_most, expires_least, expires_most;
};

/* A key of the sample; where its value is, and whether it can be compared. */
struct drill_pass_key {
    char *name;
    uint32_t name_size;
    uint64_t db, value_offset, end_offset;
    int64_t expire_ms;
    uint8_t type;
};

struct drill_pass {
    int64_t from_ms, until_ms; /* when a server looked at what has expired */
    uint64_t seed;
    bool valkey_magic;
    int version;
    struct drill_pass_database *databases;
    size_t database_count, database_room;
    struct drill_pass_key sample[DRILL_PASS_TYPES][DRILL_PASS_EACH];
    uint64_t seen[DRILL_PASS_TYPES]; /* of each type, that may be sampled */
};

/*
 * Reads the RDB that fd begins with, of size bytes. from_ms, until_ms and seed
 * are set before, all else is empty. -1: it could not be read. drill_pass_clear
 * in any case.
 */
int drill_pass_run(struct drill_pass *p, int fd, uint64_t size,
                   const struct progress *progress, struct error *e);

/* Those of a database; all are 0 where it has none. */
struct drill_pass_database drill_pass_find(const struct drill_pass *p,
                                           uint64_t number);

/* "string", "hash": what TYPE says of a key. */
void drill_pass_type(char *out, size_t size, const struct drill_pass *p,
                     const struct drill_pass_key *key);

/*
 * The value as DUMP has it: type, bytes, version, CRC-64 (rdb.c,
 * createDumpPayload of cluster.c). NULL with e empty: too large to be compared.
 * Caller's.
 */
unsigned char *drill_pass_dump(const struct drill_pass *p, int fd,
                               const struct drill_pass_key *key, size_t *size,
                               struct error *e);

void drill_pass_clear(struct drill_pass *p);

#endif
