/*
 * metrics_text.h - Prometheus' text format 0.0.4: families and their samples.
 */
#ifndef DAEMON_METRICS_TEXT_H
#define DAEMON_METRICS_TEXT_H

#include <stddef.h>

struct evbuffer;

/* Type is a counter where the name ends in _total, else a gauge. */
void metrics_text_family(struct evbuffer *out, const char *name,
                         const char *help);

/* labels: name and value by turns, NULL-terminated; may be NULL. */
void metrics_text_sample(struct evbuffer *out, const char *name,
                         const char *const *labels, double value);

/* Family and its only sample; a value that is not known (NAN) is left out. */
void metrics_text_single(struct evbuffer *out, const char *name, double value,
                         const char *help);

#endif
