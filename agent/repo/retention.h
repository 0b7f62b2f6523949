/*
 * retention.h - which snapshots stay and which go, and why. Pure: judges a
 * catalog by rules and changes nothing. docs/design/retention.md tells what was
 * decided.
 *
 * While the newest data looks wrong, nothing goes: a freeze. It ends when newer
 * data looks right, or when somebody accepts it.
 */
#ifndef REPO_RETENTION_H
#define REPO_RETENTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "repo/catalog.h"
#include "repo/retention_mark.h"

/* Counts and limits of 0: no such rule. */
struct retention_rules {
    uint64_t last, hourly, daily, weekly, monthly, yearly;
    uint64_t within_ms;
    uint64_t max_bytes;
    double collapse_percent; /* a loss that looks wrong; 0: none does */
};

enum { RETENTION_TEXT_SIZE = 240 };

/* Whether the newest data looks wrong. */
struct retention_freeze {
    bool frozen;
    bool collapsed;           /* and this is why */
    bool newer;               /* no: a newer redkeep wrote it; not to accept */
    char id[CATALOG_ID_SIZE]; /* the snapshot that looks wrong */
    char text[RETENTION_TEXT_SIZE];
};

/*
 * The good snapshot against which entry lost collapse_percent or more of its
 * keys or size; NULL: it did not, or was accepted. That is the last one before
 * it that had not collapsed itself, so a collapse is not forgotten when the
 * next snapshot shows the same.
 */
const struct catalog_entry *
retention_collapsed(const struct catalog *c, const struct retention_mark *mark,
                    double collapse_percent, const struct catalog_entry *entry);

/* "20261120T120000Z has 3 keys, 20261120T110000Z before it 1000". */
void retention_write_collapse(char out[RETENTION_TEXT_SIZE],
                              const struct catalog_entry *entry,
                              const struct catalog_entry *before,
                              double collapse_percent);

/*
 * Fills f: the newest snapshot is damaged, failed its last verification, cannot
 * be read, or has collapsed; or a newer redkeep wrote into the repository.
 */
void retention_freeze(struct retention_freeze *f, const struct catalog *c,
                      const struct retention_mark *mark,
                      double collapse_percent);

/* What becomes of one snapshot. */
struct retention_item {
    const struct catalog_item *snapshot; /* borrowed from the catalog */
    bool keep;
    char **reasons; /* at least one */
    size_t reason_count;
};

struct retention {
    struct retention_item *items; /* in the catalog's order */
    size_t count;
    size_t removed;
    uint64_t kept_bytes, removed_bytes; /* by bytes_stored */
    struct retention_freeze freeze;
};

/* Judges all of c, which must outlive r. */
void retention_apply(struct retention *r, const struct catalog *c,
                     const struct retention_rules *rules,
                     const struct retention_mark *mark, int64_t now_ms);

void retention_clear(struct retention *r);

#endif
