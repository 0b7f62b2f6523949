#include "base/log.h"

#include <poll.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/text.h"

/* A longer line is cut; escaping can make each byte four. */
enum { LINE_MAX_BYTES = 2048, HEAD_MAX_BYTES = TEXT_TIME_SIZE + 16 };

static enum log_level wanted = LOG_LEVEL_INFO;
static bool waits = true;
static unsigned long left_out; /* lines, since the last that was written */

static const char *const level_names[] = {
    [LOG_LEVEL_ERROR] = "error",
    [LOG_LEVEL_WARNING] = "warning",
    [LOG_LEVEL_INFO] = "info",
    [LOG_LEVEL_DEBUG] = "debug",
};

/* Bytes above 127 stay: names in UTF-8 are to be read. */
static size_t
escape(char *out, const char *text)
{
    static const char digits[] = "0123456789abcdef";
    char *to = out;

    for (; *text != '\0'; text++) {
        unsigned char c = (unsigned char)*text;

        if (c >= ' ' && c != 0x7f) {
            *to++ = (char)c;
            continue;
        }
        *to++ = '\\';
        *to++ = 'x';
        *to++ = digits[c >> 4];
        *to++ = digits[c & 15];
    }
    return (size_t)(to - out);
}

void
log_set_level(enum log_level level)
{
    wanted = level;
}

/* Whether lines of this level are written. */
static int
is_wanted(enum log_level level)
{
    return level <= wanted;
}

void
log_never_wait(void)
{
    waits = false;
}

/* Whether a line can be written now; how many could not is told then. */
static bool
is_heard(void)
{
    struct pollfd out = {.fd = STDERR_FILENO, .events = POLLOUT};

    if (waits)
        return true;
    if (poll(&out, 1, 0) == 0) {
        left_out++;
        return false;
    }
    if (left_out > 0)
        fprintf(stderr, "%lu lines are missing here: nobody read them\n",
                left_out);
    left_out = 0;
    return true;
}

void
log_line(enum log_level level, const char *format, ...)
{
    char text[LINE_MAX_BYTES];
    char line[HEAD_MAX_BYTES + 4 * LINE_MAX_BYTES + 1];
    char now[TEXT_TIME_SIZE];
    va_list arguments;
    size_t length;

    if (!is_wanted(level) || !is_heard())
        return;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    text_write_time(now, clock_wall_ms());
    snprintf(line, HEAD_MAX_BYTES, "%s %s ", now, level_names[level]);
    length = strlen(line);
    length += escape(line + length, text);
    line[length++] = '\n';
    /* One call, so that lines of several processes do not mix. */
    fwrite(line, 1, length, stderr);
}
