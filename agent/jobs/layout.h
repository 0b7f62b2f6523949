/*
 * layout.h - what the files of a snapshot are called in the directory they are
 * restored to, whose server may have other names for them than theirs had, or
 * an AOF where theirs had none.
 *
 * An RDB becomes the base of an AOF by a manifest of one line. Parts of an AOF
 * are called anew by their sequence numbers, as a server would have called them:
 * in a folder that two servers share the prefix says whose a file is.
 */
#ifndef JOBS_LAYOUT_H
#define JOBS_LAYOUT_H

#include <stdbool.h>

#include "base/error.h"
#include "formats/aof_manifest.h"
#include "repo/catalog.h"

struct layout {
    const struct catalog_entry *entry;
    /* Of the target's server, bare names, none NULL. */
    const char *dbfilename, *appendfilename, *appenddirname;
    bool as_base;     /* an RDB goes in as an AOF */
    bool no_manifest; /* which for that server is one file (before 7.0) */
};

/* The path of a file of the entry under the data directory; the caller's. */
char *layout_path(const struct layout *l, const struct catalog_file *f);

/* Whether the set has a manifest that is not the one in the snapshot. */
bool layout_makes_manifest(const struct layout *l);

/* Its path; the caller's. */
char *layout_manifest_path(const struct layout *l);

/*
 * The text of that manifest; stored is the snapshot's, NULL where it has none.
 * The caller's; *size without the NUL.
 */
char *layout_manifest(const struct layout *l, const struct aof_manifest *stored,
                      size_t *size);

/* ERROR_REFUSED for a snapshot whose files cannot get other names. */
int layout_check(const struct layout *l, struct error *e);

#endif
