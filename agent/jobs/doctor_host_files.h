/*
 * doctor_host_files.h - the files of the server's data, by owner and mode; for
 * doctor_host_look.c.
 */
#ifndef JOBS_DOCTOR_HOST_FILES_H
#define JOBS_DOCTOR_HOST_FILES_H

#include "jobs/doctor.h"
#include "jobs/doctor_host.h"

/* What has more rights than its mode says has this attribute (acl(5)). */
#define DOCTOR_HOST_ACCESS_LIST "system.posix_acl_access"

/* Fills denied and data_bytes; dir is the folder, open. */
void doctor_host_look_at_files(struct doctor_host *h, int dir,
                               const struct doctor_scene *scene);

#endif
