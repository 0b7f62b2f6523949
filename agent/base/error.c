#include "base/error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* What to do about an errno, where the system's own text does not say. */
static const char *
advice(int number)
{
    if (number == ENOSPC || number == EDQUOT)
        return "; make room there and try again";
    if (number == EACCES)
        return "; run as its owner or as root";
    return "";
}

static void format_text(struct error *e, const char *format, va_list arguments)
    __attribute__((format(printf, 2, 0)));

/* The arguments may point into e->text, hence the second buffer. */
static void
format_text(struct error *e, const char *format, va_list arguments)
{
    char text[sizeof e->text];

    vsnprintf(text, sizeof text, format, arguments);
    memcpy(e->text, text, sizeof text);
}

static void
append(struct error *e, const char *more)
{
    size_t length = strlen(e->text);

    snprintf(e->text + length, sizeof e->text - length, "%s", more);
}

int
error_set(struct error *e, enum error_kind kind, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    format_text(e, format, arguments);
    va_end(arguments);
    e->kind = kind;
    return -1;
}

int
error_sys(struct error *e, const char *format, ...)
{
    int number = errno;
    va_list arguments;

    va_start(arguments, format);
    format_text(e, format, arguments);
    va_end(arguments);
    append(e, ": ");
    append(e, strerror(number));
    append(e, advice(number));
    e->kind = number == ENOENT ? ERROR_ABSENT : ERROR_FAILED;
    errno = number;
    return -1;
}

int
error_in(struct error *e, const char *format, ...)
{
    char old[sizeof e->text];
    va_list arguments;

    memcpy(old, e->text, sizeof old);
    va_start(arguments, format);
    format_text(e, format, arguments);
    va_end(arguments);
    append(e, ": ");
    append(e, old);
    return -1;
}

int
error_exit_status(enum error_kind kind)
{
    switch (kind) {
    case ERROR_NONE:
        return 0;
    case ERROR_DAMAGED:
        return 1;
    case ERROR_USAGE:
        return 2;
    case ERROR_REFUSED:
        return 4;
    case ERROR_LOCKED:
        return 5;
    case ERROR_FAILED:
    case ERROR_ABSENT:
    case ERROR_CHANGED:
    case ERROR_DENIED:
    case ERROR_STOPPED:
        break;
    }
    return 3;
}
