/*
 * doctor_host_rules.h - the rules on the host, by topic; for doctor_host*.c.
 */
#ifndef JOBS_DOCTOR_HOST_RULES_H
#define JOBS_DOCTOR_HOST_RULES_H

#include "jobs/doctor.h"
#include "jobs/doctor_host.h"

enum { DOCTOR_HOST_PATH_SIZE = 240 };

/* A path for a message: what a terminal would obey is escaped. */
void doctor_host_path(char out[DOCTOR_HOST_PATH_SIZE], const char *path);

/* doctor_host_kernel.c: settings and limits. */
doctor_rule doctor_host_overcommit, doctor_host_huge_pages,
    doctor_host_somaxconn, doctor_host_files, doctor_host_maxmemory,
    doctor_host_swap;

/* doctor_host_dir.c: whether the server may and can write its data. */
doctor_rule doctor_host_dir_denied, doctor_host_file_denied,
    doctor_host_dir_open, doctor_host_read_only, doctor_host_selinux,
    doctor_host_neighbour, doctor_host_space;

/* doctor_host_volume.c: whether the data is there after a restart. */
doctor_rule doctor_host_volume;

#endif
