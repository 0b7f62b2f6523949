/*
 * lzf.h - LZF as servers write it, read without trust.
 *
 * A byte below 32 begins a run of so many bytes and one. Any other begins a
 * reference: its high 3 bits are the length less 2 (7: the next byte adds to
 * it), the low 5 and the byte that follows the distance less 1.
 *
 * To know whether a string can be unpacked, and to what size, only these
 * bytes are walked and nothing is written.
 */
#ifndef FORMATS_LZF_H
#define FORMATS_LZF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct lzf {
    uint64_t made;    /* bytes that came out so far */
    uint64_t pending; /* bytes of a run that are still to come in */
    bool broken;      /* a reference to before the beginning */
    bool in_run;      /* the last was a run: its last byte came out last */
};

/*
 * Walks [at, end), a part of the string. Returns where it stopped: at end, or
 * less than 3 bytes before it, inside a reference.
 */
const unsigned char *lzf_walk(struct lzf *l, const unsigned char *at,
                              const unsigned char *end);

/* Whether all that was walked is a whole string of size bytes. */
bool lzf_is_whole(const struct lzf *l, uint64_t size);

/* Behind a struct lzf_string so many bytes of whatever can be read. */
enum { LZF_BEHIND = 32 };

/* A whole string, not empty, and what it must come to. */
struct lzf_string {
    const unsigned char *at, *end;
    uint64_t size;
};

/*
 * Whether each of n strings can be unpacked to its size. Several at a time, as
 * each head has to be read before the next is found: for one the processor
 * would mostly wait.
 */
bool lzf_check(const struct lzf_string *strings, size_t n);

/*
 * Unpacks at most size bytes to out and returns how many. It ends early where
 * the data is broken or ends.
 */
size_t lzf_unpack(const unsigned char *at, size_t packed, unsigned char *out,
                  size_t size);

/* Whether the whole string gives size bytes, which then are in out. */
bool lzf_unpack_whole(const unsigned char *at, size_t packed,
                      unsigned char *out, size_t size);

#endif
