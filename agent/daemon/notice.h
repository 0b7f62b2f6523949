/*
 * notice.h - what happened, told once: kept in a history of bounded size, and
 * handed to whoever listens (the hooks). Log lines are the tellers' own.
 *
 * Events: "connection" (details from, to), "restart" (of the server), "job"
 * (details of the run), "reload", "watch", "repository" (ok),
 * "dependency", "counters" (of a set: status), "alarm_raised", "alarm_cleared".
 */
#ifndef DAEMON_NOTICE_H
#define DAEMON_NOTICE_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

enum { NOTICE_HISTORY = 100, NOTICE_TEXT_MAX = 480 };

struct notice {
    int64_t time_ms;
    char event[24];
    char text[NOTICE_TEXT_MAX];
    json_t *details; /* an object, or NULL; owned */
};

/* What is told is borrowed for the call. */
typedef void notice_listener(void *context, const struct notice *n);

struct notices; /* opaque: ring of the last NOTICE_HISTORY, one listener */

struct notices *notice_new(void);
void notice_listen(struct notices *all, notice_listener *listener,
                   void *context);

/* Keeps and hands on. details (may be NULL) is taken over. */
void notice_tell(struct notices *all, int64_t now_ms, const char *event,
                 json_t *details, const char *format, ...)
    __attribute__((format(printf, 5, 6)));

/* How many were told and read back: whether there is anything new. */
size_t notice_count(const struct notices *all);

/*
 * The history as a JSON array, oldest first, each
 * {"time","event","text",...details}; caller's. And back, before what was told
 * by now; what is not of that form is left out.
 */
json_t *notice_write(const struct notices *all);
void notice_read(struct notices *all, const json_t *history);

void notice_free(struct notices *all); /* accepts NULL */

#endif
