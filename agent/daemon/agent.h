/*
 * agent.h - the agent: one process, one thread, one loop, and its parts. Parts
 * do not know each other but for those given to them; the agent wires them.
 * Answers, metrics and alarms read all of it.
 */
#ifndef DAEMON_AGENT_H
#define DAEMON_AGENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/lock.h"
#include "daemon/alarm.h"
#include "daemon/arguments.h"
#include "daemon/dependency.h"
#include "daemon/dump.h"
#include "daemon/hooks.h"
#include "daemon/http.h"
#include "daemon/notice.h"
#include "daemon/plan.h"
#include "daemon/queue_watch.h"
#include "daemon/repository.h"
#include "daemon/server.h"
#include "daemon/service.h"
#include "daemon/tally.h"
#include "daemon/terms.h"
#include "daemon/watch.h"

struct agent_loop;
struct event_base;

struct agent {
    struct event_base *base;
    struct agent_loop *loop; /* agent.c's own */
    const struct arguments *arguments;
    struct terms *terms;         /* terms->config, and: */
    const struct config *config; /* the same; in force */
    int64_t started_ms;
    uint64_t started_steady_ms;
    int64_t config_loaded_ms;
    char config_error[480]; /* of the last reload; "": it went well */
    char *program;          /* path of redkeep */
    bool begun;             /* the jobs: the state is read, or given up */
    size_t notices_saved;   /* notice_count when the state was saved last */
    struct lock lock;       /* LOCK_NONE while the repository is away */
    struct service *service;
    struct notices *notices;
    struct server *server;
    struct repository *repository;
    bool repository_down; /* as told last */
    struct plan *plan;
    struct watch *watch;
    struct dump *dump;
    struct alarms *alarms;
    struct hooks *hooks;
    struct dependencies *dependencies;
    struct queue_watch *queues;
    struct tally *tally;
    struct http *http; /* NULL: listen is off */
    /* What is wrong with the last dump.rdb that was judged; "" nothing. */
    char dump_problem[240];
};

/*
 * Runs until SIGTERM or SIGINT, then ends children and all else cleanly. 0, or
 * -1: it could not start (configuration, address taken, another agent).
 */
int agent_run(const struct arguments *arguments, struct error *e);

#endif
