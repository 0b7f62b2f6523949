/*
 * agent_words.h - what the agent itself says: to the log, to the service
 * manager, to the history. For agent.c.
 */
#ifndef DAEMON_AGENT_WORDS_H
#define DAEMON_AGENT_WORDS_H

#include "base/error.h"
#include "config/config.h"

struct agent;

/* One problem of a configuration, on standard error: "FILE:LINE: KEY: text". */
void agent_words_problem(void *context, const char *text);

void agent_words_log_level(const struct config *config);

/* What a reload came to (NULL: well): noted, logged, told. */
void agent_words_reloaded(struct agent *a, const struct error *why);

/* What is wrong with the last dump ("": nothing): noted, logged, told. */
void agent_words_dump(struct agent *a, const char *problem);

/* One line of how it stands, for the service manager. */
void agent_words_service(const struct agent *a);

#endif
