/*
 * persist_host.h - what the server's host has left, where that is ours.
 */
#ifndef JOBS_PERSIST_HOST_H
#define JOBS_PERSIST_HOST_H

#include "jobs/persist_judge.h"
#include "redis/info.h"

/*
 * All unknown unless the process that the server says it is runs here, with
 * dir as its working directory (or hides that, and is a server by its name).
 */
void persist_host_look(struct persist_host *host, const struct info *info,
                       const struct info_settings *settings);

/* The figures of /proc/meminfo's text; -1 what it does not have. */
void persist_host_read(struct persist_host *host, const char *meminfo);

#endif
