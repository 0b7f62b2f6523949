#include "meter.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/text.h"
#include "screen.h"

enum { DRAW_EVERY_MS = 100, SHOW_AFTER_MS = 300 };
enum { BAR_WIDTH = 24, NAME_WIDTH = 24 };

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

/* Files of one folder differ at the end of their paths. */
static const char *
end_of(const char *what, size_t width)
{
    size_t size = strlen(what);

    if (size <= width)
        return what;
    what += size - width;
    while (((unsigned char)*what & 0xc0) == 0x80) /* within a letter */
        what++;
    return what;
}

static void
add_rate(char *line, size_t size, uint64_t done, uint64_t total,
         uint64_t took_ms)
{
    char rate[TEXT_WORDS_SIZE], left[TEXT_WORDS_SIZE];
    size_t used = strlen(line);

    text_write_size(rate, took_ms > 0 ? done * 1000 / took_ms : 0);
    write_left(left, (uint64_t)((double)took_ms * (double)(total - done) /
                                (double)done));
    snprintf(line + used, size - used, "  %s/s, %s left", rate, left);
}

static void
draw(const char *what, uint64_t done, uint64_t total, uint64_t now)
{
    char bar[BAR_WIDTH + 1], line[256];
    unsigned filled;

    if (total == 0) {
        snprintf(line, sizeof line, "%s ...", what);
    } else {
        if (done > total)
            done = total;
        filled = (unsigned)((double)done / (double)total * BAR_WIDTH);
        memset(bar, '.', BAR_WIDTH);
        memset(bar, '#', filled);
        bar[BAR_WIDTH] = '\0';
        snprintf(line, sizeof line, "%s [%s] %3u%%", end_of(what, NAME_WIDTH),
                 bar, (unsigned)((double)done / (double)total * 100));
        if (total > 100 && done > 0) /* of percents there is no rate */
            add_rate(line, sizeof line, done, total, now - meter.begun_ms);
    }
    fprintf(stderr, "\r\033[K%.*s", (int)screen_columns(stderr) - 1,
            screen_tame(line));
    fflush(stderr);
    meter.drawn = true;
    meter.drawn_ms = now;
}

static void
tell(void *context, const char *what, uint64_t done, uint64_t total)
{
    uint64_t now = clock_steady_ms();

    (void)context;
    what = end_of(what, sizeof meter.what - 1);
    if (strcmp(what, meter.what) != 0) {
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
