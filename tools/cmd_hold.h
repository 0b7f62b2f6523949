/*
 * cmd_hold.h - what hold and release share.
 */
#ifndef TOOLS_CMD_HOLD_H
#define TOOLS_CMD_HOLD_H

#include <stdbool.h>

#include "base/error.h"
#include "command.h"

/* Puts the hold on the snapshot that is asked for, or takes it off. */
int cmd_hold_set(struct invocation *in, bool held, struct error *e);

#endif
