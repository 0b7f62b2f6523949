#include "base/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/memory.h"

struct unit {
    const char *name;
    uint64_t factor;
};

static const struct unit size_units[] = {
    {"", 1},
    {"KiB", UINT64_C(1) << 10},
    {"MiB", UINT64_C(1) << 20},
    {"GiB", UINT64_C(1) << 30},
    {"TiB", UINT64_C(1) << 40},
    {NULL, 0},
};

static const struct unit duration_units[] = {
    {"", 1000},     {"ms", 1},       {"s", 1000}, {"m", 60000},
    {"h", 3600000}, {"d", 86400000}, {NULL, 0},
};

static bool
is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Reads at least one digit and moves *text behind the last. */
static bool
read_digits(const char **text, uint64_t max, uint64_t *out)
{
    const char *at = *text;
    uint64_t value = 0;

    if (!is_digit(*at))
        return false;
    for (; is_digit(*at); at++) {
        uint64_t digit = (uint64_t)(*at - '0');

        if (digit > max || value > (max - digit) / 10)
            return false;
        value = value * 10 + digit;
    }
    *text = at;
    *out = value;
    return true;
}

static bool
read_with_unit(const char *text, const struct unit *units, uint64_t *out)
{
    uint64_t value;

    if (!read_digits(&text, UINT64_MAX, &value))
        return false;
    for (; units->name != NULL; units++)
        if (strcmp(text, units->name) == 0)
            break;
    if (units->name == NULL || value > UINT64_MAX / units->factor)
        return false;
    *out = value * units->factor;
    return true;
}

/* Reads a field of exactly count digits. */
static bool
read_field(const char **text, int count, int *out)
{
    int value = 0;

    for (int i = 0; i < count; i++, (*text)++) {
        if (!is_digit(**text))
            return false;
        value = value * 10 + (**text - '0');
    }
    *out = value;
    return true;
}

static bool
read_byte(const char **text, char byte)
{
    if (**text != byte)
        return false;
    (*text)++;
    return true;
}

/* ".123456": what follows the milliseconds is dropped. */
static bool
read_fraction(const char **text, int *ms)
{
    int factor = 100;

    *ms = 0;
    if (!read_byte(text, '.'))
        return true;
    if (!is_digit(**text))
        return false;
    for (; is_digit(**text); (*text)++, factor /= 10)
        *ms += (**text - '0') * factor;
    return true;
}

static bool
read_date_and_time(const char **text, struct tm *tm)
{
    return read_field(text, 4, &tm->tm_year) && read_byte(text, '-') &&
           read_field(text, 2, &tm->tm_mon) && read_byte(text, '-') &&
           read_field(text, 2, &tm->tm_mday) && read_byte(text, 'T') &&
           read_field(text, 2, &tm->tm_hour) && read_byte(text, ':') &&
           read_field(text, 2, &tm->tm_min) && read_byte(text, ':') &&
           read_field(text, 2, &tm->tm_sec);
}

char *
text_format(const char *format, ...)
{
    va_list arguments;
    char *text;
    int length;

    va_start(arguments, format);
    length = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    if (length < 0)
        return memory_dup("");
    text = memory_new((size_t)length + 1);
    va_start(arguments, format);
    vsnprintf(text, (size_t)length + 1, format, arguments);
    va_end(arguments);
    return text;
}

bool
text_number(const char *text, uint64_t max, uint64_t *out)
{
    uint64_t value;

    if (!read_digits(&text, max, &value) || *text != '\0')
        return false;
    *out = value;
    return true;
}

bool
text_size(const char *text, uint64_t *bytes)
{
    return read_with_unit(text, size_units, bytes);
}

bool
text_duration(const char *text, uint64_t *ms)
{
    return read_with_unit(text, duration_units, ms);
}

bool
text_time(const char *text, int64_t *ms)
{
    struct tm tm = {0}, same;
    time_t seconds;
    int fraction_ms;

    if (!read_date_and_time(&text, &tm) ||
        !read_fraction(&text, &fraction_ms) || strcmp(text, "Z") != 0)
        return false;
    if (tm.tm_hour > 23 || tm.tm_min > 59 || tm.tm_sec > 59)
        return false;
    tm.tm_year -= 1900;
    tm.tm_mon -= 1;
    same = tm;
    seconds = timegm(&same);
    /* timegm makes 2 March of 30 February: such a day there is not. */
    if (same.tm_mday != tm.tm_mday || same.tm_mon != tm.tm_mon)
        return false;
    *ms = (int64_t)seconds * 1000 + fraction_ms;
    return true;
}

void
text_write_time(char out[TEXT_TIME_SIZE], int64_t ms)
{
    int64_t rest = ms % 1000;
    time_t seconds;
    struct tm tm;
    size_t length;

    if (rest < 0)
        rest += 1000;
    seconds = (time_t)((ms - rest) / 1000);
    if (gmtime_r(&seconds, &tm) == NULL || tm.tm_year > 8099) {
        snprintf(out, TEXT_TIME_SIZE, "%s", "9999-12-31T23:59:59Z");
        return;
    }
    length = strftime(out, TEXT_TIME_SIZE, "%Y-%m-%dT%H:%M:%S", &tm);
    if (rest != 0)
        snprintf(out + length, TEXT_TIME_SIZE - length, ".%03uZ",
                 (unsigned)rest);
    else
        snprintf(out + length, TEXT_TIME_SIZE - length, "Z");
}

