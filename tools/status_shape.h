/*
 * status_shape.h - whether an object is what /api/status promises: what else
 * reads it may then take each field to be of its type, or unknown.
 */
#ifndef TOOLS_STATUS_SHAPE_H
#define TOOLS_STATUS_SHAPE_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

/*
 * 0, or ERROR_FAILED naming the field, what it is and what was expected. A
 * field that is missing is unknown, like null; fields more are fine.
 */
int status_shape_check(const json_t *state, struct error *e);

/* "server" of which nothing is known: each field is null. */
json_t *status_shape_no_server(void);

/* A text that is not empty, or otherwise. */
const char *status_shape_word(const json_t *object, const char *key,
                              const char *otherwise);

/* A text, or NULL; a number, or -1. */
const char *status_shape_text(const json_t *object, const char *key);
int64_t status_shape_number(const json_t *object, const char *key);

/* Whether it is known to be so: null is neither. */
bool status_shape_is(const json_t *object, const char *key, bool value);

#endif
