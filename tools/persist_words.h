/*
 * persist_words.h - the server's own persistence, for people and as JSON.
 */
#ifndef TOOLS_PERSIST_WORDS_H
#define TOOLS_PERSIST_WORDS_H

#include <jansson.h>
#include <stdbool.h>

#include "jobs/instance.h"
#include "jobs/persist_files.h"
#include "jobs/persist_run.h"

/* What is wrong; NULL: nothing. */
const char *persist_words_trouble(const struct info *info);

void persist_words_show(const struct instance *i,
                        const struct persist_files *files, int64_t now_ms);

json_t *persist_words_json(const struct instance *i,
                           const struct persist_files *files);

/* What came of a run. */
void persist_words_show_run(enum persist_kind kind,
                            const struct persist_run *run,
                            const struct persist_files *files);

json_t *persist_words_run_json(enum persist_kind kind,
                               const struct persist_run *run,
                               const struct persist_files *files);

#endif
