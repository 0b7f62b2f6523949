/*
 * guard_settings.h - what guard is asked: options, the server's configuration,
 * and the command line that the server will be started with.
 */
#ifndef TOOLS_GUARD_SETTINGS_H
#define TOOLS_GUARD_SETTINGS_H

#include "base/url.h"
#include "command.h"
#include "jobs/conf.h"
#include "jobs/guard.h"

struct guard_settings {
    struct conf conf;
    struct guard_options options;
    char *programs[2]; /* that may tell the release, in that order; NULL */
    struct url server; /* to be asked before anything is mended */
};

/* "5m", or the option's; 0: none. */
int guard_settings_limit(const struct invocation *in, uint64_t *limit_ms,
                         struct error *e);

/*
 * Texts are borrowed from in. A mistake in our own options is ERROR_USAGE; what
 * keeps us from knowing the server's settings is ERROR_FAILED. Clear s in any
 * case.
 */
int guard_settings_read(struct guard_settings *s, const struct invocation *in,
                        struct error *e);

/* Has the program tell the release of the server, unless it was given. */
void guard_settings_find_release(struct guard_settings *s,
                                 const struct invocation *in);

/* Only s->options.directory, and what it takes to know it. */
int guard_settings_find_directory(struct guard_settings *s,
                                  const struct invocation *in, struct error *e);

/* Only the mistakes. */
int guard_settings_check(const struct invocation *in, struct error *e);

/*
 * The settings that differ from the defaults, for a command to paste:
 * " --appendonly yes". The caller frees it.
 */
char *guard_settings_words(const struct guard_settings *s);

void guard_settings_clear(struct guard_settings *s);

#endif
