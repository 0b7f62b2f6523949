/*
 * doctor_words.h - what doctor found, as JSON and for people.
 */
#ifndef TOOLS_DOCTOR_WORDS_H
#define TOOLS_DOCTOR_WORDS_H

#include <jansson.h>

#include "jobs/doctor_apply.h"
#include "jobs/doctor_gather.h"
#include "status_words.h"

/* As status_words_read, and with the options that were given. */
void doctor_words_read(struct status_words *words, const struct config *config);

/* An array of findings[] of the contract. */
json_t *doctor_words_findings(const struct doctor_findings *all,
                              const struct status_words *words);

/* What --apply set, or tried to. */
json_t *doctor_words_changes(const struct doctor_changes *changes);

/* By scope, the worst first; a command has a line of its own. quiet: no
 * DOCTOR_INFO. */
void doctor_words_show(const struct doctor_findings *all,
                       const struct status_words *words, bool quiet);

/* Before the question: the commands that --apply stands for. */
void doctor_words_plan(const struct doctor_changes *changes, bool has_file);

/* What came of them. */
void doctor_words_changed(const struct doctor_changes *changes);

/* The last line: how many, and what to type next. */
void doctor_words_end(const struct doctor_findings *all, bool applied);

#endif
