/*
 * mend_set_files.h - the AOF files that lie in a data directory, listed or
 * not: what name, manifest and bytes say of each. Private to mend_set.
 */
#ifndef FORMATS_MEND_SET_FILES_H
#define FORMATS_MEND_SET_FILES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "formats/dataset.h"
#include "formats/judge.h"
#include "formats/mend_set_lines.h"

/* What a file is by its name. */
enum mend_set_kind {
    MEND_SET_OTHER,
    MEND_SET_OLD,  /* NAME: the single file of old, in the folder */
    MEND_SET_BASE, /* NAME.SEQ.base.rdb or .aof */
    MEND_SET_INCR, /* NAME.SEQ.incr.aof */
};

/* What the bytes are. */
struct mend_set_content {
    char *from; /* the path below the data directory */
    uint64_t size_bytes;
    enum verdict verdict;
    bool is_rdb;       /* begins with an RDB */
    bool has_trailing; /* a dump with more bytes behind its end */
    uint64_t keys, commands;
    int64_t created;               /* what it holds was taken then, s; -1 */
    int64_t first_time, last_time; /* annotations; -1 */
    int64_t mtime_ns;
};

/* What becomes of a file; decided by mend_set_order. */
enum mend_set_fate {
    MEND_SET_LEFT,      /* nothing: it is not the set's */
    MEND_SET_AS_BASE,   /* the base */
    MEND_SET_AS_INCR,   /* one of the incrs */
    MEND_SET_RIVAL,     /* another file that might be the base */
    MEND_SET_EMPTY,     /* a base without a byte */
    MEND_SET_CONTAINED, /* an incr whose commands the base holds already */
    MEND_SET_STRANGE,   /* bytes of an incr's name that are an RDB */
    MEND_SET_GONE,      /* named by the manifest and not there */
};

struct mend_set_file {
    char *name;
    enum mend_set_kind kind;
    int64_t seq;  /* by the manifest, else by the name; 0: none */
    char listed;  /* b, i, h; '?': of no type that can be read; 0: no line */
    size_t order; /* of its line */
    bool missing; /* a line names it, and it is not there */
    bool is_rdb_name; /* a base's name that ends in .rdb */
    struct mend_set_content content;
    enum mend_set_fate fate;
    bool guess; /* the fate is likely, not proven */
};

struct mend_set_files {
    struct mend_set_file *files; /* by seq, then by name */
    size_t count, capacity;
    struct mend_set_lines lines;
    const char *appendfilename, *appenddirname, *dbfilename; /* borrowed */
    bool strict;    /* the manifest is one that servers read */
    bool temporary; /* lines are those of temp-NAME.manifest */
};

/*
 * Looks at all that is ours, as check did for what is listed. Names of other
 * servers in the same folder are passed over. -1: a file cannot be read.
 * Ownership: mend_set_files_clear.
 */
int mend_set_files_load(struct mend_set_files *v, int dir,
                        const struct dataset *d, const struct judge *j,
                        struct error *e);

/*
 * Judges one file of the data directory as a dump or an AOF. *found is false
 * where it is not there. content->from is to be freed.
 */
int mend_set_files_look(int dir, const char *path, enum dataset_role role,
                        const struct judge_options *options,
                        struct mend_set_content *content, bool *found,
                        struct error *e);

/* When it was written last, s since 1970: as its annotations say, else as the
 * file system does. */
int64_t mend_set_files_last_write(const struct mend_set_content *c);

/* Whether it is there and no rewrite has replaced it. */
bool mend_set_files_is_usable(const struct mend_set_file *f);

/* Whether it is what a server may have written: an RDB has bytes, commands may
 * be none. */
bool mend_set_files_is_filled(const struct mend_set_file *f);

/* A base (or the old single file) by its name, else by its line; else an
 * incr. */
bool mend_set_files_is_base(const struct mend_set_file *f);

void mend_set_files_clear(struct mend_set_files *v);

#endif
