/*
 * journal_text.h - a journal as JSON. Names are written as in a catalog entry
 * (repo/catalog_text.h). Private to journal.
 */
#ifndef JOBS_JOURNAL_TEXT_H
#define JOBS_JOURNAL_TEXT_H

#include "jobs/journal.h"

/* The text, with its end; the caller's. */
char *journal_text_write(const struct journal *j, size_t *size);

#endif
