/*
 * hooks_letter.h - one notice as commands and webhooks get it; use hooks.h.
 *
 * {"event","instance","time","text",...details}, and for commands the variables
 * REDKEEP_EVENT, REDKEEP_INSTANCE, REDKEEP_TEXT, and REDKEEP_ALARM for alarms.
 */
#ifndef DAEMON_HOOKS_LETTER_H
#define DAEMON_HOOKS_LETTER_H

#include <stdbool.h>

#include "daemon/notice.h"

enum { HOOKS_LETTER_VARIABLES = 4 };

struct hooks_letter {
    bool is_alarm; /* raised or cleared */
    char *body;
    char *variables[HOOKS_LETTER_VARIABLES + 1]; /* NULL-terminated */
};

struct hooks_letter *hooks_letter_new(const struct notice *n,
                                      const char *instance);

void hooks_letter_free(struct hooks_letter *letter);

#endif
