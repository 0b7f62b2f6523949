/*
 * http_head.h - how large the head of a request may be, request line and
 * headers, its version, and bytes it may not hold, looked at as they come in.
 *
 * 1.0 and 1.1 only: evhttp answers in whatever version it was asked, be it 0.9,
 * 1.77 or -1.1.
 */
#ifndef DAEMON_HTTP_HEAD_H
#define DAEMON_HTTP_HEAD_H

#include <stdbool.h>
#include <stddef.h>

enum {
    HTTP_HEAD_LINE_MAX = 4096, /* the request line */
    HTTP_HEAD_MAX = 16 * 1024,
    HTTP_HEAD_LINES_MAX = 1000, /* each header costs far more than its bytes */
};

/* Begins as zeros. */
struct http_head {
    size_t bytes, line_bytes; /* of all, and of the line that is on */
    unsigned lines;           /* that have ended */
    char version[9];          /* the last bytes of the request line */
    bool carriage_return;     /* was the last byte */
    bool done;                /* the empty line was there */
    int refusal;              /* 400, 414 or 431; 0: none */
};

/* Takes the next bytes; what follows the head is left alone. */
void http_head_take(struct http_head *head, const char *bytes, size_t count);

#endif
