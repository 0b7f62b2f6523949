#include "daemon/alarm_window.h"

/* Index of the newest slot; value is in it unless it is younger than a step. */
static unsigned
put(struct alarm_window *w, int64_t now_ms, uint64_t span_ms, double value)
{
    unsigned newest = (w->first + w->count - 1) % ALARM_WINDOW_SLOTS;
    int64_t age_ms = w->count > 0 ? now_ms - w->slots[newest].time_ms : 0;

    if (age_ms < 0)
        w->count = 0;
    else if (w->count > 0 && age_ms < (int64_t)(span_ms / ALARM_WINDOW_STEPS))
        return newest;
    if (w->count == ALARM_WINDOW_SLOTS) {
        w->first = (w->first + 1) % ALARM_WINDOW_SLOTS;
        w->count--;
    }
    newest = (w->first + w->count++) % ALARM_WINDOW_SLOTS;
    w->slots[newest].time_ms = now_ms;
    w->slots[newest].value = value;
    return newest;
}

void
alarm_window_count(struct alarm_window *w, int64_t now_ms, uint64_t span_ms,
                   double counter)
{
    if (w->begun)
        w->total += counter >= w->last ? counter - w->last : counter;
    w->begun = true;
    w->last = counter;
    put(w, now_ms, span_ms, w->total);
}

double
alarm_window_rise(const struct alarm_window *w, int64_t now_ms,
                  uint64_t span_ms, bool *whole)
{
    double before = w->total;

    *whole = false;
    for (unsigned i = w->count; i-- > 0 && !*whole;) {
        unsigned slot = (w->first + i) % ALARM_WINDOW_SLOTS;

        before = w->slots[slot].value;
        *whole = now_ms - w->slots[slot].time_ms >= (int64_t)span_ms;
    }
    return w->total - before;
}

void
alarm_window_put(struct alarm_window *w, int64_t now_ms, uint64_t span_ms,
                 double value)
{
    unsigned newest = put(w, now_ms, span_ms, value);

    if (value > w->slots[newest].value)
        w->slots[newest].value = value;
}

double
alarm_window_peak(const struct alarm_window *w, int64_t now_ms,
                  uint64_t span_ms)
{
    double peak = 0;

    for (unsigned i = 0; i < w->count; i++) {
        unsigned slot = (w->first + i) % ALARM_WINDOW_SLOTS;

        if (now_ms - w->slots[slot].time_ms <= (int64_t)span_ms &&
            w->slots[slot].value > peak)
            peak = w->slots[slot].value;
    }
    return peak;
}
