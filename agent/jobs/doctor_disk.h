/*
 * doctor_disk.h - which disk a file system is on, as /sys tells (sysfs-block of
 * the kernel's Documentation/ABI): partitions and what lies on one disk alone
 * (LVM, encryption) are that disk.
 */
#ifndef JOBS_DOCTOR_DISK_H
#define JOBS_DOCTOR_DISK_H

#include <stdint.h>

#include "jobs/doctor_proc.h"

/*
 * Its name ("sda"), or "0:31" of what has no disk; the caller's. root is before
 * /sys; device is that of a file there, mount (may be NULL) what it lies on:
 * some file systems (btrfs) have numbers of their own, and name their disk.
 */
char *doctor_disk_find(const char *root, uint64_t device,
                       const struct doctor_mount *mount);

#endif
