/*
 * guard_words.h - guard's answer for people.
 */
#ifndef TOOLS_GUARD_WORDS_H
#define TOOLS_GUARD_WORDS_H

#include <jansson.h>

#include "command.h"

/* Prints it; the answer may be one that was remembered. */
void guard_words_show(const json_t *answer, const char *directory,
                      const struct invocation *in);

#endif
