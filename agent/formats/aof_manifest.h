/*
 * aof_manifest.h - the list of files that make up an AOF since 7.0, lines
 * "file NAME seq N type b|i|h [startoffset N [endoffset N]]". The grammar is
 * the server's own to the letter (redis 7.0.15 ... 8.8, valkey 9).
 */
#ifndef FORMATS_AOF_MANIFEST_H
#define FORMATS_AOF_MANIFEST_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

enum aof_part_type { AOF_BASE = 'b', AOF_INCR = 'i', AOF_HISTORY = 'h' };

struct aof_part {
    char *name; /* a bare file name */
    int64_t seq;
    enum aof_part_type type;
    int64_t start_offset, end_offset; /* replication offsets; -1 not told */
};

enum { AOF_MANIFEST_PARTS_MAX = 65536, AOF_MANIFEST_SIZE_MAX = 16 << 20 };

struct aof_manifest {
    struct aof_part *parts; /* in file order */
    size_t count, capacity;
};

/*
 * Reads a manifest. On failure (ERROR_DAMAGED) the text is "line N: ..." with
 * our words and the server's in parentheses, and m is empty.
 */
int aof_manifest_read(struct aof_manifest *m, const char *text, size_t size,
                      struct error *e);

/* The manifest as a server writes it: base, history, incr. Caller frees. */
char *aof_manifest_write(const struct aof_manifest *m, size_t *size);

/* Adds a part; its name is copied. */
void aof_manifest_add(struct aof_manifest *m, const struct aof_part *part);

/* The base, or NULL. The last incr, or NULL. Borrowed from m. */
const struct aof_part *aof_manifest_base(const struct aof_manifest *m);
const struct aof_part *aof_manifest_last_incr(const struct aof_manifest *m);

/*
 * A base by its name that is of type h where no base is: what replaces a base
 * is one, so that no server writes this, and all remove the file. NULL: none.
 */
const struct aof_part *aof_manifest_replaced_base(const struct aof_manifest *m);

/*
 * One of type h that has the name of the incr which a server makes where there
 * is none: it then removes the new file with all that is written to it (redis
 * 7.0.15 tried). NULL: none.
 */
const struct aof_part *aof_manifest_replaced_incr(const struct aof_manifest *m,
                                                  const char *appendfilename);

void aof_manifest_clear(struct aof_manifest *m);

#endif
