/*
 * trial_log.h - what a server says on its standard output while it loads:
 * whether it cut or left out something, and why it does not go on.
 */
#ifndef JOBS_TRIAL_LOG_H
#define JOBS_TRIAL_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { TRIAL_LOG_LINE_SIZE = 512, TRIAL_LOG_WORDS_SIZE = 400 };

struct trial_log {
    char line[TRIAL_LOG_LINE_SIZE]; /* what is longer is cut */
    size_t used;
    char words[TRIAL_LOG_WORDS_SIZE]; /* its warnings, the first two; or "" */
    unsigned warnings;
    bool lossy;          /* it went on with less than was there */
    bool starved;        /* it could not have the memory that it wanted */
    bool mistaken;       /* it does not take our settings */
    uint64_t empty_keys; /* without elements, which it leaves out */
};

/* Takes what was read; bytes are hostile. */
void trial_log_take(struct trial_log *log, const char *bytes, size_t size);

/* At its end: a line without an end is one, too. */
void trial_log_end(struct trial_log *log);

#endif
