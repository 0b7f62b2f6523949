/*
 * doctor_host.h - the host that the server runs on: the kernel's settings, the
 * server's process, and the folder of its data. Read once from /proc, /sys and
 * systemd's folders; the rules (doctor_rules_host) only look at it.
 */
#ifndef JOBS_DOCTOR_HOST_H
#define JOBS_DOCTOR_HOST_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/file.h"
#include "jobs/doctor_proc.h"

struct doctor_scene;

/* What is not known is -1, NULL or 0 where that can be no value. */
struct doctor_host {
    /* The kernel. */
    int64_t overcommit; /* vm.overcommit_memory */
    int64_t somaxconn;  /* of the server's network namespace */
    int64_t swap_bytes;
    char *huge_pages; /* "always" */

    /* The server's process. */
    struct doctor_process process;
    int64_t files_soft, files_hard; /* its limit of open files */
    char *unit;                     /* "redis-server.service" */
    int restarts;    /* a supervisor starts it when it crashed: 1, 0 */
    pid_t neighbour; /* another server that works in the same folder */

    /* The folder of its data. */
    char *path;     /* for a prompt of this host */
    char *inner;    /* as the server names it; both NULL: not told */
    bool dir_known; /* dir is */
    struct file_identity dir;
    bool dir_listed; /* it has an access list: the mode is not all */
    char *denied;    /* a file in it that the server may not use */
    struct file_identity denied_id;
    bool mount_known; /* mount is, as the server sees it */
    struct doctor_mount mount;
    bool writable_here; /* by our own mounts */
    int64_t disk_free, disk_total;
    int64_t inodes_free;
    int64_t data_bytes; /* what a save or a rewrite writes anew, about */
    char *process_type, *dir_type; /* SELinux's, if it is enforcing */
};

/*
 * Takes scene's root, pid, data_dir, info and settings, of a server that is
 * local. Cannot fail. Clear it in any case.
 */
void doctor_host_look(struct doctor_host *h, const struct doctor_scene *scene);
void doctor_host_clear(struct doctor_host *h);

#endif
