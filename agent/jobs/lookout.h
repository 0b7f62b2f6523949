/*
 * lookout.h - looks at one instance of a repository again and again, and tells
 * what it sees as JSON. What costs little is looked at each time, the catalog
 * only when its folder changed.
 */
#ifndef JOBS_LOOKOUT_H
#define JOBS_LOOKOUT_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

enum {
    LOOKOUT_FREE_MIN = 1 << 20, /* bytes; less is a full disk */
    LOOKOUT_LIST_MAX = 10000,   /* snapshots told; the newest */
};

struct lookout_folder {
    int fd;       /* -1: not there */
    int watch;    /* of inotify; -1 none */
    int64_t seen; /* what its times were when the catalog was read */
};
enum { LOOKOUT_INSTANCE, LOOKOUT_SNAPSHOTS, LOOKOUT_TRASH, LOOKOUT_FOLDERS };

/* Plain, but for its user only inotify and folders[].fd are of interest. */
struct lookout {
    char *repo, *instance;
    double collapse_percent;
    bool make; /* what is missing is made, until it was there once */
    const char *machine_id; /* whose it must be; NULL: anybody's. Borrowed */
    char uuid[40];          /* of the one that had snapshots; "": none yet */
    int inotify; /* readable when something changed; -1: none can be had */
    bool dirty;  /* the catalog must be read again */
    struct lookout_folder folders[LOOKOUT_FOLDERS];
};

void lookout_open(struct lookout *l, const char *repo, const char *instance,
                  double collapse_percent, bool make);

/*
 * {"ok","writable","problem","free","total"} of the contract of repository.h,
 * and, where the catalog was read again, "catalog": {"used","snapshots",
 * "sound","torn","damaged","unknown","list","last","last_good","protected",
 * "frozen","frozen_text","collapsed","last_drill"}, or null where the repository
 * is gone. Caller's.
 */
json_t *lookout_look(struct lookout *l);

/* Takes what inotify has to say; whether the catalog may have changed. */
bool lookout_changed(struct lookout *l);

void lookout_close(struct lookout *l);

#endif
