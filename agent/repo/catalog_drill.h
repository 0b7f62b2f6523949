/*
 * catalog_drill.h - what came of the last drill of a snapshot, in a file beside
 * its entry: <id>.drilled, one line, "TIME ok|failed KEYS MILLISECONDS". What is
 * not known is "-".
 */
#ifndef REPO_CATALOG_DRILL_H
#define REPO_CATALOG_DRILL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "repo/catalog.h"

struct catalog_drill {
    char id[CATALOG_ID_SIZE];
    int64_t at_ms; /* when it ended */
    bool ok;
    int64_t keys, load_ms; /* -1: not known */
};

/*
 * ERROR_ABSENT: there is no such entry; no note is left behind then, even if it
 * goes meanwhile.
 */
int catalog_drill_note(int snapshots_dir, const struct catalog_drill *drill,
                       struct error *e);

/* False: there is none that can be read. */
bool catalog_drill_load(int snapshots_dir, const char *id,
                        struct catalog_drill *drill);

/* The one that ended last, of all of them; false: there is none. */
bool catalog_drill_find_last(int snapshots_dir, struct catalog_drill *drill);

#endif
