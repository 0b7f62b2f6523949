/*
 * place_work.h - two sets while one takes the other's place: where each of
 * their files is. For place*.c only.
 */
#ifndef JOBS_PLACE_WORK_H
#define JOBS_PLACE_WORK_H

#include "jobs/place.h"

/* The data directory, and the folders the sets leave for and come from. */
enum place_where { PLACE_HERE, PLACE_KEPT, PLACE_BUILT, PLACE_WHERES };

/* What stands for an entry file that is not a manifest: no RDB and no AOF. */
#define PLACE_TRIPWIRE \
    "no dataset: redkeep puts one here (redkeep restore --resume or --undo)\n"

/* The top of a data directory (name ""), or the folder of an AOF. */
struct place_folder {
    char *name;
    int fd[PLACE_WHERES]; /* -1: there is none */
};

struct place_slot {
    char *path;
    const char *base; /* its last component */
    size_t folder;    /* of place_work.folders */
    bool entry;
    struct journal_file *leaves, *comes; /* borrowed; NULL: of one set only */
};

struct place_work {
    int target;
    const char *path;
    const char *roots[PLACE_WHERES]; /* NULL: none is needed */
    struct place_folder folders[JOURNAL_NAMES_MAX + 1];
    size_t folder_count;
    struct place_slot *slots; /* by path, each once */
    size_t count;
};

/* What is at a slot. Of here none is true, or just one. */
struct place_sight {
    bool leaves, comes; /* here is the file that leaves; that has come */
    bool tripwire;
    bool other;      /* here is what is none of these */
    bool kept;       /* it has its name where it leaves for */
    bool kept_other; /* something else has that name */
    bool built;      /* it is still where it comes from */
};

/* w holds borrowed parts of j; back: what comes is to leave, and the other way
 * round. w is to be closed in any case. */
int place_work_open(struct place_work *w, struct journal *j, bool back,
                    const struct place_options *options, struct error *e);
void place_work_close(struct place_work *w);

int place_work_look(const struct place_work *w, const struct place_slot *slot,
                    struct place_sight *sight, struct error *e);

#endif
