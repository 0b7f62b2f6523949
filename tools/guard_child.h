/*
 * guard_child.h - the process that does guard's work, and the one that watches
 * it: a crash or a limit there must not keep a server from starting.
 */
#ifndef TOOLS_GUARD_CHILD_H
#define TOOLS_GUARD_CHILD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Forks. In the child: true. In the parent: waits until it ends, at most
 * limit_ms (0: for ever) or until we are asked to stop, then has it stop where
 * nothing is half done, and ends it. *status is its exit status, or -1 and why
 * has the reason.
 */
bool guard_child_begin(uint64_t limit_ms, int *status, char *why, size_t size);

#endif
