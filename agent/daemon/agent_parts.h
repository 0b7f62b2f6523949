/*
 * agent_parts.h - the parts of the agent: opened in order, wired, given another
 * configuration, closed. For agent.c.
 */
#ifndef DAEMON_AGENT_PARTS_H
#define DAEMON_AGENT_PARTS_H

#include <jansson.h>
#include <stdbool.h>

#include "daemon/agent.h"

/* Opens all; on failure those opened are closed by agent_parts_close. */
int agent_parts_open(struct agent *a, struct error *e);
void agent_parts_close(struct agent *a);

/*
 * Hands another configuration (taken over) to all parts. What can be bad in it
 * shows first: on failure the old one is in force, and next is the caller's.
 */
int agent_parts_take_over(struct agent *a, struct terms *next, struct error *e);

/* What follows from what is known now: alarms, heartbeat, the status line. */
void agent_parts_look(struct agent *a);

/* Points the watch at where the data is: the configuration's word, else the
 * server's. */
void agent_parts_locate(void *agent);

/* Begins the jobs with the state that was found (NULL: none); once. */
void agent_parts_plan(struct agent *a, const json_t *state);

/* Has the state written; now: at once. */
void agent_parts_save(struct agent *a, bool now);

#endif
