/*
 * aof_peek.h - a look at any place of a file that is being read elsewhere.
 * Private to aof.
 */
#ifndef FORMATS_AOF_PEEK_H
#define FORMATS_AOF_PEEK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/source.h"

enum { AOF_PEEK_BYTES = 16384 };

/* Begins with from alone; all else zero. */
struct aof_peek {
    const struct source *from; /* that can be read again; borrowed */
    struct error error;        /* of a failed read; then nothing is there */
    uint64_t offset;           /* what is at hand */
    size_t size;
    unsigned char bytes[AOF_PEEK_BYTES];
};

/*
 * The bytes at offset, *have of them: want (at most AOF_PEEK_BYTES) or more, or
 * less where the file ends. Good until the next look.
 */
const unsigned char *aof_peek_at(struct aof_peek *p, uint64_t offset,
                                 size_t want, size_t *have);

/* A line "*12\r\n" or "$12\r\n" as servers write it: its size; 0 for another
 * form, or a number above 2^53. */
size_t aof_peek_number(struct aof_peek *p, uint64_t offset, unsigned char mark,
                       uint64_t *value);

/*
 * An argument as servers write it, CR LF behind it: where the next item begins.
 * 0: it is of another form. UINT64_MAX: it would end behind the file.
 */
uint64_t aof_peek_argument(struct aof_peek *p, uint64_t offset);

#endif
