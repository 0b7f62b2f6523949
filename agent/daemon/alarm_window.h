/*
 * alarm_window.h - how a number moved in the last minutes or hours: a ring of
 * bounded size, whatever the span.
 */
#ifndef DAEMON_ALARM_WINDOW_H
#define DAEMON_ALARM_WINDOW_H

#include <stdbool.h>
#include <stdint.h>

enum {
    ALARM_WINDOW_SLOTS = 64,
    /* A span is this many steps; the ring has room for some more. */
    ALARM_WINDOW_STEPS = 48,
};

struct alarm_window {
    struct {
        int64_t time_ms;
        double value;
    } slots[ALARM_WINDOW_SLOTS];
    unsigned first, count;
    bool begun;
    double last;  /* of the counter, as it was told */
    double total; /* how much it has risen since the first */
};

/*
 * Notes a counter of somebody else: one that is smaller than before has begun
 * again at 0. A clock that goes back forgets what was.
 */
void alarm_window_count(struct alarm_window *w, int64_t now_ms,
                        uint64_t span_ms, double counter);

/* How much the counter rose within span; *whole: it was seen for so long. */
double alarm_window_rise(const struct alarm_window *w, int64_t now_ms,
                         uint64_t span_ms, bool *whole);

/* Notes a value that goes up and down, and the largest within span. */
void alarm_window_put(struct alarm_window *w, int64_t now_ms, uint64_t span_ms,
                      double value);
double alarm_window_peak(const struct alarm_window *w, int64_t now_ms,
                         uint64_t span_ms);

#endif
