/*
 * options.h - the command line: [OPTIONS] COMMAND [OPTIONS] [WORDS]. An option
 * is --name VALUE or --name=VALUE; every key of the configuration is one.
 */
#ifndef TOOLS_OPTIONS_H
#define TOOLS_OPTIONS_H

#include "base/error.h"
#include "command.h"

enum options_outcome {
    OPTIONS_RUN,
    OPTIONS_HELP, /* of in->command, or of the program */
    OPTIONS_VERSION,
    OPTIONS_FAILED,
};

/*
 * Fills in from the command line, the environment and the configuration file.
 * Texts are borrowed from argv; options_clear gives back the rest.
 */
enum options_outcome options_read(struct invocation *in, int argc, char **argv,
                                  struct error *e);

void options_clear(struct invocation *in);

#endif
