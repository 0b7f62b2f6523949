/*
 * answer.h - what a command prints: one JSON object, or lines and tables for
 * people.
 */
#ifndef TOOLS_ANSWER_H
#define TOOLS_ANSWER_H

#include <jansson.h>
#include <stdbool.h>

#include "base/error.h"
#include "formats/judge.h"
#include "formats/report.h"

/* findings[] of the contract. */
json_t *answer_findings(const struct report *report);

/* "loads it": what follows a server's name. */
const char *answer_server_does(enum judge_server server);

/* Prints the object on standard output and gives it back to jansson. */
int answer_print(json_t *object, struct error *e);

/*
 * Prints findings for people: what is wrong, where, and what to do. Notes of
 * severity info only if all. Whether there was one to print. On a terminal a
 * command has a line of its own, never folded: it is there to be pasted.
 */
bool answer_show_findings(const struct report *report, bool all);

#endif
