#include "settings.h"

#include <string.h>

int
settings_read(struct settings *s, const struct invocation *in, struct error *e)
{
    memset(s, 0, sizeof *s);
    if (reach_read(&s->reach, &in->config, e) != 0)
        return -1;
    s->instance = (struct instance_options){
        .link = s->reach.link,
        .data_dir = config_text(&in->config, CONFIG_DATA_DIR),
        .dbfilename = command_value_of(in, "dbfilename"),
        .appendfilename = command_value_of(in, "appendfilename"),
        .appenddirname = command_value_of(in, "appenddirname"),
    };
    return 0;
}

void
settings_clear(struct settings *s)
{
    reach_clear(&s->reach);
    memset(s, 0, sizeof *s);
}
