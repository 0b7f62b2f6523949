/*
 * command.h - what one invocation of the program was asked, and the table of
 * its commands. One cmd_*.c a verb.
 */
#ifndef TOOLS_COMMAND_H
#define TOOLS_COMMAND_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "config/config.h"
#include "jobs/progress.h"

struct command_option {
    const char *name;     /* without "--" */
    const char *argument; /* what it takes, for people; NULL: nothing */
    const char *help;
};

enum { COMMAND_OPTIONS_MAX = 32 };

struct command_value {
    const char *name, *value; /* value is "" for an option that takes none */
};

struct invocation {
    const struct command *command;
    struct config config;
    bool json, quiet, verbose;
    struct command_value values[COMMAND_OPTIONS_MAX];
    size_t value_count;
    char **words; /* what is not an option */
    size_t word_count;
    struct progress progress;
};

struct command {
    const char *name;
    const char *words; /* its arguments, for people */
    const char *summary;
    const char *details; /* for its own --help */
    size_t words_min, words_max;
    bool inner;   /* for the agent alone: told to nobody */
    bool plain;   /* reads no configuration */
    bool lenient; /* goes on where the configuration cannot be read */
    struct command_option options[COMMAND_OPTIONS_MAX];
    struct command_option settings[COMMAND_OPTIONS_MAX]; /* keys it heeds */
    /* The exit status, or -1 and why it could not be done. */
    int (*run)(struct invocation *in, struct error *e);
};

extern const struct command cmd_check, cmd_snapshot, cmd_list, cmd_verify,
    cmd_restore, cmd_drill, cmd_repair, cmd_prune, cmd_hold, cmd_release,
    cmd_status, cmd_setup, cmd_memory, cmd_guard, errand_child, keeper,
    queues_child;

/* All commands, NULL-terminated. */
extern const struct command *const command_all[];

/* Whether an option of the command was given; its value, or NULL. */
bool command_has(const struct invocation *in, const char *option);
const char *command_value_of(const struct invocation *in, const char *option);

#endif
