/*
 * help.h - what --help prints.
 */
#ifndef TOOLS_HELP_H
#define TOOLS_HELP_H

#include "command.h"

/* An option of every command. */
struct help_common {
    const char *name, *argument, *help;
};

/* NULL-terminated by name. */
extern const struct help_common help_common[];

/* Help on a command, or on the program where command is NULL. */
void help_print(const struct command *command);

#endif
