/*
 * doctor_repository.h - the repository beside its catalog: where it lies, who
 * may look into it, what is free, the last drill. Read once; the rules
 * (doctor_rules_repository) only look at it.
 */
#ifndef JOBS_DOCTOR_REPOSITORY_H
#define JOBS_DOCTOR_REPOSITORY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/file.h"
#include "jobs/doctor_proc.h"
#include "repo/catalog_drill.h"
#include "repo/retention.h"

struct doctor_scene;

/* What is not known is -1 or NULL. */
struct doctor_repository {
    char *path;   /* of the repository, resolved */
    char *folder; /* of the instance in it */
    struct file_identity top, instance, snapshots; /* if known */
    struct doctor_mount mount;                     /* if mount_known */
    char *disk, *data_disk; /* "sda", "sda": by the kernel's names */
    int64_t disk_free, disk_total;
    char *directory; /* that its snapshots are of */
    struct retention_freeze freeze;
    struct catalog_drill drill; /* if drilled */
    uid_t self;                 /* who looks */
    bool absent;                /* there is nothing of this instance; else it is
                                   there, or cannot be looked at */
    bool known, mount_known, drilled;
    bool in_data_dir;
    bool other; /* directory is surely not where the server works */
};

/*
 * Takes scene's root, repo, storage, catalog, config and host. Cannot fail.
 * Clear it in any case.
 */
void doctor_repository_look(struct doctor_repository *r,
                            const struct doctor_scene *scene);
void doctor_repository_clear(struct doctor_repository *r);

#endif