void
text_write_size(char out[TEXT_WORDS_SIZE], uint64_t bytes)
{
    static const char *const units[] = {"B",   "KiB", "MiB", "GiB",
                                        "TiB", "PiB", "EiB"};
    double value = (double)bytes;
    size_t i = 0;

    /* What would be rounded to 1024 belongs to the next unit. */
    for (; value >= 1023.5; i++)
        value /= 1024;
    snprintf(out, TEXT_WORDS_SIZE, "%.*f %s", i > 0 && value < 9.95 ? 1 : 0,
             value, units[i]);
}

/* "2 min 5 s"; the second part only if not zero. */
static void
write_two(char *out, uint64_t count, uint64_t per, const char *big,
          const char *small)
{
    char rest[TEXT_WORDS_SIZE] = "";

    if (count % per != 0)
        snprintf(rest, sizeof rest, " %u %s", (unsigned)(count % per), small);
    snprintf(out, TEXT_WORDS_SIZE, "%llu %s%s",
             (unsigned long long)(count / per), big, rest);
}

void
text_write_duration(char out[TEXT_WORDS_SIZE], uint64_t ms)
{
    uint64_t seconds = ms / 1000 + (ms % 1000 >= 500);
    uint64_t minutes = seconds / 60 + (seconds % 60 >= 30);
    uint64_t hours = minutes / 60 + (minutes % 60 >= 30);

    if (ms < 1000)
        snprintf(out, TEXT_WORDS_SIZE, "%u ms", (unsigned)ms);
    else if (ms < 9950)
        snprintf(out, TEXT_WORDS_SIZE, "%.1f s", (double)ms / 1000);
    else if (seconds < 60)
        snprintf(out, TEXT_WORDS_SIZE, "%u s", (unsigned)seconds);
    else if (seconds < 3600)
        write_two(out, seconds, 60, "min", "s");
    else if (minutes < 24 * 60)
        write_two(out, minutes, 60, "h", "min");
    else
        write_two(out, hours, 24, "d", "h");
}

char *
text_quote(char *out, size_t size, const void *bytes, size_t count)
{
    const unsigned char *from = bytes;
    size_t used = 0, safe = 0; /* safe: up to where "..." still fits */

    if (size == 0)
        return out;
    for (size_t i = 0; i < count; i++) {
        bool plain = from[i] >= ' ' && from[i] < 0x7f;
        size_t need = plain ? 1 : 4;

        if (used + need + 1 > size) {
            snprintf(out + safe, size - safe, "...");
            return out;
        }
        if (plain)
            out[used] = (char)from[i];
        else
            snprintf(out + used, size - used, "\\x%02x", from[i]);
        used += need;
        if (used + 4 <= size)
            safe = used;
    }
    out[used] = '\0';
    return out;
}

bool
text_has_suffix(const char *text, const char *suffix)
{
    size_t n = strlen(text), m = strlen(suffix);

    return n > m && strcmp(text + n - m, suffix) == 0;
}

/* Bytes that a terminal obeys; in UTF-8 c2 80 to c2 9f are such too. */
static bool
has_control(const char *text)
{
    for (const unsigned char *p = (const unsigned char *)text; *p != 0; p++)
        if (*p < ' ' || *p == 0x7f || (*p == 0xc2 && p[1] < 0xa0))
            return true;
    return false;
}

/* As bash, zsh and ksh take it: it can be shown and pasted. */
static char *
escaped_word(const char *text)
{
    char *out = memory_new(4 * strlen(text) + 4), *at = stpcpy(out, "$'");

    for (const unsigned char *p = (const unsigned char *)text; *p != 0; p++)
        if (*p < ' ' || *p >= 0x7f || *p == '\'' || *p == '\\')
            at += sprintf(at, "\\%03o", *p);
        else
            *at++ = (char)*p;
    *at = '\'';
    return out;
}

char *
text_shell_word(const char *text)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyz"
                                "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                "0123456789_-./+:@%,";
    char *out, *at;

    if (text[0] != '\0' && text[strspn(text, plain)] == '\0')
        return memory_dup(text);
    if (has_control(text))
        return escaped_word(text);
    at = out = memory_new(4 * strlen(text) + 3);
    *at++ = '\'';
    for (; *text != '\0'; text++) {
        if (*text != '\'')
            *at++ = *text;
        else
            at = stpcpy(at, "'\\''");
    }
    *at = '\'';
    return out;
}

bool
text_is_name(const char *name)
{
    return name[0] != '\0' && strcmp(name, ".") != 0 &&
           strcmp(name, "..") != 0 && strchr(name, '/') == NULL;
}
