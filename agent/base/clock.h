/*
 * clock.h - the clocks. Only programs and loops look at a clock; functions
 * that judge or name something take the time as a parameter.
 */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdint.h>

/* Milliseconds since 1970, UTC; may jump. */
int64_t clock_wall_ms(void);

/* Milliseconds since some moment; never goes back. */
uint64_t clock_steady_ms(void);

/* The same in microseconds, for what is short. */
uint64_t clock_steady_us(void);

/* Like clock_steady_ms, and it goes on while the machine sleeps. */
uint64_t clock_elapsed_ms(void);

#endif
