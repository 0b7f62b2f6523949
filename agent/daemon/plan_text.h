/*
 * plan_text.h - what came of a run, from its child's report, in one sentence.
 */
#ifndef DAEMON_PLAN_TEXT_H
#define DAEMON_PLAN_TEXT_H

#include <stddef.h>

#include "daemon/plan.h"
#include "daemon/worker.h"

/* By exit status, signal and report. */
enum plan_result plan_text_result(const struct worker_outcome *outcome);

void plan_text_write(char *out, size_t size, enum plan_job job,
                     const struct worker_outcome *outcome);

#endif
