/*
 * log.h - lines on standard error: "TIME LEVEL sentence key=value ...".
 *
 * error: someone must act; warning: we coped; info: a job began or ended;
 * debug: the rest. No secrets. Only jobs, the daemon and tools log.
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

enum log_level {
    LOG_LEVEL_ERROR,
    LOG_LEVEL_WARNING,
    LOG_LEVEL_INFO,
    LOG_LEVEL_DEBUG
};

/* Lines above this level are dropped from now on (start value: info). */
void log_set_level(enum log_level level);

/*
 * From now on a line that standard error cannot take at once (a full pipe that
 * nobody reads) is left out, and their number is told when it can again. For
 * programs that must not stand still.
 */
void log_never_wait(void);

/* Writes one line; control characters in it are shown as \xHH. */
void log_line(enum log_level level, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
