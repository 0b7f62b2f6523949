#include "config/config_value.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "config/config_value_text.h"

/* "1.5" has this many digits behind the point at most. */
enum { DECIMALS = 3, DELAYS_MAX = 64, SHOWN_BYTES = 100 };

/* "'VALUE'", or "the value" of what nobody should see. */
static const char *
shown(const struct config_key_info *key, const char *text,
      char out[SHOWN_BYTES])
{
    char quoted[SHOWN_BYTES - 2];

    if (key->secret)
        return "the value";
    snprintf(out, SHOWN_BYTES, "'%s'",
             text_quote(quoted, sizeof quoted, text, strlen(text)));
    return out;
}

int
config_value_refuse(const struct config_key_info *key, const char *text,
                    const char *expected, struct error *e)
{
    char out[SHOWN_BYTES];

    return error_set(e, ERROR_USAGE, "%s is not %s", shown(key, text, out),
                     expected);
}

bool
config_value_next(const char **at, char separator, const char **word,
                  size_t *length)
{
    const char *begin = *at, *end;

    if (begin == NULL)
        return false;
    while (*begin == ' ' || *begin == '\t')
        begin++;
    end = strchr(begin, separator);
    *at = end == NULL ? NULL : end + 1;
    if (end == NULL)
        end = begin + strlen(begin);
    while (end > begin && (end[-1] == ' ' || end[-1] == '\t'))
        end--;
    *word = begin;
    *length = (size_t)(end - begin);
    /* Blanks may come in rows; between commas nothing is an empty word. */
    if (*length == 0 && separator == ' ')
        return *at != NULL && config_value_next(at, separator, word, length);
    return true;
}

/* The place of a word in a list by blanks, from 0; -1 if it is not there. */
int
config_value_find_word(const char *words, const char *text, size_t size)
{
    const char *word;
    size_t length;

    for (int i = 0; config_value_next(&words, ' ', &word, &length); i++)
        if (length == size && memcmp(word, text, size) == 0)
            return i;
    return -1;
}

/* "'x' is not one of zstd, gzip, none". */
int
config_value_refuse_word(const struct config_key_info *key, const char *text,
                         size_t size, const char *also, struct error *e)
{
    const char *word, *at = key->words;
    char out[SHOWN_BYTES], value[SHOWN_BYTES];
    size_t length;

    snprintf(value, sizeof value, "%.*s", (int)size, text);
    error_set(e, ERROR_USAGE, "%s is not one of", shown(key, value, out));
    for (bool first = true; config_value_next(&at, ' ', &word, &length);
         first = false)
        error_set(e, ERROR_USAGE, "%s%s %.*s", e->text, first ? "" : ",",
                  (int)length, word);
    if (also != NULL)
        error_set(e, ERROR_USAGE, "%s, %s", e->text, also);
    return -1;
}

static int
check_range(const struct config_key_info *key, const char *text,
            uint64_t number, struct error *e)
{
    char out[SHOWN_BYTES], bound[TEXT_WORDS_SIZE];
    bool low = number < key->min;

    if (!low && (key->max == 0 || number <= key->max))
        return 0;
    if (key->type == CONFIG_TYPE_NUMBER)
        return error_set(e, ERROR_USAGE, "%s is not a number from %llu to %llu",
                         shown(key, text, out), (unsigned long long)key->min,
                         (unsigned long long)key->max);
    if (key->type == CONFIG_TYPE_SIZE)
        text_write_size(bound, low ? key->min : key->max);
    else if (key->type == CONFIG_TYPE_DECIMAL)
        snprintf(bound, sizeof bound, "%llu",
                 (unsigned long long)(low ? key->min : key->max) / 1000);
    else
        text_write_duration(bound, low ? key->min : key->max);
    return error_set(e, ERROR_USAGE, "%s is %s than %s", shown(key, text, out),
                     low ? "less" : "more", bound);
}

static int
read_number(const struct config_key_info *key, const char *text,
            uint64_t *number, struct error *e)
{
    uint64_t value;

    if (!text_number(text, UINT64_MAX, &value))
        return config_value_refuse(key, text, "a whole number", e);
    if (check_range(key, text, value, e) != 0)
        return -1;
    *number = value;
    return 0;
}

