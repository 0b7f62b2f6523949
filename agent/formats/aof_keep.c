#include "formats/aof_keep.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/memory.h"
#include "formats/aof_rewrite.h"

static void
put_select(struct aof_keep *k, uint64_t database)
{
    char index[24], text[64];
    int digits = snprintf(index, sizeof index, "%" PRIu64, database);
    int size = snprintf(text, sizeof text,
                        "*2\r\n$6\r\nSELECT\r\n$%d\r\n%s\r\n", digits, index);

    k->rc = mend_put(k->m, text, (size_t)size, k->e);
    k->m->commands++;
}

void
aof_keep_until(struct aof_keep *k, struct aof_keep_mark to, bool rewrite)
{
    struct aof_keep_mark from = k->held;

    if (to.offset <= from.offset || k->rc != 0)
        return;
    k->held = to;
    if (from.database != k->database)
        put_select(k, from.database);
    if (k->rc == 0 && rewrite)
        k->rc = aof_rewrite(&k->peek, k->m, from.offset, to.offset, k->e);
    else if (k->rc == 0)
        k->rc = mend_keep(k->m, from.offset, to.offset - from.offset, k->e);
    k->m->commands += to.commands - from.commands;
    k->database = to.database;
}

void
aof_keep_lose(struct aof_keep *k, struct aof_keep_mark to, int64_t commands,
              const char *name, const char *why)
{
    struct aof_keep_mark from = k->held;

    if (to.offset <= from.offset)
        return;
    k->held = to;
    mend_lose(k->m, (struct mend_loss){
                        .offset = from.offset,
                        .size_bytes = to.offset - from.offset,
                        .commands = commands,
                        .name = memory_dup(name),
                        .why = why,
                        .after_s = from.time,
                        .before_s = -1,
                    });
}

int64_t
aof_keep_commands(const struct aof_keep *k, struct aof_keep_mark to)
{
    return (int64_t)(to.commands - k->held.commands);
}

void
aof_keep_date(struct aof_keep *k, int64_t time)
{
    for (; k->undated < k->m->count; k->undated++)
        k->m->losses[k->undated].before_s = time;
}
