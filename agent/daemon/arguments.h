/*
 * arguments.h - the command line of redkeepd: [-c FILE] [-n] [--KEY VALUE]...
 */
#ifndef DAEMON_ARGUMENTS_H
#define DAEMON_ARGUMENTS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "config/config.h"

enum { ARGUMENTS_KEYS_MAX = 100 };

struct arguments {
    const char *file; /* -c; NULL: not given */
    bool judge_only, help, version;
    /* name and value of each key, borrowed from argv */
    const char *names[ARGUMENTS_KEYS_MAX], *values[ARGUMENTS_KEYS_MAX];
    size_t count;
};

/* ERROR_USAGE says which argument is wrong. Cuts argv's texts at '='. */
int arguments_read(struct arguments *a, int argc, char **argv, struct error *e);

/* Sets what was given in a configuration. */
int arguments_apply(const struct arguments *a, struct config *config,
                    struct error *e);

/* What --help prints. */
extern const char *const arguments_help;

#endif
