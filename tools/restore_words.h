/*
 * restore_words.h - the plan of a restore and what came of it, for people and as
 * JSON.
 */
#ifndef TOOLS_RESTORE_WORDS_H
#define TOOLS_RESTORE_WORDS_H

#include <jansson.h>

#include "command.h"
#include "jobs/restore.h"

/* The object of the contract; new. */
json_t *restore_words_json(const struct restore *r);

/* How much of the plan was shown. */
struct restore_words {
    const struct invocation *in;
    size_t shown;
};

/* All that is planned so far, before it is done. */
void restore_words_plan(const struct restore *r, struct restore_words *words);

/* What was done; of what came to the plan meanwhile only what is advice. */
void restore_words_show(const struct restore *r, struct restore_words *words,
                        bool dry_run);

#endif
