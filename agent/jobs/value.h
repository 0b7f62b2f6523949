/*
 * value.h - what the agent and the commands know as values of JSON: what is
 * unknown is null, and bytes of others that are no UTF-8 never lose the field
 * they are in.
 */
#ifndef JOBS_VALUE_H
#define JOBS_VALUE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* NULL is null; in text that is no UTF-8 bytes are shown as \xHH. */
json_t *value_string(const char *text);

/* "" is null, too. */
json_t *value_text(const char *text);

/* printf. */
json_t *value_format(const char *format, ...)
    __attribute__((format(printf, 1, 2)));

/* ms since 1970 as RFC 3339; below 0 is null. */
json_t *value_time(int64_t ms);

/* And back, of an object; -1: it has none. */
int64_t value_read_time(const json_t *object, const char *key);

/* Below 0 is null. */
json_t *value_number(int64_t number);

/* ms as seconds; below 0 is null. */
json_t *value_seconds(int64_t ms);

/* NAN is null. */
json_t *value_real(double number);

/* null unless known. */
json_t *value_flag(bool known, bool flag);

/* As one line with its end, for an answer; *size without the NUL; caller's. */
char *value_print(const json_t *value, size_t *size);

#endif
