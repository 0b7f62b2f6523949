#include "command.h"

#include <string.h>

const struct command *const command_all[] = {
    &cmd_check,  &cmd_snapshot, &cmd_list,  &cmd_verify, &cmd_restore,
    &cmd_drill,  &cmd_repair,   &cmd_prune, &cmd_hold,   &cmd_release,
    &cmd_status, &cmd_memory,   &cmd_setup, &cmd_guard,  &errand_child,
    &keeper,     &queues_child, NULL,
};

const char *
command_value_of(const struct invocation *in, const char *option)
{
    for (size_t i = in->value_count; i > 0; i--)
        if (strcmp(in->values[i - 1].name, option) == 0)
            return in->values[i - 1].value;
    return NULL;
}

bool
command_has(const struct invocation *in, const char *option)
{
    return command_value_of(in, option) != NULL;
}
