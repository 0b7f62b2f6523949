/*
 * A schedule that is read comes: later than the moment before it, on the
 * minute, and at the same moment wherever one asks from in between. The first
 * bytes are that moment and the zone.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/memory.h"
#include "config/schedule.h"

enum { HEAD_BYTES = 5, ROUNDS = 4 };

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void
set_zone(unsigned number)
{
    static const char *const zones[] = {"UTC", "Europe/Berlin",
                                        "Australia/Lord_Howe",
                                        "America/Sao_Paulo", "Pacific/Apia"};

    setenv("TZ", zones[number % (sizeof zones / sizeof *zones)], 1);
    tzset();
}

static void
follow(const struct schedule *s, int64_t after)
{
    for (int i = 0; i < ROUNDS; i++) {
        int64_t next = schedule_next(s, after);

        if (s->kind != SCHEDULE_CRON) {
            if (next !=
                (s->kind == SCHEDULE_EVERY ? after + (int64_t)s->every_ms : -1))
                abort();
            return;
        }
        if (next <= after || next % 60000 != 0 ||
            schedule_next(s, after + (next - after) / 2) != next ||
            schedule_next(s, next - 1000) != next)
            abort();
        after = next;
    }
    if (schedule_interval_ms(s) == 0)
        abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct schedule s;
    struct error e = {0};
    uint32_t seconds;
    char *text;

    if (size < HEAD_BYTES)
        return 0;
    memcpy(&seconds, bytes, sizeof seconds);
    set_zone(bytes[4]);
    text = memory_copy(bytes + HEAD_BYTES, size - HEAD_BYTES);
    if (schedule_read(&s, text, &e) == 0)
        follow(&s, (int64_t)seconds * 1000);
    else if (e.kind != ERROR_USAGE || e.text[0] == '\0')
        abort();
    free(text);
    return 0;
}
