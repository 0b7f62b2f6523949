/*
 * config_value.h - judges the text of one value by the type of its key.
 */
#ifndef CONFIG_CONFIG_VALUE_H
#define CONFIG_CONFIG_VALUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "config/config_keys.h"

/* Who said it; what is further down beats what is further up. */
enum config_origin {
    CONFIG_FROM_PRESET,
    CONFIG_FROM_FILE,
    CONFIG_FROM_OTHERS_VARIABLE, /* REDIS_URL and the like */
    CONFIG_FROM_VARIABLE,        /* REDKEEP_... */
    CONFIG_FROM_OPTION,
};

struct config_value {
    char *text; /* NULL: none */
    uint64_t number;
    enum config_origin origin;
    unsigned line; /* where the file gives it, whoever speaks; 0: nowhere */
};

/* No value is longer than this, from wherever it comes. */
enum { CONFIG_VALUE_MAX = 4096 };

/*
 * Sets *number to what the text means (config_keys.h says what for each type; 0
 * where it is text only). A bad value is ERROR_USAGE; the text shows it, unless
 * it is a secret, and what was expected.
 */
int config_value_read(const struct config_key_info *key, const char *text,
                      uint64_t *number, struct error *e);

/* Judges text and keeps a copy, unless a stronger origin has spoken already. */
int config_value_put(struct config_value *value,
                     const struct config_key_info *key, const char *text,
                     enum config_origin origin, struct error *e);

/*
 * The next word of a list by commas (or by blanks: separator ' '), without the
 * blanks around it; *at moves on and is NULL at the end. Returns false when
 * there is no further word.
 */
bool config_value_next(const char **at, char separator, const char **word,
                       size_t *length);

/* "'VALUE' is not EXPECTED". Always returns -1. */
int config_value_refuse(const struct config_key_info *key, const char *text,
                        const char *expected, struct error *e);

/* The place of a word in a list by blanks, from 0; -1 if it is not there. */
int config_value_find_word(const char *words, const char *text, size_t size);

/* "'VALUE' is not one of WORDS, ALSO" (also may be NULL). Always returns -1. */
int config_value_refuse_word(const struct config_key_info *key,
                             const char *text, size_t size, const char *also,
                             struct error *e);

#endif
