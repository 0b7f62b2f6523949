/*
 * rdb.h - walks an RDB from the magic to the checksum without building values.
 *
 * Layout: "REDIS" + 4 digits or "VALKEY" + 3 digits, opcodes and keys, 0xFF,
 * and since version 5 eight bytes CRC-64, little endian (0: switched off).
 */
#ifndef FORMATS_RDB_H
#define FORMATS_RDB_H

#include <stdbool.h>
#include <stdint.h>

#include "base/source.h"
#include "formats/report.h"

enum rdb_checksum {
    RDB_CHECKSUM_NONE, /* versions below 5 have none, or not reached */
    RDB_CHECKSUM_OK,
    RDB_CHECKSUM_BAD,
    RDB_CHECKSUM_DISABLED, /* stored as 0 */
};

/* Versions before it have none. */
enum { RDB_CHECKSUM_SINCE = 5 };

enum { RDB_VERSION_MAX = 14, RDB_VALKEY_VERSION_MAX = 80 };

/* Of a longer name only so many bytes are told. */
enum { RDB_KEY_NAME_MAX = 256 };

/* One key, told when its value has been walked to the end. */
struct rdb_key {
    const char *name;      /* as text, not terminated; borrowed for the call */
    uint32_t name_size;    /* at most RDB_KEY_NAME_MAX */
    uint64_t name_whole;   /* the size of the whole name */
    uint64_t offset;       /* of its first opcode (expiry, idle, type...) */
    uint64_t value_offset; /* behind the name */
    uint64_t end_offset;   /* behind the value */
    uint64_t db;
    int64_t expire_ms;     /* -1: none */
    uint8_t type;          /* of the file; read it by magic and version */
    bool empty;            /* no elements: servers skip it at load */
    bool uncounted;        /* it has more elements, or they are not known */
    uint64_t elements;     /* as its heads tell; 0 for strings and modules */
    uint64_t memory_bytes; /* what it costs the server; 0: not asked for */
    uint64_t spare_bytes;  /* more, unless it was loaded since: a stream's last
                              node is made for what may come */
};

typedef void rdb_key_seen(void *context, const struct rdb_key *key);

struct rdb_options {
    rdb_key_seen *key_seen; /* may be NULL */
    void *context;
    bool deep;      /* also what servers do not look at when they load */
    bool weigh;     /* tell memory_bytes of each key; not with deep: the values
                       of tables are not judged then */
    bool pages;     /* of that: see struct footprint */
    int64_t now_ms; /* since 1970: which keys have expired; 0: not asked */
};

/* Servers that judge values alike when they load. */
enum rdb_era {
    RDB_BY_6_0 = 1, /* redis until 6.0: hardly at all */
    RDB_BY_6_2 = 2, /* heads */
    RDB_BY_7 = 4,   /* redis 7 and valkey 7: walk ziplists too */
    RDB_BY_8 = 8,   /* later, but for */
    RDB_BY_9_1 =
        16, /* valkey since 9.1: looks at nearly all that --deep does */
    RDB_BY_LOOKING = RDB_BY_6_2 | RDB_BY_7 | RDB_BY_8 | RDB_BY_9_1,
    RDB_BY_WALKING = RDB_BY_7 | RDB_BY_8 | RDB_BY_9_1,
    RDB_BY_ALL = RDB_BY_6_0 | RDB_BY_LOOKING,
};

struct rdb_result {
    enum verdict verdict; /* sound, damaged; unknown: newer than we know */
    enum rdb_checksum checksum;
    unsigned refused_by; /* of enum rdb_era: servers that damage keeps out */
    int version;         /* 0: no magic was found */
    int needs;           /* that version, or a later one that brought a type or
                            opcode in it; of REDIS magic */
    bool valkey_magic;
    bool container; /* valkey's compressed container "VKCS" */
    bool cut_short; /* damaged because the stream ended too early */
    bool functions;
    bool enterprise; /* opcodes of Redis Enterprise */
    uint64_t keys, expires, empty_keys;
    uint64_t expired;    /* before now_ms: a primary leaves them out */
    uint64_t modules;    /* module values and module aux fields */
    uint64_t databases;  /* highest index seen + 1 */
    uint64_t end_offset; /* behind the checksum; 0 when not reached */
    uint64_t damage_offset;
    int64_t created;     /* aux ctime, seconds since 1970; -1 not told */
    int64_t used_memory; /* aux used-mem, bytes: the server's; -1 not told */
    char server[40];     /* "redis 7.0.15" from aux, or "" */
};

/*
 * Walks one RDB that begins at source->at and stops behind its checksum; bytes
 * after it are the caller's. What is wrong goes to the report with the offset
 * in the stream and into result. -1: the source failed (nothing is judged).
 *
 * Without options->deep it finds what servers see when they load: the heads of
 * packed structures, whole ziplists and zipmaps, pending entries of streams, a
 * key that comes twice in a row, and broken LZF. With it also every other
 * packed structure, entry by entry, members that come twice, and every key
 * that does (if the source can be read again: source_read_at). Memory: 64 MiB,
 * with it 256 MiB, whatever the size; keys beyond that are sorted on disk, in
 * a file without a name in TMPDIR. -1 also when that fails.
 *
 * A version beyond ours is not walked: with a known end (source->size_bytes)
 * the checksum is judged over everything but the last 8 bytes: right or 0 is
 * VERDICT_UNKNOWN, else damaged.
 */
int rdb_walk(struct source *s, const struct rdb_options *options,
             struct report *report, struct rdb_result *result, struct error *e);

/* "ok", "bad", "disabled", "none". */
const char *rdb_checksum_name(enum rdb_checksum c);

#endif
