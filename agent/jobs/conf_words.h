/*
 * conf_words.h - a line of a server's configuration file, in its words.
 *
 * Words are parted by blanks. "..." may hold \n \r \t \b \a \xHH and \ before
 * any other character, '...' only \'; a closing quote must be followed by a
 * blank or the end, as the server has it (all releases).
 */
#ifndef JOBS_CONF_WORDS_H
#define JOBS_CONF_WORDS_H

#include <stdbool.h>
#include <stddef.h>

enum { CONF_WORDS_MAX = 1000 };

struct conf_words {
    char **words;
    size_t count, capacity;
};

/*
 * Adds the words of a line of size bytes; it counts as ended at a NUL. False:
 * quotes are not closed, or there are too many words.
 */
bool conf_words_split(struct conf_words *w, const char *line, size_t size);

/* Adds one word as it is. */
void conf_words_add(struct conf_words *w, const char *word);

void conf_words_clear(struct conf_words *w);

#endif
