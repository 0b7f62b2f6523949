/*
 * doctor_proc.h - what the texts of /proc say of a process, as proc(5) has
 * them. Pure; what is not as expected is not known: -1 or NULL.
 */
#ifndef JOBS_DOCTOR_PROC_H
#define JOBS_DOCTOR_PROC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/file.h"

enum { DOCTOR_GROUPS_MAX = 64 };

/* A line of mountinfo. Texts are the holder's. */
struct doctor_mount {
    char *device;          /* "8:1" */
    char *root;            /* what of the file system is mounted */
    char *point;           /* where */
    char *kind;            /* "ext4" */
    char *source;          /* "/dev/sda1" */
    bool read_only;        /* this mount of it */
    bool system_read_only; /* all of the file system */
};

/*
 * The mount that path (absolute, links resolved) lies on; false: there is no
 * such line, and m is empty. Clear it in any case.
 */
bool doctor_proc_find_mount(struct doctor_mount *m, const char *mountinfo,
                            const char *path);
void doctor_proc_clear_mount(struct doctor_mount *m);

/* Who a process is to the file system, and what else status tells. */
struct doctor_process {
    int64_t uid, gid; /* that files are judged by */
    gid_t groups[DOCTOR_GROUPS_MAX];
    size_t group_count;
    bool all_groups; /* groups has them all */
    int overrides;   /* CAP_DAC_OVERRIDE: 1, 0 */
    int huge_pages;  /* may be given to it: 1, 0 */
};

void doctor_proc_read_status(struct doctor_process *p, const char *status);

/*
 * Whether the process may do all of want (R_OK, W_OK, X_OK) by the mode bits:
 * 1, 0; -1: it cannot be told.
 */
int doctor_proc_may(const struct doctor_process *p,
                    const struct file_identity *id, int want);

/*
 * A limit of limits ("Max open files"), the soft or the hard one; INT64_MAX
 * for unlimited.
 */
int64_t doctor_proc_limit(const char *limits, const char *name, bool hard);

/* Of "SwapTotal:   1024 kB": bytes; -1. */
int64_t doctor_proc_bytes(const char *text, const char *name);

/* The word in brackets, "always" of "[always] madvise never"; the caller's. */
char *doctor_proc_choice(const char *text);

/* "system_u:object_r:redis_var_lib_t:s0": the type of a label; the caller's. */
char *doctor_proc_type(const char *label);

#endif
