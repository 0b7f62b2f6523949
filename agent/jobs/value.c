#include "jobs/value.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"

json_t *
value_string(const char *text)
{
    json_t *value;
    size_t size;
    char *shown;

    if (text == NULL)
        return json_null();
    value = json_string(text);
    if (value != NULL)
        return value;
    size = 4 * strlen(text) + 4;
    shown = memory_new(size);
    value = json_string(text_quote(shown, size, text, strlen(text)));
    free(shown);
    return value;
}

json_t *
value_text(const char *text)
{
    return value_string(text == NULL || *text == '\0' ? NULL : text);
}

json_t *
value_format(const char *format, ...)
{
    char text[512];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    return value_text(text);
}

json_t *
value_time(int64_t ms)
{
    char text[TEXT_TIME_SIZE];

    if (ms < 0)
        return json_null();
    text_write_time(text, ms);
    return json_string(text);
}

int64_t
value_read_time(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    int64_t ms;

    return text != NULL && text_time(text, &ms) ? ms : -1;
}

json_t *
value_number(int64_t number)
{
    return number < 0 ? json_null() : json_integer(number);
}

json_t *
value_seconds(int64_t ms)
{
    return ms < 0 ? json_null() : json_real((double)ms / 1000);
}

json_t *
value_real(double number)
{
    return isfinite(number) ? json_real(number) : json_null();
}

json_t *
value_flag(bool known, bool flag)
{
    return known ? json_boolean(flag) : json_null();
}

char *
value_print(const json_t *value, size_t *size)
{
    /* 15 digits: 0.213 and not 0.21299999999999999. */
    size_t flags = JSON_COMPACT | JSON_REAL_PRECISION(15);
    char *text;

    *size = json_dumpb(value, NULL, 0, flags);
    text = memory_new(*size + 2);
    json_dumpb(value, text, *size, flags);
    text[(*size)++] = '\n';
    return text;
}
