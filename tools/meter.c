#include "meter.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/text.h"
#include "screen.h"

enum { DRAW_EVERY_MS = 100, SHOW_AFTER_MS = 300, BAR_WIDTH = 24 };

/* What is drawn; the terminal is one, so is this. */
static struct {
    bool drawn;
    char what[48];
    uint64_t begun_ms, drawn_ms;
} meter;

/* Whole seconds, rounded up: it is a guess. */
static void
write_left(char out[TEXT_WORDS_SIZE], uint64_t ms)
{
    uint64_t seconds = (ms + 999) / 1000;

    if (seconds < 60)
        snprintf(out, TEXT_WORDS_SIZE, "%u s", (unsigned)seconds);
    else
        text_write_duration(out, seconds * 1000);
}

static void
draw(const char *what, uint64_t done, uint64_t total, uint64_t now)
{
    char bar[BAR_WIDTH + 1], rate[TEXT_WORDS_SIZE], left[TEXT_WORDS_SIZE];
    uint64_t took = now - meter.begun_ms;
    char line[256];
    unsigned filled;

    if (total == 0) {
        snprintf(line, sizeof line, "%.60s ...", what);
    } else {
        if (done > total)
            done = total;
        filled = (unsigned)((double)done / (double)total * BAR_WIDTH);
        memset(bar, '.', BAR_WIDTH);
        memset(bar, '#', filled);
        bar[BAR_WIDTH] = '\0';
        text_write_size(rate, took > 0 ? done * 1000 / took : 0);
        write_left(left, done > 0
                             ? (uint64_t)((double)took *
                                          (double)(total - done) / (double)done)
                             : 0);
        snprintf(line, sizeof line, "%.24s [%s] %3u%%", what, bar,
                 (unsigned)((double)done / (double)total * 100));
        if (total > 100) /* of percents there is no rate */
            snprintf(line + strlen(line), sizeof line - strlen(line),
                     "  %s/s, %s left", rate, left);
    }
    fprintf(stderr, "\r\033[K%.*s", (int)screen_columns(stderr) - 1, line);
    fflush(stderr);
    meter.drawn = true;
    meter.drawn_ms = now;
}

static void
tell(void *context, const char *what, uint64_t done, uint64_t total)
{
    uint64_t now = clock_steady_ms();

    (void)context;
    if (strncmp(what, meter.what, sizeof meter.what - 1) != 0) {
        snprintf(meter.what, sizeof meter.what, "%s", what);
        meter.begun_ms = now;
    }
    if (now - meter.begun_ms < SHOW_AFTER_MS ||
        now - meter.drawn_ms < DRAW_EVERY_MS)
        return;
    draw(what, done, total, now);
}

struct progress
meter_begin(bool wanted)
{
    struct progress none = {0};

    if (!wanted || !isatty(STDERR_FILENO))
        return none;
    return (struct progress){.tell = tell};
}

void
meter_end(void)
{
    if (meter.drawn)
        fputs("\r\033[K", stderr);
    meter.drawn = false;
}
