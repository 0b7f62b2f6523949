/*
 * status_row.h - one row of the screen, put together piece by piece.
 */
#ifndef TOOLS_STATUS_ROW_H
#define TOOLS_STATUS_ROW_H

#include <stddef.h>
#include <stdint.h>

enum { STATUS_ROW_LABEL = 12, STATUS_ROW_SIZE = 1024 };

/* Starts zeroed, or with a label. What does not fit is left out. */
struct status_row {
    char text[STATUS_ROW_SIZE];
    size_t size;
};

void status_row_begin(struct status_row *r, const char *label);
void status_row_add(struct status_row *r, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* "just now", "10 min ago", "in 50 min"; "2026-11-20 11:30:00 UTC". */
void status_row_add_when(struct status_row *r, int64_t ms, int64_t now_ms);
void status_row_add_time(struct status_row *r, int64_t ms);

/* On standard output; further lines begin below the text, not the label. */
void status_row_print(const struct status_row *r);

#endif
