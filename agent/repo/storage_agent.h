/*
 * storage_agent.h - what the agent has in an instance's folder, before there
 * is a snapshot and an instance.json: locks/agent, and agent/ for its state.
 */
#ifndef REPO_STORAGE_AGENT_H
#define REPO_STORAGE_AGENT_H

#include <stdbool.h>

#include "base/error.h"
#include "base/lock.h"

/*
 * Takes the lock of the agent: one a repository and instance. What is missing
 * is made (folders 0700). Held: ERROR_LOCKED, and the text names the pid. A
 * folder that is neither an instance's nor an agent's is ERROR_REFUSED, and
 * nothing is made in it.
 */
int storage_lock_agent(const char *repo, const char *instance,
                       struct lock *lock, struct error *e);

/*
 * Opens the instance's folder for the agent's own use; make: creates what is
 * missing, as storage_lock_agent does. Descriptor, or -1 (ERROR_ABSENT: it is
 * not there).
 */
int storage_agent_open(const char *repo, const char *instance, bool make,
                       struct error *e);

/* Whether a folder holds nothing but what an agent makes, or nothing. */
int storage_agent_is_only(int instance_dir, bool *only, struct error *e);

/* Whether an agent has been there. */
bool storage_agent_has(int instance_dir);

#endif
