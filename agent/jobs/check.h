/*
 * check.h - judges what lies at a path: an RDB, an AOF, a manifest with the
 * files it names, or a whole data directory. Opens read-only, never writes.
 */
#ifndef JOBS_CHECK_H
#define JOBS_CHECK_H

#include "base/error.h"
#include "formats/dataset.h"
#include "formats/judge.h"
#include "formats/report.h"
#include "jobs/progress.h"

struct check {
    struct judge_options options;
    char *folder, *name; /* of a manifest given by path */
    char *directory;     /* the data directory; NULL: a file alone */
    struct dataset dataset;
    struct judge judge; /* verdict, server, files */
};

/*
 * Judges one path; findings name files by path as given plus what lies below.
 * The texts in options are borrowed until check_clear. -1: it could not be
 * looked at (then c is empty). c must stay where it is: judge points into it.
 */
int check_path(struct check *c, const char *path,
               const struct judge_options *options, struct report *report,
               const struct progress *progress, struct error *e);

/* Whether there is, and was, nothing: no file of a dataset at all. */
bool check_is_empty(const struct check *c);

void check_clear(struct check *c);

#endif
