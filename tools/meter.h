/*
 * meter.h - the progress bar: on standard error, only if that is a terminal.
 */
#ifndef TOOLS_METER_H
#define TOOLS_METER_H

#include <stdbool.h>

#include "jobs/progress.h"

/* A progress that draws; one a process. Does nothing where none is wanted. */
struct progress meter_begin(bool wanted);

/* Wipes the bar, so that lines may follow. */
void meter_end(void);

#endif
