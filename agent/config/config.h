/*
 * config.h - what the user wants: options before environment before file
 * before presets. Values only; what follows from them is others' work.
 *
 * The file is INI: "key = value", ';' or '#' at the head of a line and ';'
 * after a blank begin a comment; no quoting, no continued lines, at most
 * CONFIG_LINE_MAX bytes a line. Sections and keys are those of config_keys.h.
 *
 * Example:
 *     config_init(&c);
 *     config_set_option(&c, "repo", "/srv/backup", &e);
 *     config_load(&c, NULL, environ, NULL, NULL, &e);
 *     open(config_text(&c, CONFIG_REPO));
 */
#ifndef CONFIG_CONFIG_H
#define CONFIG_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "config/config_keys.h"
#include "config/config_value.h"

enum {
    CONFIG_LINE_MAX = 199,         /* bytes, the end of the line apart */
    CONFIG_FILE_MAX = 1024 * 1024, /* bytes */
    CONFIG_BLOCK_KEYS = 9,         /* the most of a named section */
    CONFIG_BLOCKS_MAX = 1000,
};

/* One [counters NAME] or [dependency NAME]. */
struct config_block {
    const struct config_key_info *first; /* its section's first key */
    char *name;
    unsigned line;
    struct config_value values[CONFIG_BLOCK_KEYS]; /* from first on */
};

struct config {
    struct config_value values[CONFIG_KEYS_SINGLE];
    struct config_block *blocks;
    size_t block_count, block_capacity;
    char *path; /* the file that was read; NULL: there was none */
};

/* All presets. Clear it even if a load fails. */
void config_init(struct config *c);
void config_clear(struct config *c);

/* Takes one problem: "FILE:LINE: KEY: text"; borrowed. */
typedef void config_problem(void *context, const char *text);

/*
 * Reads file and environment ("NAME=value" strings, NULL at the end; an empty
 * value counts as none). path NULL means: REDKEEP_CONFIG, else
 * /etc/redkeep/NAME.conf when the option instance was set (main may be in
 * redkeep.conf), else /etc/redkeep/redkeep.conf; these last may be missing.
 *
 * On failure *e is ERROR_USAGE with the first problem, report (may be NULL)
 * has had each of them, and c holds what was good.
 */
int config_load(struct config *c, const char *path, char *const environment[],
                config_problem *report, void *context, struct error *e);

/* The key of an option, "repo" or "http-listen"; NULL: no such option. */
const struct config_key_info *config_find_option(const char *name);

/*
 * Sets a value by its option's name; NULL for a flag means yes. ERROR_USAGE
 * names the nearest option if there is none of that name.
 */
int config_set_option(struct config *c, const char *name, const char *value,
                      struct error *e);

/* Whether anyone but the preset spoke. */
bool config_is_set(const struct config *c, enum config_key key);

/* The text; NULL where nobody spoke and there is no preset. */
const char *config_text(const struct config *c, enum config_key key);

/*
 * By type of the key. A number of config_number is that of config_keys.h: the
 * place of a word in its list, thousandths of a decimal. Of the counts of
 * [retention], if one of them is set, those not set are 0.
 */
uint64_t config_number(const struct config *c, enum config_key key);
bool config_flag(const struct config *c, enum config_key key);
uint64_t config_duration_ms(const struct config *c, enum config_key key);
uint64_t config_size(const struct config *c, enum config_key key);

/* Whether a list has this word. */
bool config_lists(const struct config *c, enum config_key key,
                  const char *word);

/* The blocks of a section, "counters" or "dependency", in the file's order. */
size_t config_block_count(const struct config *c, const char *section);
const struct config_block *config_block_at(const struct config *c,
                                           const char *section, size_t i);

/*
 * By type, of a key of the block's section: what the file says, else the preset
 * (a title's is the block's name).
 */
const char *config_block_text(const struct config_block *b,
                              enum config_key key);
uint64_t config_block_number(const struct config_block *b, enum config_key key);
bool config_block_flag(const struct config_block *b, enum config_key key);
uint64_t config_block_duration_ms(const struct config_block *b,
                                  enum config_key key);

#endif
