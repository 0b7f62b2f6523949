/*
 * place.h - puts a finished set from a folder inside a data directory into its
 * place, and keeps what was there in another: docs/design/restore.md.
 */
#ifndef JOBS_PLACE_H
#define JOBS_PLACE_H

#include <stdbool.h>

#include "base/error.h"
#include "formats/dataset.h"
#include "jobs/journal.h"

/* What servers call their data; each set of names has all three. */
struct place_names {
    struct dataset_names sets[JOURNAL_NAMES_MAX]; /* borrowed */
    size_t count;
};

/* The work folder of all redkeep commands in a data directory. */
#define PLACE_WORK ".redkeep"
#define PLACE_ASIDE "folder" /* in it: one that is being made */
#define PLACE_KEPT_PREFIX "redkeep-before-"

/*
 * Adds a set of names, if not there yet; what is NULL in it is the default.
 * Beyond JOURNAL_NAMES_MAX it does nothing.
 */
void place_add(struct place_names *names, const struct dataset_names *set);

/*
 * The entries that they are in the top of a data directory, each once: of
 * number 0 and up, NULL behind the last.
 */
const char *place_top(const struct place_names *names, size_t number);

/* Whether any of those is in dir. */
int place_has_any(int dir, const struct place_names *names, bool *any,
                  struct error *e);

/* ERROR_REFUSED if dir holds anything but these, lost+found and ours. */
int place_check_foreign(int dir, const struct place_names *names,
                        const char *path, struct error *e);

/* Whether servers call a file or folder of a dataset so, in its top. */
bool place_is_top(const struct place_names *names, const char *name);

/* Whether redkeep uses the name itself in a data directory. */
bool place_is_ours(const char *name);

/*
 * Fills set->files with all in dir that goes by these names (the files of that
 * name in its top, and in the AOF's folders what begins with the appendfilename)
 * or is in the way of what comes (NULL: nothing). ERROR_REFUSED where the folder
 * is a link.
 */
int place_find(struct journal_set *set, int dir,
               const struct place_names *names, const struct journal_set *comes,
               struct error *e);

/*
 * The same of the folder in which a set was built: all in it, and ERROR_DAMAGED
 * if that is not in the folders or of the names of a dataset.
 */
int place_find_built(struct journal_set *set, int dir,
                     const struct place_names *names, struct error *e);

struct place_options {
    int target;
    const char *path; /* of target, for people */
    /* Called when no server can begin to use the target any more: fails if one
     * does. NULL: not asked. */
    int (*check_unused)(void *context, struct error *e);
    void *context;
};

/*
 * Puts j->comes in j->leaves' place. j has all but its state and says so when it
 * ends: JOURNAL_PLACED. On failure JOURNAL_NONE: all is as it was before (what
 * comes is in its folder); or JOURNAL_PLACING, and the text says what to type.
 */
int place_run(struct journal *j, const struct place_options *options,
              struct error *e);

/*
 * Whether what comes is so far in its place that a server may have begun to use
 * it: then there is only the way on, and a server that runs is no hindrance.
 */
int place_has_come(struct journal *j, const struct place_options *options,
                   bool *come, struct error *e);

/*
 * Goes on from wherever a journal in JOURNAL_PLACING stands. undo: to what was
 * there before the first command, and not to what that one was to put in. It
 * ends as JOURNAL_UNDONE or JOURNAL_PLACED (also for undo, if that has come: it
 * is to be undone as what was placed); a failure leaves it as it is.
 */
int place_resume(struct journal *j, bool undo,
                 const struct place_options *options, struct error *e);

#endif
