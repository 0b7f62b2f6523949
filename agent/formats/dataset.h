/*
 * dataset.h - which files in a data directory make up its data, opened so that
 * they stay what they are even if the server unlinks them (the pin).
 */
#ifndef FORMATS_DATASET_H
#define FORMATS_DATASET_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/file.h"
#include "formats/aof_manifest.h"
#include "formats/release.h"
#include "formats/report.h"

enum dataset_kind {
    DATASET_NONE,       /* no data files at all */
    DATASET_RDB,        /* dump.rdb */
    DATASET_AOF,        /* manifest and the files it names (7.0 and later) */
    DATASET_AOF_SINGLE, /* one appendonly.aof (before 7.0, or to migrate) */
};

enum dataset_role {
    DATASET_ROLE_DUMP,
    DATASET_ROLE_SINGLE,
    DATASET_ROLE_MANIFEST,
    DATASET_ROLE_BASE,
    DATASET_ROLE_INCR,
    DATASET_ROLE_ORPHAN, /* beside a manifest that cannot be read */
};

enum dataset_appendonly {
    DATASET_APPENDONLY_AUTO, /* an AOF if there is one, else dump.rdb */
    DATASET_APPENDONLY_YES,
    DATASET_APPENDONLY_NO,
};

/* The server's settings that decide; the names are borrowed. */
struct dataset_names {
    enum dataset_appendonly appendonly;
    const char *dbfilename;     /* NULL: dump.rdb */
    const char *appendfilename; /* NULL: appendonly.aof */
    const char *appenddirname;  /* NULL: appendonlydir */
    bool no_manifest;           /* a server before 7.0 */
};

struct dataset_file {
    char *path; /* relative to the data directory */
    enum dataset_role role;
    int64_t seq;
    int fd; /* open for reading; -1: it could not be opened */
    bool missing;
    struct file_identity id; /* when it was opened */
    struct error error;      /* why fd is -1 */
};

/* What lies beside the data and is not loaded, as far as it is of this AOF. */
enum dataset_beside_kind {
    DATASET_BESIDE_BASE, /* by its name a base that no manifest names */
    DATASET_BESIDE_INCR,
    DATASET_BESIDE_OLD,     /* one named as the single AOF before 7.0 */
    DATASET_BESIDE_SET,     /* a whole set, by its manifest */
    DATASET_BESIDE_HISTORY, /* named as replaced: to be removed */
};

struct dataset_beside {
    char *path; /* relative to the data directory */
    enum dataset_beside_kind kind;
    int64_t seq; /* of a base, an incr or history */
    bool missing;
    uint64_t size_bytes;
};
enum { DATASET_BESIDE_MAX = 100 };

struct dataset {
    enum dataset_kind kind;
    struct dataset_file *files; /* manifest first, then base, then incrs in
                                   the order a server loads them */
    size_t count;
    struct aof_manifest manifest;
    struct error manifest_error;  /* ERROR_DAMAGED: it cannot be read */
    struct error unused_manifest; /* the same of one that this dataset does not
                                     use: servers read it all the same */
    bool has_history;             /* the manifest names history files */
    bool other_dump;       /* a dump.rdb that this dataset does not use */
    bool dump_newer;       /* that one is newer than all of this */
    bool other_aof;        /* an AOF or AOF files that it does not use */
    bool manifest_missing; /* AOF files are there, their manifest is not */
    bool switching_on;     /* temp-<appendfilename>.incr: the first rewrite
                               after CONFIG SET appendonly yes is running */
    bool switching_lost;   /* it holds writes, and nobody writes it any more */
    struct dataset_beside *beside; /* those that are not among files */
    size_t beside_count;           /* at most DATASET_BESIDE_MAX */
    uint64_t beside_more;          /* what there is beyond that */
};

/*
 * Finds and opens the dataset of an open data directory. For an AOF: reads the
 * manifest, opens all it names, reads the manifest again; if it changed, or an
 * opened file is no longer the one of that name, begins anew (up to 100 times,
 * then ERROR_CHANGED). Files that are missing or unreadable are listed with
 * fd -1: that is a matter of judgement, not a failure. History files are not
 * part of the data. Ownership: dataset_close.
 */
int dataset_open(struct dataset *d, int dir, const struct dataset_names *names,
                 struct error *e);

void dataset_close(struct dataset *d);

/* "rdb", "aof", "aof-single", "none"; and "dump", "single", "manifest",
 * "base", "incr", "orphan". */
const char *dataset_kind_name(enum dataset_kind kind);
const char *dataset_role_name(enum dataset_role role);
bool dataset_find_kind(const char *name, enum dataset_kind *kind);
bool dataset_find_role(const char *name, enum dataset_role *role);

#endif
