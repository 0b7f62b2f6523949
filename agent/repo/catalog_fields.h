/*
 * catalog_fields.h - the fields of a JSON object, each with its bounds. The
 * first one that is missing or out of bounds fails the whole object: later
 * calls return something harmless and the reader looks at failed once.
 */
#ifndef REPO_CATALOG_FIELDS_H
#define REPO_CATALOG_FIELDS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct catalog_fields {
    json_t *object; /* borrowed */
    char where[32]; /* "files[3]." before a field's name, or "" */
    bool failed;
    struct error *e;
};

enum catalog_null { CATALOG_NEVER_NULL, CATALOG_OR_NULL };

/* The whole object. */
void catalog_fields_of(struct catalog_fields *f, json_t *object,
                       struct error *e);

/* Says that the field of that name is wrong (ERROR_DAMAGED). */
void catalog_fields_fail(struct catalog_fields *f, const char *name,
                         const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Text of at most max bytes, new; NULL for null and on failure. */
char *catalog_fields_text(struct catalog_fields *f, const char *name,
                          size_t max, enum catalog_null null);

/* The same, into a buffer. */
void catalog_fields_copy(struct catalog_fields *f, const char *name, char *out,
                         size_t size);

/* A whole number; null, where allowed, is -1. */
int64_t catalog_fields_number(struct catalog_fields *f, const char *name,
                              int64_t min, int64_t max, enum catalog_null null);

/* Decimal digits in a text: numbers that no double holds. */
uint64_t catalog_fields_wide(struct catalog_fields *f, const char *name);

bool catalog_fields_bool(struct catalog_fields *f, const char *name);

/* Milliseconds since 1970; null, where allowed, is -1. */
int64_t catalog_fields_time(struct catalog_fields *f, const char *name,
                            enum catalog_null null);

/* Nanoseconds since 1970; null, where allowed, is 0. */
int64_t catalog_fields_time_ns(struct catalog_fields *f, const char *name,
                               enum catalog_null null);

/* 64 hex digits. */
void catalog_fields_sha256(struct catalog_fields *f, const char *name,
                           char *out);

/* An object within; false for null and on failure. */
bool catalog_fields_object(struct catalog_fields *f, const char *name,
                           struct catalog_fields *inner,
                           enum catalog_null null);

/* A list of objects; its length, 0 on failure. Then each of them. */
size_t catalog_fields_list(struct catalog_fields *f, const char *name,
                           size_t max);
void catalog_fields_item(struct catalog_fields *f, const char *name,
                         size_t index, struct catalog_fields *item);

#endif
