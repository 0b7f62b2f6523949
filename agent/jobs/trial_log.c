/*
 * Lines are "PID:ROLE DAY MONTH YEAR TIME LEVEL text", LEVEL one of . - * #
 * (debug, verbose, notice, warning); what comes before the log begins has no
 * such head. The texts are those of redis 6.0 to 8.0 and valkey 8.1 to 9.1
 * (rdb.c, aof.c, server.c, config.c).
 */
#include "jobs/trial_log.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

enum { HEAD_WORDS = 5 };

/* Said by those that load less than there is, and go on. */
static const char *const losses[] = {
    "Truncating the AOF", "truncated AOF", "loaded anyway",
    "Revert incomplete",  "short read",    "CRITICAL",
};

static const char *const hungers[] = {
    "Out Of Memory",
    "OUT OF MEMORY",
    "out of memory",
    "annot allocate memory",
};

/* About the host and our settings; and that it begins at all. */
static const char *const noises[] = {
    "WARNING",
    "Warning",
    "oO0Oo",
    "Redis version",
    "Server initialized",
    "Redis is starting",
    "Valkey version",
    "Configuration loaded",
    "Current maximum open files",
};

static bool
has_any(const char *text, const char *const *words, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (strstr(text, words[i]) != NULL)
            return true;
    return false;
}

#define HAS_ANY(text, words) \
    has_any((text), (words), sizeof(words) / sizeof *(words))

/* The text behind the head, and whether it is a warning. */
static const char *
find_text(const char *line, bool *warning)
{
    const char *at = line;

    *warning = true;
    if (!isdigit((unsigned char)*at) || strchr(at, ':') == NULL)
        return line;
    for (int i = 0; i < HEAD_WORDS; i++) {
        at = strchr(at, ' ');
        if (at == NULL)
            return line;
        at++;
    }
    *warning = *at == '#';
    return at[0] != '\0' && at[1] == ' ' ? at + 2 : line;
}

/* The first says what is wrong, the second what comes of it. */
static void
keep_words(struct trial_log *log, const char *text)
{
    char shown[TRIAL_LOG_LINE_SIZE];
    size_t used = strlen(log->words);

    if (log->warnings++ >= 2)
        return;
    text_quote(shown, sizeof shown, text, strlen(text));
    snprintf(log->words + used, sizeof log->words - used, "%s%s",
             used > 0 ? "; " : "", shown);
}

static void
end_line(struct trial_log *log)
{
    static const char skipped[] = "empty keys skipped: ";
    const char *text, *number;
    bool warning;

    log->line[log->used] = '\0';
    while (log->used > 0 && isspace((unsigned char)log->line[log->used - 1]))
        log->line[--log->used] = '\0';
    log->used = 0;
    text = find_text(log->line, &warning);
    if (*text == '\0')
        return;
    number = strstr(text, skipped);
    if (number != NULL)
        log->empty_keys += strtoull(number + strlen(skipped), NULL, 10);
    log->mistaken = log->mistaken || strstr(text, "FATAL CONFIG") != NULL;
    log->starved = log->starved || (warning && HAS_ANY(text, hungers));
    if (HAS_ANY(text, losses)) {
        log->lossy = true;
        warning = true;
    }
    if (warning && !HAS_ANY(text, noises))
        keep_words(log, text);
}

void
trial_log_take(struct trial_log *log, const char *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if (bytes[i] == '\n')
            end_line(log);
        else if (bytes[i] != '\0' && log->used < sizeof log->line - 1)
            log->line[log->used++] = bytes[i];
}

void
trial_log_end(struct trial_log *log)
{
    if (log->used > 0)
        end_line(log);
}
