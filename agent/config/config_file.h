/*
 * config_file.h - the lines of a configuration file, by inih; for config.c.
 */
#ifndef CONFIG_CONFIG_FILE_H
#define CONFIG_CONFIG_FILE_H

#include "base/error.h"
#include "config/config.h"

/* Where problems go, and how many there were. */
struct config_sink {
    config_problem *report; /* may be NULL */
    void *context;
    size_t count;
    struct error *first; /* gets the first one */
};

/* Reports one problem. */
void config_sink_add(struct config_sink *sink, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/*
 * Reads a file into c and reports all that is wrong with it. -1 only if the
 * file cannot be read (ERROR_ABSENT: there is none).
 */
int config_file_load(struct config *c, const char *path,
                     struct config_sink *sink, struct error *e);

#endif
