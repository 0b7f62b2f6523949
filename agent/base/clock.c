#include "base/clock.h"

#include <time.h>

static int64_t
read_ms(clockid_t id)
{
    struct timespec now;

    /* Cannot fail: both clocks always exist on Linux. */
    clock_gettime(id, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int64_t
clock_wall_ms(void)
{
    return read_ms(CLOCK_REALTIME);
}

uint64_t
clock_steady_ms(void)
{
    return (uint64_t)read_ms(CLOCK_MONOTONIC);
}
