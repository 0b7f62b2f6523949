/*
 * doctor_ask.h - what doctor asks a server; for doctor_gather.c. A question
 * that the server does not answer leaves what it was for unknown.
 */
#ifndef JOBS_DOCTOR_ASK_H
#define JOBS_DOCTOR_ASK_H

#include <stdint.h>

#include "jobs/doctor.h"
#include "redis/link.h"

/* INFO, the caller's; NULL: not told. */
char *doctor_ask_info(struct link *link, struct error *e);

/* CONFIG GET *; NULL: not told. */
struct doctor_settings *doctor_ask_settings(struct link *link, struct error *e);

/* How many are in the slow log; -1. */
int64_t doctor_ask_slow(struct link *link, struct error *e);

/*
 * Those commands that every server has and this one does not, each with a blank
 * before it: they were renamed. The caller's; NULL: not told.
 */
char *doctor_ask_gone(struct link *link, struct error *e);

/* What may be done by a link without name and password, made like options. */
enum doctor_stranger doctor_ask_stranger(const struct link_options *options,
                                         struct error *e);

#endif
