/*
 * repair_work.h - what a repair holds while it runs; for repair*.c only.
 */
#ifndef JOBS_REPAIR_WORK_H
#define JOBS_REPAIR_WORK_H

#include "formats/mend.h"
#include "formats/mend_set.h"
#include "jobs/check.h"
#include "jobs/place.h"
#include "jobs/repair.h"

/* How a file of the new set comes to be. */
enum repair_way {
    REPAIR_LINK, /* nobody writes to it: a second name for the old one */
    REPAIR_COPY,
    REPAIR_MEND,
};

struct repair_file {
    char *path; /* in the new set; both relative to the folder */
    char *from; /* NULL: it is the manifest, written anew */
    enum repair_way way;
    enum dataset_role role;
    struct file_identity id; /* of from, when it was planned */
};

struct repair_work {
    const struct repair_options *options;
    struct repair *r;
    struct instance server;
    struct check check; /* of what is there */
    char *folder;       /* data directory, or where the file is; absolute */
    char *file;         /* the file alone; NULL: a data directory */
    int dir;            /* folder, open */
    struct file_identity aof; /* the AOF's folder; links 0: there is none */
    struct mend_set set;
    struct repair_file *files;
    size_t count;
    struct place_names names; /* of what leaves */
};

/*
 * What is in the folder by that name; links 0: nothing is. -1: it could not be
 * looked at, which is neither.
 */
int repair_work_find(const struct repair_work *w, const char *name,
                     struct file_identity *id, struct error *e);

/* Adds a note, for people. */
void repair_work_note(struct repair *r, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Finds out which folder and judges it: work->folder, file, dir, check. */
int repair_work_look(struct repair_work *w, const char *path, struct error *e);

/* From the verdict to files and steps. */
int repair_work_plan(struct repair_work *w, struct error *e);

/*
 * Adds the steps of one file that is salvaged; of m all but the losses is left
 * as it is.
 */
void repair_work_steps(struct repair_work *w, const struct repair_file *f,
                       uint64_t size, struct mend *m);

/* What the folder of the AOF is called. */
const char *repair_work_aof_folder(const struct repair_work *w);

/* Adds what mend_set_find decided. */
void repair_work_set_steps(struct repair_work *w);

/* Adds a step; a full list only counts it. What it owns becomes the list's. */
void repair_work_step(struct repair *r, struct repair_step step);

/* Whether the plan has a step about path. */
bool repair_work_has_step(const struct repair *r, const char *path);

/*
 * Salvages the open file f->from into m; write may be NULL. m is to be cleared
 * by the caller in any case.
 */
int repair_work_salvage(const struct repair_work *w,
                        const struct repair_file *f, int fd, struct mend *m,
                        mend_write *write, void *context, struct error *e);

/* Builds the new set in the open folder `to`. */
int repair_work_build(struct repair_work *w, int to, struct error *e);

/*
 * ERROR_CHANGED when a file that was judged or planned for is not what it was,
 * or what the AOF's folder holds.
 */
int repair_work_compare(const struct repair_work *w, struct error *e);

#endif
