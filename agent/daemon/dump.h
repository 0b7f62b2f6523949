/*
 * dump.h - judges a new dump.rdb ("redkeep check" in a child). One at a time;
 * of several new ones in that time the last is judged.
 */
#ifndef DAEMON_DUMP_H
#define DAEMON_DUMP_H

#include "config/config.h"

struct event_base;
struct dump;

/* problem: one sentence, "" if it is sound, NULL: it could not be judged. */
typedef void dump_judged(void *context, const char *problem);

/* Borrows all. */
struct dump *dump_new(struct event_base *base, const char *program,
                      dump_judged *judged, void *context);

/* Judges the file at path (copied), within the limits of [jobs] (read now). */
void dump_judge(struct dump *d, const char *path, const struct config *c);

void dump_free(struct dump *d); /* accepts NULL */

#endif
