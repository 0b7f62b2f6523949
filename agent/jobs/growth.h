/*
 * growth.h - whether a server's memory grows, and how fast: a line through what
 * it used when each snapshot was taken.
 *
 * The line is robust (its slope is the median of all pairs', Theil and Sen), and
 * nothing is told from noise: growth counts only where it is unlikely to be
 * chance (Mann and Kendall, 1 %), more than a hundredth of what is used, and more
 * than the ups and downs beside the line.
 */
#ifndef JOBS_GROWTH_H
#define JOBS_GROWTH_H

#include <stddef.h>
#include <stdint.h>

#include "repo/catalog.h"

/* The fewest that tell anything; more than the most are thinned out. */
enum { GROWTH_POINTS_MIN = 6, GROWTH_POINTS_MAX = 256 };

/* So far back it looks, and so long it must have looked. */
enum { GROWTH_DAYS = 7, GROWTH_SPAN_MIN_MS = 3600 * 1000 };

/* No line is drawn on for longer than so many times what was seen. */
enum { GROWTH_AHEAD = 10 };

struct growth_point {
    int64_t at_ms, bytes;
};

enum growth_verdict {
    GROWTH_UNKNOWN, /* too few, or over too short a time */
    GROWTH_UNCLEAR, /* it goes up and down */
    GROWTH_STEADY,
    GROWTH_GROWS,
    GROWTH_SHRINKS,
};

struct growth {
    enum growth_verdict verdict;
    size_t points;
    int64_t from_ms, to_ms; /* the first and last; -1: there are none */
    double bytes_per_day;   /* where it grows or shrinks; else 0 */
};

/* Judges points in the order of their times. */
void growth_judge(struct growth *g, const struct growth_point *points,
                  size_t count);

/*
 * The same of what the entries of the last days tell, of those before now, and
 * of now itself where used is not negative.
 */
void growth_of_catalog(struct growth *g, const struct catalog *c,
                       int64_t now_ms, int64_t used);

/*
 * How long until used becomes limit, if it goes on so; -1: it does not, or there
 * is no limit, or that is farther away than is told by what was seen.
 */
int64_t growth_full_in_ms(const struct growth *g, int64_t used, int64_t limit);

/* "unknown", "unclear", "steady", "grows", "shrinks". */
const char *growth_name(enum growth_verdict verdict);

#endif
