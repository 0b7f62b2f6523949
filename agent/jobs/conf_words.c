#include "jobs/conf_words.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

static int
hex_value(char c)
{
    const char *digits = "0123456789abcdef";
    const char *at = c == '\0' ? NULL
                               : strchr(digits, tolower((unsigned char)c));

    return at == NULL ? -1 : (int)(at - digits);
}

/* What stands behind a '\\' in double quotes; *at is left on its last one. */
static char
unescape(const char **at)
{
    static const char from[] = "nrtba", to[] = "\n\r\t\b\a";
    const char *known = strchr(from, **at);

    if (**at == 'x' && hex_value((*at)[1]) >= 0 && hex_value((*at)[2]) >= 0) {
        *at += 2;
        return (char)(hex_value((*at)[-1]) * 16 + hex_value((*at)[0]));
    }
    return known != NULL && *known != '\0' ? to[known - from] : **at;
}

/* From behind an opening quote to behind the closing one; NULL: none. */
static const char *
read_quoted(const char *at, char quote, char **to)
{
    for (; *at != quote; at++) {
        if (*at == '\0')
            return NULL;
        if (*at == '\\' && at[1] != '\0' && (quote == '"' || at[1] == '\'')) {
            at++;
            *(*to)++ = quote == '"' ? unescape(&at) : *at;
        } else {
            *(*to)++ = *at;
        }
    }
    at++;
    return *at == '\0' || isspace((unsigned char)*at) ? at : NULL;
}

/* Reads one word at *at into to; false: its quotes are not closed. */
static bool
read_word(const char **at, char *to)
{
    while (**at != '\0' && strchr(" \t\r\n", **at) == NULL) {
        if (**at == '"' || **at == '\'') {
            *at = read_quoted(*at + 1, **at, &to);
            if (*at == NULL)
                return false;
            break;
        }
        *to++ = *(*at)++;
    }
    *to = '\0';
    return true;
}

void
conf_words_add(struct conf_words *w, const char *word)
{
    w->words = memory_grow(w->words, w->count, &w->capacity, sizeof *w->words);
    w->words[w->count++] = memory_dup(word);
}

bool
conf_words_split(struct conf_words *w, const char *line, size_t size)
{
    char *copy = memory_copy(line, size), *word = memory_new(size + 1);
    const char *at = copy;
    bool whole = true;

    for (;;) {
        while (isspace((unsigned char)*at))
            at++;
        if (*at == '\0')
            break;
        whole = w->count < CONF_WORDS_MAX && read_word(&at, word);
        if (!whole)
            break;
        conf_words_add(w, word);
    }
    free(word);
    free(copy);
    return whole;
}

void
conf_words_clear(struct conf_words *w)
{
    for (size_t i = 0; i < w->count; i++)
        free(w->words[i]);
    free(w->words);
    *w = (struct conf_words){0};
}
