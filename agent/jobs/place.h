/*
 * place.h - puts a finished dataset from a folder inside the target into the
 * target, and what was there aside.
 */
#ifndef JOBS_PLACE_H
#define JOBS_PLACE_H

#include <stdbool.h>

#include "base/error.h"

/* The names a dataset goes by in the top of a data directory. */
struct place_names {
    const char *names[8]; /* bare names; may repeat or be NULL */
    int count;
};

/* The work folder of all redkeep commands in a data directory. */
#define PLACE_WORK ".redkeep"
#define PLACE_KEPT_PREFIX "redkeep-before-"

/* Adds a name, if not there yet. */
void place_add(struct place_names *names, const char *name);

/* Whether any of the names is in dir. */
int place_has_any(int dir, const struct place_names *names, bool *any,
                  struct error *e);

/* ERROR_REFUSED if dir holds anything but these names, lost+found and ours. */
int place_check_foreign(int dir, const struct place_names *names,
                        const char *path, struct error *e);

/*
 * Moves the entries of staged_dir into dir: each takes its place in one step
 * (exchanged with what is there); then all of names that were there before are
 * moved to dir/kept_name/, which is created if there is anything to keep
 * (outcome->kept). A crash leaves each entry old or new, and nothing lost. A
 * failure puts back what was there; where that fails too, outcome->undone is
 * false: the old set is in staged_dir, dir/kept_name/ and dir.
 */
struct place_outcome {
    bool kept;
    bool undone; /* on failure: all is as it was before */
};
int place_swap(int dir, int staged_dir, const struct place_names *names,
               const char *kept_name, struct place_outcome *outcome,
               struct error *e);

/* Whether redkeep uses the name itself in a data directory. */
bool place_is_ours(const char *name);

#endif
