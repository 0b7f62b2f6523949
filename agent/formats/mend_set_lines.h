/*
 * mend_set_lines.h - what can still be read from a damaged manifest, line by
 * line. Private to mend_set.
 */
#ifndef FORMATS_MEND_SET_LINES_H
#define FORMATS_MEND_SET_LINES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "formats/aof_manifest.h"

/* What one line says of one file. */
struct mend_set_line {
    char *name;   /* a bare file name */
    int64_t seq;  /* 0: not told */
    char type;    /* b, i or h; 0: not told */
    size_t order; /* of the line */
};

struct mend_set_lines {
    struct mend_set_line *lines; /* by name; of a name that comes twice the
                                    first whole line */
    size_t count, capacity;
    size_t bad; /* lines that are gone, or do not say what they named */
};

/*
 * Reads what a server would not: text without a last line feed, with zero
 * bytes, open quotes, paths (their last name counts), words that are missing.
 * Ownership: mend_set_lines_clear.
 */
void mend_set_lines_read(struct mend_set_lines *lines, const char *text,
                         size_t size);

/* The same from a manifest that could be read. */
void mend_set_lines_take(struct mend_set_lines *lines,
                         const struct aof_manifest *m);

/* NULL: no line names it. */
const struct mend_set_line *
mend_set_lines_find(const struct mend_set_lines *lines, const char *name);

void mend_set_lines_clear(struct mend_set_lines *lines);

#endif
