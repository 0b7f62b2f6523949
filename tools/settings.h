/*
 * settings.h - from the configuration to what jobs want to know.
 */
#ifndef TOOLS_SETTINGS_H
#define TOOLS_SETTINGS_H

#include "command.h"
#include "jobs/instance.h"
#include "jobs/reach.h"

struct settings {
    struct reach reach;
    struct instance_options instance;
};

/*
 * Fills s from the invocation's configuration (reads the password file). The
 * texts in s.instance are borrowed from s and in. settings_clear in any case.
 */
int settings_read(struct settings *s, const struct invocation *in,
                  struct error *e);

void settings_clear(struct settings *s);

#endif
