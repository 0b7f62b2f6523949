#include "jobs/growth.h"

#include <stdlib.h>

#include "base/memory.h"

#define DAY_MS (24 * 3600 * INT64_C(1000))

/* 1 % that it is chance, in units of the standard deviation, squared. */
static const double CHANCE = 2.576 * 2.576;

/* What grows by less of what is used is steady; and so is what goes up and down
 * by less. */
static const double RISE_MIN = 0.01, WAVE_MAX = 0.05;

static const char *const names[] = {
    [GROWTH_UNKNOWN] = "unknown", [GROWTH_UNCLEAR] = "unclear",
    [GROWTH_STEADY] = "steady",   [GROWTH_GROWS] = "grows",
    [GROWTH_SHRINKS] = "shrinks",
};

static int
compare(const void *a, const void *b)
{
    const double *x = a, *y = b;

    return (*x > *y) - (*x < *y);
}

static double
find_middle(double *numbers, size_t n)
{
    qsort(numbers, n, sizeof *numbers, compare);
    return n % 2 == 1 ? numbers[n / 2]
                      : (numbers[n / 2 - 1] + numbers[n / 2]) / 2;
}

/* The slope in bytes a ms; balance: pairs that rise less those that fall. */
static double
find_slope(const struct growth_point *points, size_t count, double *balance)
{
    double *slopes = memory_new(count * count / 2 * sizeof *slopes), slope = 0;
    size_t n = 0;

    *balance = 0;
    for (size_t i = 0; i < count; i++)
        for (size_t k = i + 1; k < count; k++) {
            double rise = (double)(points[k].bytes - points[i].bytes);

            if (points[k].at_ms == points[i].at_ms)
                continue;
            slopes[n++] = rise / (double)(points[k].at_ms - points[i].at_ms);
            *balance += rise > 0 ? 1 : rise < 0 ? -1 : 0;
        }
    if (n > 0)
        slope = find_middle(slopes, n);
    free(slopes);
    return slope;
}

/* How far points usually are from a line of that slope. */
static double
find_wave(const struct growth_point *points, size_t count, double slope,
          double *usual)
{
    double *all = memory_new(count * sizeof *all), middle, wave;

    for (size_t i = 0; i < count; i++)
        all[i] = (double)points[i].bytes;
    *usual = find_middle(all, count);
    for (size_t i = 0; i < count; i++)
        all[i] = (double)points[i].bytes -
                 slope * (double)(points[i].at_ms - points[0].at_ms);
    middle = find_middle(all, count);
    for (size_t i = 0; i < count; i++)
        all[i] = all[i] < middle ? middle - all[i] : all[i] - middle;
    wave = find_middle(all, count);
    free(all);
    return wave;
}

static double
find_range(const struct growth_point *points, size_t count)
{
    int64_t least = points[0].bytes, most = least;

    for (size_t i = 1; i < count; i++) {
        least = points[i].bytes < least ? points[i].bytes : least;
        most = points[i].bytes > most ? points[i].bytes : most;
    }
    return (double)(most - least);
}

void
growth_judge(struct growth *g, const struct growth_point *points, size_t count)
{
    double slope, balance, usual, wave, rise, n = (double)count;

    *g = (struct growth){.points = count, .from_ms = -1, .to_ms = -1};
    if (count > 0) {
        g->from_ms = points[0].at_ms;
        g->to_ms = points[count - 1].at_ms;
    }
    if (count < GROWTH_POINTS_MIN || g->to_ms - g->from_ms < GROWTH_SPAN_MIN_MS)
        return;
    slope = find_slope(points, count, &balance);
    wave = find_wave(points, count, slope, &usual);
    rise = slope * (double)(g->to_ms - g->from_ms);
    rise = rise < 0 ? -rise : rise;
    /* The variance of the balance where all orders are alike (Kendall). */
    if (balance * balance > CHANCE * n * (n - 1) * (2 * n + 5) / 18 &&
        rise > RISE_MIN * usual && rise > 2 * wave) {
        g->verdict = slope > 0 ? GROWTH_GROWS : GROWTH_SHRINKS;
        g->bytes_per_day = slope * (double)DAY_MS;
        return;
    }
    g->verdict = find_range(points, count) <= WAVE_MAX * usual ? GROWTH_STEADY
                                                               : GROWTH_UNCLEAR;
}

static bool
counts(const struct catalog_item *item, int64_t now_ms)
{
    const struct catalog_entry *entry = &item->entry;

    return item->broken.kind == ERROR_NONE && entry->server.known &&
           entry->server.used_memory > 0 && entry->started_ms <= now_ms &&
           entry->started_ms > now_ms - GROWTH_DAYS * DAY_MS;
}

static int
compare_times(const void *a, const void *b)
{
    const struct growth_point *x = a, *y = b;

    return (x->at_ms > y->at_ms) - (x->at_ms < y->at_ms);
}

/* Every so-manieth, and the last. */
static size_t
thin_out(struct growth_point *points, size_t count)
{
    size_t step = (count + GROWTH_POINTS_MAX - 2) / (GROWTH_POINTS_MAX - 1);
    size_t n = 0;

    if (count <= GROWTH_POINTS_MAX)
        return count;
    for (size_t i = 0; i + 1 < count; i += step)
        points[n++] = points[i];
    points[n++] = points[count - 1];
    return n;
}

void
growth_of_catalog(struct growth *g, const struct catalog *c, int64_t now_ms,
                  int64_t used)
{
    struct growth_point *points = memory_new((c->count + 1) * sizeof *points);
    size_t n = 0;

    for (size_t i = 0; i < c->count; i++)
        if (counts(&c->items[i], now_ms))
            points[n++] = (struct growth_point){
                c->items[i].entry.started_ms,
                c->items[i].entry.server.used_memory,
            };
    qsort(points, n, sizeof *points, compare_times);
    if (used >= 0)
        points[n++] = (struct growth_point){now_ms, used};
    growth_judge(g, points, thin_out(points, n));
    free(points);
}

int64_t
growth_full_in_ms(const struct growth *g, int64_t used, int64_t limit)
{
    double left = (double)limit - (double)used, ms;

    if (g->verdict != GROWTH_GROWS || limit <= 0 || used < 0)
        return -1;
    if (left <= 0)
        return 0;
    ms = left / g->bytes_per_day * (double)DAY_MS;
    return ms > GROWTH_AHEAD * (double)(g->to_ms - g->from_ms) ? -1
                                                               : (int64_t)ms;
}

const char *
growth_name(enum growth_verdict verdict)
{
    return names[verdict];
}