static int
read_decimal(const struct config_key_info *key, const char *text,
             uint64_t *number, struct error *e)
{
    const char *point = strchr(text, '.');
    char whole[SHOWN_BYTES];
    uint64_t value, rest = 0, scale = 1000;
    size_t length = point == NULL ? strlen(text) : (size_t)(point - text);
    size_t decimals = point == NULL ? 0 : strlen(point + 1);

    snprintf(whole, sizeof whole, "%.*s", (int)length, text);
    if (!text_number(whole, UINT64_MAX / 1000 - 1, &value) ||
        (point != NULL &&
         (decimals > DECIMALS || !text_number(point + 1, 999, &rest))))
        return config_value_refuse(key, text, "a number like 10 or 1.5", e);
    for (size_t i = 0; i < decimals; i++)
        scale /= 10;
    value = value * 1000 + rest * scale;
    if (check_range(key, text, value, e) != 0)
        return -1;
    *number = value;
    return 0;
}

static int
read_duration(const struct config_key_info *key, const char *text,
              uint64_t *number, struct error *e)
{
    uint64_t value;

    if (!text_duration(text, &value))
        return config_value_refuse(
            key, text, "a duration like 500ms, 5s, 10m, 1h or 7d", e);
    if (check_range(key, text, value, e) != 0)
        return -1;
    *number = value;
    return 0;
}

static int
read_size(const struct config_key_info *key, const char *text, uint64_t *number,
          struct error *e)
{
    uint64_t value;

    if (!text_size(text, &value))
        return config_value_refuse(key, text,
                                   "a size like 64MiB, 10GiB or 4096", e);
    if (check_range(key, text, value, e) != 0)
        return -1;
    *number = value;
    return 0;
}

static int
read_durations(const struct config_key_info *key, const char *text,
               uint64_t *number, struct error *e)
{
    const char *word, *at = text;
    size_t length;
    uint64_t count = 0;

    while (config_value_next(&at, ',', &word, &length)) {
        char one[SHOWN_BYTES];
        uint64_t ms;

        snprintf(one, sizeof one, "%.*s", (int)length, word);
        if (read_duration(key, one, &ms, e) != 0)
            return -1;
        if (++count > DELAYS_MAX)
            return error_set(e, ERROR_USAGE, "more than %d durations",
                             (int)DELAYS_MAX);
    }
    *number = count;
    return 0;
}

static int
read_word(const struct config_key_info *key, const char *text, uint64_t *number,
          struct error *e)
{
    int place = config_value_find_word(key->words, text, strlen(text));

    if (place < 0)
        return config_value_refuse_word(key, text, strlen(text), NULL, e);
    *number = (uint64_t)place;
    return 0;
}

static int
read_flag(const struct config_key_info *key, const char *text, uint64_t *number,
          struct error *e)
{
    bool yes = strcmp(text, "yes") == 0;

    if (!yes && strcmp(text, "no") != 0)
        return config_value_refuse(key, text, "yes or no", e);
    *number = yes;
    return 0;
}

/* True of every type. */
static int
check_text(const char *text, struct error *e)
{
    if (text[0] == '\0')
        return error_set(e, ERROR_USAGE, "has no value");
    if (strlen(text) > CONFIG_VALUE_MAX)
        return error_set(e, ERROR_USAGE, "is longer than %d bytes",
                         (int)CONFIG_VALUE_MAX);
    for (; *text != '\0'; text++)
        if (iscntrl((unsigned char)*text) && *text != '\t')
            return error_set(e, ERROR_USAGE,
                             "holds a control character "
                             "(\\x%02x)",
                             (unsigned)(unsigned char)*text);
    return 0;
}

int
config_value_read(const struct config_key_info *key, const char *text,
                  uint64_t *number, struct error *e)
{
    *number = 0;
    if (check_text(text, e) != 0)
        return -1;
    switch (key->type) {
    case CONFIG_TYPE_FLAG:
        return read_flag(key, text, number, e);
    case CONFIG_TYPE_NUMBER:
        return read_number(key, text, number, e);
    case CONFIG_TYPE_DECIMAL:
        return read_decimal(key, text, number, e);
    case CONFIG_TYPE_DURATION:
        return read_duration(key, text, number, e);
    case CONFIG_TYPE_DURATIONS:
        return read_durations(key, text, number, e);
    case CONFIG_TYPE_SIZE:
        return read_size(key, text, number, e);
    case CONFIG_TYPE_WORD:
        return read_word(key, text, number, e);
    default:
        return config_value_text_check(key, text, e);
    }
}

int
config_value_put(struct config_value *value, const struct config_key_info *key,
                 const char *text, enum config_origin origin, struct error *e)
{
    uint64_t number;

    if (config_value_read(key, text, &number, e) != 0)
        return -1;
    if (origin < value->origin)
        return 0;
    free(value->text);
    value->text = memory_dup(text);
    value->number = number;
    value->origin = origin;
    return 0;
}
