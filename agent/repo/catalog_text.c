#include "repo/catalog_text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"

enum { MILLISECONDS = 1000, NANOSECONDS = 1000000000, FRACTION_DIGITS = 9 };

static const char digits[] = "0123456789ABCDEF";

/*
 * The length of the well-formed UTF-8 sequence at bytes, 0 if there is none
 * (RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF). The
 * NUL at the end is no continuation, so nothing behind it is read.
 */
static size_t
sequence_length(const unsigned char *bytes)
{
    unsigned char low = 0x80, high = 0xbf;
    size_t length = bytes[0] < 0x80    ? 1
                    : bytes[0] < 0xc2  ? 0
                    : bytes[0] < 0xe0  ? 2
                    : bytes[0] < 0xf0  ? 3
                    : bytes[0] <= 0xf4 ? 4
                                       : 0;

    if (bytes[0] == 0xe0)
        low = 0xa0;
    else if (bytes[0] == 0xed)
        high = 0x9f;
    else if (bytes[0] == 0xf0)
        low = 0x90;
    else if (bytes[0] == 0xf4)
        high = 0x8f;
    for (size_t i = 1; i < length; i++, low = 0x80, high = 0xbf)
        if (bytes[i] < low || bytes[i] > high)
            return 0;
    return length;
}

/* How many bytes may stand as they are; 0: one that may not. */
static size_t
plain_length(const unsigned char *bytes)
{
    if (bytes[0] < ' ' || bytes[0] == 0x7f || bytes[0] == '%')
        return 0;
    return sequence_length(bytes);
}

char *
catalog_text_encode(const char *bytes)
{
    const unsigned char *from = (const unsigned char *)bytes;
    char *text = memory_new(3 * strlen(bytes) + 1), *to = text;

    while (*from != '\0') {
        size_t length = plain_length(from);

        if (length > 0) {
            memcpy(to, from, length);
            to += length;
            from += length;
            continue;
        }
        *to++ = '%';
        *to++ = digits[*from >> 4];
        *to++ = digits[*from & 15];
        from++;
    }
    *to = '\0';
    return text;
}

/* The byte of "%XX" at text; 0 if it is none. */
static unsigned char
escaped(const char *text)
{
    const char *high, *low;

    if (text[1] == '\0' || text[2] == '\0')
        return 0;
    high = strchr(digits, text[1]);
    low = strchr(digits, text[2]);
    if (high == NULL || low == NULL)
        return 0;
    return (unsigned char)((high - digits) * 16 + (low - digits));
}

char *
catalog_text_decode(const char *text)
{
    char *bytes = memory_new(strlen(text) + 1), *to = bytes;

    for (; *text != '\0'; to++) {
        if (*text != '%') {
            *to = *text++;
            continue;
        }
        *to = (char)escaped(text);
        if (*to == '\0') {
            free(bytes);
            return NULL;
        }
        text += 3;
    }
    *to = '\0';
    return bytes;
}

void
catalog_text_write_ns(char out[CATALOG_TEXT_TIME_SIZE], int64_t ns)
{
    int64_t rest = ns % NANOSECONDS;
    char seconds[TEXT_TIME_SIZE];

    if (rest < 0)
        rest += NANOSECONDS;
    /* Divided first: ns - rest may lie below INT64_MIN. */
    text_write_time(seconds,
                    (ns / NANOSECONDS - (ns % NANOSECONDS < 0)) * MILLISECONDS);
    if (rest == 0) {
        snprintf(out, CATALOG_TEXT_TIME_SIZE, "%s", seconds);
        return;
    }
    seconds[strcspn(seconds, "Z")] = '\0';
    snprintf(out, CATALOG_TEXT_TIME_SIZE, "%s.%09lldZ", seconds,
             (long long)rest);
}

/* ".123456789Z", of which *ns; or "Z". */
static bool
read_fraction(const char *text, int64_t *ns)
{
    *ns = 0;
    if (strcmp(text, "Z") == 0)
        return true;
    if (*text++ != '.' || strlen(text) != FRACTION_DIGITS + 1)
        return false;
    for (int i = 0; i < FRACTION_DIGITS; i++, text++) {
        if (*text < '0' || *text > '9')
            return false;
        *ns = *ns * 10 + (*text - '0');
    }
    return strcmp(text, "Z") == 0;
}

bool
catalog_text_read_ns(const char *text, int64_t *ns)
{
    size_t length = strcspn(text, ".Z");
    char seconds[TEXT_TIME_SIZE];
    int64_t ms, rest;
    bool beyond;

    if (length + 2 > sizeof seconds || !read_fraction(text + length, &rest))
        return false;
    snprintf(seconds, sizeof seconds, "%.*sZ", (int)length, text);
    if (!text_time(seconds, &ms))
        return false;
    /* One second less and the rest more, so that INT64_MIN can be reached. */
    beyond =
        __builtin_mul_overflow(ms / MILLISECONDS + (ms < 0), NANOSECONDS, ns) ||
        __builtin_add_overflow(*ns, ms < 0 ? rest - NANOSECONDS : rest, ns);
    return !beyond;
}
