#include "cmd_hold.h"

static int
run(struct invocation *in, struct error *e)
{
    return cmd_hold_set(in, false, e);
}

const struct command cmd_release = {
    .name = "release",
    .words = "ID",
    .summary = "let prune take a held snapshot again",
    .details = "Nothing is removed by this: the next prune may do so.\n",
    .words_min = 1,
    .words_max = 1,
    .run = run,
};
