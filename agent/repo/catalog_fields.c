#include "repo/catalog_fields.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "repo/catalog_text.h"
#include "repo/digest.h"

enum { TIME_TEXT_MAX = 40, WIDE_TEXT_MAX = 20 };

void
catalog_fields_of(struct catalog_fields *f, json_t *object, struct error *e)
{
    *f = (struct catalog_fields){.object = object, .e = e};
}

void
catalog_fields_fail(struct catalog_fields *f, const char *name,
                    const char *format, ...)
{
    char text[sizeof f->e->text];
    va_list arguments;

    if (f->failed)
        return;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    error_set(f->e, ERROR_DAMAGED, "%s%s %s", f->where, name, text);
    f->failed = true;
}

/* The field, or NULL when it is missing, or null where that is allowed. */
static json_t *
find(struct catalog_fields *f, const char *name, enum catalog_null null)
{
    json_t *value = json_object_get(f->object, name);

    if (value == NULL)
        catalog_fields_fail(f, name, "is missing");
    else if (json_is_null(value) && null == CATALOG_OR_NULL)
        return NULL;
    return value;
}

static const char *
find_text(struct catalog_fields *f, const char *name, size_t max,
          enum catalog_null null)
{
    json_t *value = find(f, name, null);

    if (value == NULL)
        return NULL;
    if (!json_is_string(value))
        catalog_fields_fail(f, name, "is not a text");
    else if (json_string_length(value) > max)
        catalog_fields_fail(f, name, "is %zu bytes long, expected at most %zu",
                            json_string_length(value), max);
    else
        return json_string_value(value);
    return NULL;
}

char *
catalog_fields_text(struct catalog_fields *f, const char *name, size_t max,
                    enum catalog_null null)
{
    /* Each byte may be written as three. */
    const char *text = find_text(f, name, 3 * max, null);
    char *bytes;

    if (text == NULL)
        return NULL;
    bytes = catalog_text_decode(text);
    if (bytes == NULL)
        catalog_fields_fail(f, name, "has a %% without two hex digits");
    if (bytes == NULL || strlen(bytes) <= max)
        return bytes;
    catalog_fields_fail(f, name, "is %zu bytes long, expected at most %zu",
                        strlen(bytes), max);
    free(bytes);
    return NULL;
}

void
catalog_fields_copy(struct catalog_fields *f, const char *name, char *out,
                    size_t size)
{
    const char *text = find_text(f, name, size - 1, CATALOG_NEVER_NULL);

    snprintf(out, size, "%s", text == NULL ? "" : text);
}

int64_t
catalog_fields_number(struct catalog_fields *f, const char *name, int64_t min,
                      int64_t max, enum catalog_null null)
{
    json_t *value = find(f, name, null);
    int64_t number;

    if (value == NULL)
        return -1;
    number = json_integer_value(value);
    if (!json_is_integer(value))
        catalog_fields_fail(f, name, "is not a whole number");
    else if (number < min || number > max)
        catalog_fields_fail(f, name, "is %lld, expected %lld to %lld",
                            (long long)number, (long long)min, (long long)max);
    else
        return number;
    return -1;
}

uint64_t
catalog_fields_wide(struct catalog_fields *f, const char *name)
{
    const char *text = find_text(f, name, WIDE_TEXT_MAX, CATALOG_NEVER_NULL);
    uint64_t number = 0;

    if (text != NULL && !text_number(text, UINT64_MAX, &number))
        catalog_fields_fail(f, name, "is not a number in digits");
    return number;
}

bool
catalog_fields_bool(struct catalog_fields *f, const char *name)
{
    json_t *value = find(f, name, CATALOG_NEVER_NULL);

    if (value != NULL && !json_is_boolean(value))
        catalog_fields_fail(f, name, "is neither true nor false");
    return json_is_true(value);
}

int64_t
catalog_fields_time(struct catalog_fields *f, const char *name,
                    enum catalog_null null)
{
    const char *text = find_text(f, name, TIME_TEXT_MAX, null);
    int64_t ms;

    if (text == NULL)
        return -1;
    if (text_time(text, &ms))
        return ms;
    catalog_fields_fail(f, name, "is not a time");
    return -1;
}

int64_t
catalog_fields_time_ns(struct catalog_fields *f, const char *name,
                       enum catalog_null null)
{
    const char *text = find_text(f, name, TIME_TEXT_MAX, null);
    int64_t ns;

    if (text == NULL)
        return 0;
    if (catalog_text_read_ns(text, &ns))
        return ns;
    catalog_fields_fail(f, name, "is not a time");
    return 0;
}

void
catalog_fields_sha256(struct catalog_fields *f, const char *name, char *out)
{
    catalog_fields_copy(f, name, out, DIGEST_HEX_SIZE);
    if (strspn(out, "0123456789abcdef") != DIGEST_HEX_SIZE - 1)
        catalog_fields_fail(f, name, "is not 64 hex digits");
}

bool
catalog_fields_object(struct catalog_fields *f, const char *name,
                      struct catalog_fields *inner, enum catalog_null null)
{
    json_t *value = find(f, name, null);

    catalog_fields_of(inner, value, f->e);
    snprintf(inner->where, sizeof inner->where, "%.*s.",
             (int)sizeof inner->where - 2, name);
    inner->failed = f->failed;
    if (value == NULL)
        return false;
    if (json_is_object(value))
        return true;
    catalog_fields_fail(f, name, "is not an object");
    return false;
}

size_t
catalog_fields_list(struct catalog_fields *f, const char *name, size_t max)
{
    json_t *value = find(f, name, CATALOG_NEVER_NULL);

    if (value == NULL)
        return 0;
    if (!json_is_array(value))
        catalog_fields_fail(f, name, "is not a list");
    else if (json_array_size(value) > max)
        catalog_fields_fail(f, name, "has %zu items, expected at most %zu",
                            json_array_size(value), max);
    else
        return json_array_size(value);
    return 0;
}

void
catalog_fields_item(struct catalog_fields *f, const char *name, size_t index,
                    struct catalog_fields *item)
{
    json_t *value = json_array_get(json_object_get(f->object, name), index);

    catalog_fields_of(item, value, f->e);
    item->failed = f->failed;
    snprintf(item->where, sizeof item->where, "%.8s[%zu]", name, index);
    if (!json_is_object(value))
        catalog_fields_fail(item, "", "is not an object");
    snprintf(item->where, sizeof item->where, "%.8s[%zu].", name, index);
}
