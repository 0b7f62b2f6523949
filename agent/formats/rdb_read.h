/*
 * rdb_read.h - the state of a walk, lengths and raw bytes, what is found wrong,
 * and the checksum over what was read.
 *
 * Length: 00xxxxxx 6 bits; 01xxxxxx + 1 byte, 14 bits; 80 + 4 bytes; 81 + 8
 * bytes, all big endian. 11xxxxxx is for strings only (rdb_string.h).
 *
 * The readers return false when the data is no good; then result and report
 * say why and nothing more is to be read.
 */
#ifndef FORMATS_RDB_READ_H
#define FORMATS_RDB_READ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/source.h"
#include "formats/rdb.h"
#include "formats/report.h"

/* Beyond this a count is damage: no file is that large. */
#define RDB_READ_COUNT_MAX (UINT64_C(1) << 48)

enum { RDB_READ_MODULES_MAX = 32, RDB_READ_FUNCTIONS_MAX = 256 };

struct rdb_deep;
struct twins;
struct rdb_lzf;
struct rdb_weigh;

/* Longer names are not compared with the one before. */
enum { RDB_READ_NAME_MAX = 256 };

struct rdb_read {
    struct source *s;
    struct report *report;
    struct rdb_result *result;
    struct rdb_key key; /* present, or pending while an opcode for it waits */
    bool pending;       /* expiry, idle, frequency or metadata was read */
    const char *inside; /* type of the value being read; NULL outside */
    bool spoiled;       /* that value is bad, and was reported */
    struct rdb_deep *deep;   /* NULL: only what servers look at */
    struct twins *twins;     /* members of a packed structure */
    struct rdb_lzf *lzf;     /* strings that wait to be judged */
    struct rdb_weigh *weigh; /* NULL: what keys cost is not asked */
    unsigned char *buffer;   /* rdb_blob.h */
    size_t buffer_size;
    bool unsummed;   /* no checksum is taken: the source is sought in */
    uint64_t unread; /* bytes moved over that were not looked at */
    bool hole;       /* nothing is written from here to the end */
    bool told_large; /* the note of a structure that is too large */
    bool strange;    /* rdb_read_strange was called */
    bool told_newer; /* the warning of a type newer than the file */
    /* Of the key before, as it is written, with its db: in the window, or
     * kept when that moved. */
    const unsigned char *name;
    size_t name_size;
    uint64_t name_db;
    unsigned char kept_name[RDB_READ_NAME_MAX];
    char name_text[RDB_KEY_NAME_MAX]; /* of this key, if keys are asked for */
    uint64_t packed_end;              /* behind the last compressed string */
    uint64_t first_empty; /* offset of the first key without elements */
    uint64_t module_ids[RDB_READ_MODULES_MAX]; /* told already */
    size_t module_count;
    uint64_t functions[RDB_READ_FUNCTIONS_MAX]; /* hashes of libraries' names */
    size_t function_count;
    /*
     * crc is of all before from, crc_ahead of all before ahead. Both lie in
     * the window. To take the checksum a little ahead of the reader has the
     * memory stream in; going back to from is for the end of the data.
     */
    const unsigned char *from, *ahead;
    uint64_t crc, crc_ahead;
};

/* Begins at the source's present place. */
void rdb_read_begin(struct rdb_read *r, struct source *s, struct report *report,
                    struct rdb_result *result);

/* The slow path of rdb_read_want: the window moves. */
bool rdb_read_more(struct rdb_read *r, size_t n);

/* After a source_seek of one that is unsummed, or with another source. */
void rdb_read_moved(struct rdb_read *r);

/* Takes the checksum further ahead, when s->at has reached r->ahead. */
void rdb_read_ahead(struct rdb_read *r);

/* How far a tight loop may go from s->at: into what is in the cache. */
const unsigned char *rdb_read_near(struct rdb_read *r);

/* The checksum of all before s->at. */
uint64_t rdb_read_checksum(struct rdb_read *r);

/* source_want, with the checksum taken before the window moves. */
static inline bool
rdb_read_want(struct rdb_read *r, size_t n)
{
    return (size_t)(r->s->end - r->s->at) >= n || rdb_read_more(r, n);
}

/* A type or opcode that came with that version was met. */
static inline void
rdb_read_need(struct rdb_read *r, int version)
{
    if (version > r->result->needs && !r->result->valkey_magic)
        r->result->needs = version;
}

/* Damage at an offset: sets the verdict, adds a finding, returns false. */
bool rdb_read_fail(struct rdb_read *r, const char *code, uint64_t offset,
                   const char *format, ...)
    __attribute__((cold, format(printf, 4, 5)));

/*
 * Bad content of a value whose bounds are right, code "rdb-value": the walk
 * goes on, so that all such keys are found, and their number. Returns true.
 */
bool rdb_read_spoiled(struct rdb_read *r, uint64_t offset, const char *format,
                      ...) __attribute__((cold, format(printf, 3, 4)));

/* The same where only some servers refuse it: refused_by of enum rdb_era. */
bool rdb_read_flawed(struct rdb_read *r, unsigned refused_by, uint64_t offset,
                     const char *format, ...)
    __attribute__((cold, format(printf, 4, 5)));

/* Any other damage, between or beside the keys; the walk goes on. */
void rdb_read_note(struct rdb_read *r, unsigned refused_by, const char *code,
                   uint64_t offset, const char *format, ...)
    __attribute__((cold, format(printf, 5, 6)));

/* The stream ends inside what begins at offset (NULL: between the keys, and
 * no end mark was there): returns false. */
bool rdb_read_cut(struct rdb_read *r, uint64_t offset, const char *what)
    __attribute__((cold));

/* Something newer than we know: verdict unknown unless damaged already, and
 * r->strange. Returns false. */
bool rdb_read_strange(struct rdb_read *r, const char *code, uint64_t offset,
                      const char *format, ...)
    __attribute__((cold, format(printf, 4, 5)));

/* n bytes in a row (at most SOURCE_WANT_MAX), moved over; NULL: cut short. */
const unsigned char *rdb_read_raw(struct rdb_read *r, size_t n,
                                  const char *what);

/* Moves over n bytes of what, which began at start. */
bool rdb_read_skip(struct rdb_read *r, uint64_t n, uint64_t start,
                   const char *what);

/* Signed or not, eight bytes little endian. */
bool rdb_read_u64(struct rdb_read *r, uint64_t *n, const char *what);

/* Slow path of rdb_read_number. */
bool rdb_read_number_slow(struct rdb_read *r, uint64_t *n);

/* A length that is no string's: any value, but no special encoding. */
static inline bool
rdb_read_number(struct rdb_read *r, uint64_t *n)
{
    const unsigned char *p = r->s->at;

    if (r->s->end - p < 2 || *p >= 0x80)
        return rdb_read_number_slow(r, n);
    *n = *p < 0x40 ? *p : (uint64_t)(p[0] & 0x3f) << 8 | p[1];
    r->s->at += *p < 0x40 ? 1 : 2;
    return true;
}

/* A number that counts what follows; at most RDB_READ_COUNT_MAX. */
bool rdb_read_count(struct rdb_read *r, uint64_t *n);

/* n numbers of no interest. */
bool rdb_read_numbers(struct rdb_read *r, unsigned n);

#endif
