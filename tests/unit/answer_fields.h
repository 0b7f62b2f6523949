/*
 * answer_fields.h - an answer in JSON, and its fields by their path.
 */
#ifndef UNIT_ANSWER_FIELDS_H
#define UNIT_ANSWER_FIELDS_H

#include <check.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static json_t *answer;

/* "checks.redis.status" or "jobs.0.name"; as JSON. "": all of it. */
static const char *
answer_field(const char *path)
{
    static char text[8192];
    char name[64];
    const json_t *at = answer;
    size_t size;

    while (*path != '\0') {
        size_t length = strcspn(path, ".");

        snprintf(name, sizeof name, "%.*s", (int)length, path);
        at = json_is_array(at) ? json_array_get(at, strtoul(name, NULL, 10))
                               : json_object_get(at, name);
        ck_assert_msg(at != NULL, "%s is not there", name);
        path += length + (path[length] == '.');
    }
    size = json_dumpb(at, text, sizeof text - 1,
                      JSON_ENCODE_ANY | JSON_COMPACT | JSON_REAL_PRECISION(6));
    ck_assert_uint_lt(size, sizeof text);
    text[size] = '\0';
    return text;
}

#define IS(path, expected) ck_assert_str_eq(answer_field(path), expected)

#endif
