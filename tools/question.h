/*
 * question.h - whether the user wants done what was just told.
 */
#ifndef TOOLS_QUESTION_H
#define TOOLS_QUESTION_H

#include "base/error.h"
#include "command.h"

/*
 * 0 when it is wanted: --yes was given, or the answer to "question [y/N]" on
 * the terminal is yes. Else -1, ERROR_REFUSED: also where nobody can be asked.
 */
int question_ask(const struct invocation *in, const char *question,
                 struct error *e);

#endif
