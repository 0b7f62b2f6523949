#include "cmd_hold.h"

#include <stdio.h>

#include "answer.h"
#include "jobs/hold.h"
#include "jobs/value.h"

int
cmd_hold_set(struct invocation *in, bool held, struct error *e)
{
    const char *id = in->words[0];
    bool changed;

    if (hold_set(config_text(&in->config, CONFIG_REPO),
                 config_text(&in->config, CONFIG_INSTANCE), id, held, &changed,
                 e) != 0)
        return -1;
    if (in->json)
        return answer_print(json_pack("{s:o, s:b, s:b}", "id", value_string(id),
                                      "held", held, "changed", changed),
                            e);
    if (!in->quiet)
        printf("snapshot %s is %s\n", id,
               held      ? changed ? "held" : "held already"
               : changed ? "released"
                         : "not held");
    return 0;
}

static int
run(struct invocation *in, struct error *e)
{
    return cmd_hold_set(in, true, e);
}

const struct command cmd_hold = {
    .name = "hold",
    .words = "ID",
    .summary = "a snapshot that prune never takes",
    .details =
        "Prune keeps it, whatever the rules say, until it is released. 'redkeep\n"
        "list' shows it as held.\n",
    .words_min = 1,
    .words_max = 1,
    .run = run,
};
