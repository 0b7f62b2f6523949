#include "status_row.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "screen.h"

void
status_row_begin(struct status_row *r, const char *label)
{
    r->size = 0;
    status_row_add(r, "%-*s", STATUS_ROW_LABEL, label);
}

void
status_row_add(struct status_row *r, const char *format, ...)
{
    va_list list;
    int n;

    va_start(list, format);
    n = vsnprintf(r->text + r->size, sizeof r->text - r->size, format, list);
    va_end(list);
    if (n > 0)
        r->size += (size_t)n;
    if (r->size >= sizeof r->text)
        r->size = sizeof r->text - 1;
}

void
status_row_add_when(struct status_row *r, int64_t ms, int64_t now_ms)
{
    char words[TEXT_WORDS_SIZE];
    bool past = ms <= now_ms;

    text_write_duration(words, (uint64_t)(past ? now_ms - ms : ms - now_ms));
    if (past && now_ms - ms < 1000)
        status_row_add(r, "just now");
    else if (past)
        status_row_add(r, "%s ago", words);
    else
        status_row_add(r, "in %s", words);
}

void
status_row_add_time(struct status_row *r, int64_t ms)
{
    char text[TEXT_TIME_SIZE];

    text_write_time(text, ms);
    text[strcspn(text, "T")] = ' ';
    text[strlen("2026-11-20 11:30:00")] = '\0';
    status_row_add(r, "%s UTC", text);
}

void
status_row_print(const struct status_row *r)
{
    screen_print(stdout, STATUS_ROW_LABEL, r->text);
}
