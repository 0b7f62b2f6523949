#include "daemon/timer.h"

#include <event2/event.h>

void
timer_set(struct event *timer, uint64_t ms)
{
    struct timeval after = {.tv_sec = (time_t)(ms / 1000),
                            .tv_usec = (suseconds_t)(ms % 1000 * 1000)};

    evtimer_add(timer, &after);
}

static void
note_late(evutil_socket_t fd, short what, void *late)
{
    (void)fd;
    (void)what;
    *(bool *)late = true;
}

void
timer_turn(struct event_base *base, uint64_t limit_ms,
           bool (*done)(const void *context), const void *context)
{
    bool late = false;
    struct event *limit = evtimer_new(base, note_late, &late);

    timer_set(limit, limit_ms);
    while (!late && !done(context))
        if (event_base_loop(base, EVLOOP_ONCE) != 0)
            break;
    event_free(limit);
}
