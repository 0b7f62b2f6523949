/*
 * hint.h - commands in messages, made so that they work when they are pasted.
 */
#ifndef TOOLS_HINT_H
#define TOOLS_HINT_H

#include "command.h"

/*
 * The text with each 'redkeep COMMAND ...' in it, quoted so, followed by the
 * --config, --repo and --instance that this invocation was given as options. One
 * that names a repository or a data directory says all itself. The caller's.
 */
char *hint_complete(const struct invocation *in, const char *text);

#endif
