/*
 * aof_manifest_words.h - the words of a manifest's line, quoted as in the
 * server's own lines and configuration. Private to aof_manifest.
 */
#ifndef FORMATS_AOF_MANIFEST_WORDS_H
#define FORMATS_AOF_MANIFEST_WORDS_H

#include <stdbool.h>
#include <stddef.h>

#include "formats/aof_manifest.h"

/*
 * Splits line in place at blanks, with "..." (\n \r \t \a \b \xHH, any other
 * character stands for itself) and '...' (\'). words must hold one for each
 * two bytes of line, and one more. false: a quote is open or has text behind.
 */
bool aof_manifest_words_split(char *line, char *words[], size_t *count);

/* The longest line that is written: of a name as long as file systems allow. */
enum { AOF_MANIFEST_WORDS_LINE_MAX = 1280 };

/*
 * Writes a part as one line with its line feed, no NUL behind; the size. Names
 * longer than 255 bytes are cut.
 */
size_t aof_manifest_words_write(char line[AOF_MANIFEST_WORDS_LINE_MAX],
                                const struct aof_part *part);

#endif
