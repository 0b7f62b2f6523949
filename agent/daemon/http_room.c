#include "daemon/http_room.h"

#include <sys/resource.h>

#include "base/log.h"

enum {
    OTHERS = 128, /* descriptors of all that is not HTTP, amply */
    EACH = 2,     /* one that is used, and one that lingers */
    LEAST = 8,
};

unsigned
http_room_find(unsigned wanted)
{
    const rlim_t needed = OTHERS + EACH * (rlim_t)wanted;
    struct rlimit limit;
    rlim_t room;

    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= needed)
        return wanted;
    limit.rlim_cur = needed < limit.rlim_max ? needed : limit.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur >= needed)
        return wanted;
    room = limit.rlim_cur > OTHERS ? (limit.rlim_cur - OTHERS) / EACH : 0;
    if (room < LEAST)
        room = LEAST;
    log_line(LOG_LEVEL_WARNING,
             "HTTP: the limit of open files (%llu) leaves room for %llu "
             "connections [http] max_connections=%u",
             (unsigned long long)limit.rlim_cur, (unsigned long long)room,
             wanted);
    return room < wanted ? (unsigned)room : wanted;
}
