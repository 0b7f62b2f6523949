/*
 * packed.h - what ziplists, listpacks and zipmaps have in common: entries one
 * behind the other, each a text or a number.
 */
#ifndef FORMATS_PACKED_H
#define FORMATS_PACKED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct packed_entry {
    const unsigned char *text; /* NULL: a number */
    union {
        uint64_t size;
        int64_t number;
    };
};

/* What comes of it. */
enum packed_grade {
    PACKED_SEEN,   /* servers that walk it refuse it */
    PACKED_FATAL,  /* those that do not walk it fail too */
    PACKED_UNSEEN, /* no server minds */
};

/* A walk over the entries of one structure. */
struct packed {
    const unsigned char *bytes, *at, *end; /* end: behind the terminator */
    uint64_t seen;                         /* entries so far */
    uint64_t told;                         /* entries, by the head */
    size_t previous;                       /* size of the last entry */
    const char *wrong;                     /* NULL while all is well */
    enum packed_grade grade;               /* of what is wrong */
};

/* Moves to the next entry; false at the end, or where p->wrong says why. */
typedef bool packed_next(struct packed *p, struct packed_entry *e);

/* Ends a walk: false, with what is wrong. */
static inline bool
packed_fail(struct packed *p, enum packed_grade grade, const char *wrong)
{
    p->wrong = wrong;
    p->grade = grade;
    return false;
}

static inline uint64_t
packed_number(const unsigned char *p, unsigned bytes)
{
    uint64_t n = 0;

    while (bytes-- > 0)
        n = n << 8 | p[bytes];
    return n;
}

/* The same with its sign. */
static inline int64_t
packed_signed(const unsigned char *p, unsigned bytes)
{
    unsigned unused = 64 - 8 * bytes;

    return (int64_t)(packed_number(p, bytes) << unused) >> unused;
}

#endif
