/*
 * repair_words.h - the plan of a repair and what came of it, for people.
 */
#ifndef TOOLS_REPAIR_WORDS_H
#define TOOLS_REPAIR_WORDS_H

#include "command.h"
#include "jobs/repair.h"

/*
 * What is wrong, what would be done and lost, where the originals go, and the
 * notes so far: how many.
 */
size_t repair_words_plan(const struct repair *r,
                         const struct judge_options *judge,
                         const struct invocation *in);

/* What was done, what is still wrong, and what to do next. */
void repair_words_outcome(const struct repair *r,
                          const struct judge_options *judge, size_t notes_shown,
                          const struct invocation *in);

#endif
