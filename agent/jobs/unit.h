/*
 * unit.h - the systemd unit that runs the server of a data directory, found by
 * what lies in systemd's folders: nothing is asked of systemd, so it is found
 * for a server that is stopped, too.
 */
#ifndef JOBS_UNIT_H
#define JOBS_UNIT_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/error.h"
#include "jobs/conf.h"

struct unit {
    char *name; /* "redis-server.service", "redis-server@a.service" */
    char *file; /* the configuration that its server is started with */
    struct conf conf;
};

/* Where units are: folders, the first that has a name counts; ends with NULL. */
extern const char *const unit_folders[];

/*
 * The unit whose server has dir (open) as its directory: false if none is found,
 * or more than one. Clear it in any case.
 */
bool unit_find(struct unit *u, const char *const *folders, int dir);

void unit_clear(struct unit *u);

/*
 * The service whose main process that is, as systemd says; NULL: none, or there
 * is no systemd. The caller's.
 */
char *unit_of_process(pid_t pid);

/*
 * The service that /proc/PID/cgroup's text names, whether or not that is its
 * main process; NULL: none. The caller's.
 */
char *unit_of_groups(const char *groups);

/*
 * Whether systemd starts the service again when its server has crashed, as the
 * unit and its drop-ins say: 1, 0; -1: there is no such unit. root is put before
 * the folders.
 */
int unit_restarts(const char *root, const char *name);

#endif
