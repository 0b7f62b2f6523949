/*
 * mend_set.h - which files make up the set that is to be, and from which of
 * those that are there each is made. Decides and changes nothing.
 */
#ifndef FORMATS_MEND_SET_H
#define FORMATS_MEND_SET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "formats/aof_manifest.h"
#include "formats/dataset.h"
#include "formats/judge.h"

/* A file of the new set. Paths are relative to the data directory. */
struct mend_part {
    char *path;             /* where it will be */
    char *from;             /* the file that it is made of */
    enum dataset_role role; /* dump, single, base, incr */
    bool salvage;           /* by rdb_salvage (dump) or aof_salvage; else its
                                bytes stay as they are */
};

/* One thing that is done, for people and for plan[] of the contract. */
struct mend_step {
    const char *action; /* a constant, see below */
    char *path;
    int64_t offset;                               /* -1: the file as a whole */
    int64_t bytes_lost, commands_lost, keys_lost; /* -1: not known */
    char *text; /* what and why, in words; with both candidates where one was
                   chosen */
    bool guess; /* the files alone do not prove it */
};

/*
 * Actions: "cut-tail" "cut-hole" "drop-command" "rewrite-command"
 * "salvage-rdb" "drop-key" (of files, by the salvage) and "write-manifest"
 * "drop-entry" "drop-base" "adopt" "reorder" "place-base" "set-aside" (of the
 * set).
 */
struct mend_set {
    struct mend_part *parts; /* in the order of loading */
    size_t part_count;
    struct aof_manifest manifest; /* to be written; count 0: there is none */
    bool manifest_changed;        /* it is not the one that is there */
    struct mend_step *steps;      /* of the set; the salvages add theirs */
    size_t step_count;
};

/*
 * Finds the new set. d and j are what check made of the open directory dir. A
 * directory on which nothing is wrong gives no steps and no part with salvage.
 * ERROR_REFUSED: nothing can be made of it (data of a newer version, nothing
 * left), with what to do instead. Ownership: mend_set_clear.
 */
int mend_set_find(struct mend_set *set, int dir, const struct dataset *d,
                  const struct judge *j, struct error *e);

/* Adds a step; text is formatted, path copied; numbers are as in step. */
void mend_set_step(struct mend_set *set, const struct mend_step *step,
                   const char *path, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

void mend_set_clear(struct mend_set *set);

#endif
