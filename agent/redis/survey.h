/*
 * survey.h - what a server is asked when it is judged: all that it tells of
 * itself, all its settings, and what is let in without a password. What it does
 * not answer is unknown, and why is told.
 */
#ifndef REDIS_SURVEY_H
#define REDIS_SURVEY_H

#include <stdint.h>

#include "base/error.h"
#include "redis/link.h"

/* INFO, the caller's; NULL: not told. */
char *survey_ask_info(struct link *link, struct error *e);

/* Settings by their names, as the server writes their values. */
struct survey_settings;
struct survey_settings *survey_settings_new(void);
void survey_settings_add(struct survey_settings *s, const char *name,
                         const char *value);
const char *survey_settings_find(const struct survey_settings *s,
                                 const char *name); /* borrowed; NULL: none */
void survey_settings_free(struct survey_settings *s);

/* All of CONFIG GET *; NULL: not told. */
struct survey_settings *survey_ask_settings(struct link *link, struct error *e);

/* How many are in the slow log; -1: not told. */
int64_t survey_ask_slow(struct link *link, struct error *e);

/*
 * Those commands that every server has and this one does not, as they are
 * renamed, each with a blank before it. The caller's; NULL: not told.
 */
char *survey_ask_gone(struct link *link, struct error *e);

/* What somebody may do who connects without a name and password. */
enum survey_stranger {
    SURVEY_STRANGER_UNKNOWN,
    SURVEY_STRANGER_NOTHING,
    SURVEY_STRANGER_SOME, /* see the data */
    SURVEY_STRANGER_ALL,  /* and the settings */
};

/* Tries it by a link like that of options, but without them. */
enum survey_stranger survey_try_stranger(const struct link_options *options,
                                         struct error *e);

#endif
