/*
 * server_retry.h - when to try again.
 */
#ifndef DAEMON_SERVER_RETRY_H
#define DAEMON_SERVER_RETRY_H

#include <stdbool.h>
#include <stdint.h>

/* The delay of that number, from 0, in a list "1s,2s,4s"; the last repeats. */
uint64_t server_retry_delay_ms(const char *delays, unsigned number);

/* Up to percent of the delay besides; random is any number. */
uint64_t server_retry_jitter_ms(uint64_t delay_ms, uint64_t percent,
                                uint32_t random);

/* Whether the log tells of this attempt: 1 to 5, then every tenth. */
bool server_retry_is_told(unsigned attempt);

#endif
