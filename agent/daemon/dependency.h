/*
 * dependency.h - [dependency NAME]: a command that says whether something else
 * that the users of this server need is up.
 */
#ifndef DAEMON_DEPENDENCY_H
#define DAEMON_DEPENDENCY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/config.h"
#include "daemon/notice.h"

struct event_base;

struct dependency_view {
    const char *name; /* borrowed */
    bool required;
    bool known; /* it was checked at least once */
    bool up;
    int64_t response_ms; /* -1 unknown */
    int64_t checked_ms;  /* when; -1 */
    char message[240];
};

struct dependencies;

struct dependencies *dependency_new(struct event_base *base,
                                    const struct config *config,
                                    const char *program,
                                    struct notices *notices);
size_t dependency_count(const struct dependencies *all);
const struct dependency_view *dependency_view(const struct dependencies *all,
                                              size_t i);
void dependency_reload(struct dependencies *all, const struct config *config);
void dependency_free(struct dependencies *all); /* accepts NULL */

#endif
