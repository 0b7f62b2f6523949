/*
 * hint.h - commands in messages, made so that they work when they are pasted.
 */
#ifndef TOOLS_HINT_H
#define TOOLS_HINT_H

#include "command.h"

/*
 * Which server and repository were given as options, as they are to be given
 * again: " --redis URL --repo DIR"; never a password. The caller's.
 */
char *hint_options(const struct config *config);

/*
 * The text with each 'redkeep COMMAND ...' in it, quoted so, followed by
 * --config and these options, as they were given. One that names a repository
 * or a data directory says all itself. The caller's.
 */
char *hint_complete(const struct invocation *in, const char *text);

#endif
