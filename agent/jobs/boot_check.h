/*
 * boot_check.h - whether a server loads a set that was built, before it is put
 * in. The server works on a second set beside it, <target>/.redkeep/boot-...:
 * what it never writes to is a hard link there, the rest a copy.
 */
#ifndef JOBS_BOOT_CHECK_H
#define JOBS_BOOT_CHECK_H

#include "base/error.h"
#include "jobs/trial.h"

#define BOOT_CHECK_PREFIX "boot-"

struct boot_check_options {
    const char *path;           /* of the target */
    int target;                 /* it, open; with .redkeep/ in it */
    int built;                  /* the folder of the new set, open */
    const char *name;           /* begins with BOOT_CHECK_PREFIX */
    struct trial_options trial; /* but for the directory */
};

/*
 * text (of TRIAL_TEXT_SIZE) tells what was found, or why it was skipped.
 * ERROR_DAMAGED: the server does not load it. What is built stays as it is, and
 * nothing of ours is left.
 */
int boot_check_run(const struct boot_check_options *options, char *text,
                   struct error *e);

#endif
