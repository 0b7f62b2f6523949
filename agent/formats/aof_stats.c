#include "formats/aof_stats.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "formats/twins.h"

enum { SLOTS = 4 * AOF_STATS_NAMES };

/* Names made to collide shall not cost more than this each. */
enum { PROBES_MAX = 64 };

static void
write_name(struct aof_stats_command *to, const struct aof_command *c)
{
    to->name_size = c->name_size;
    for (uint32_t i = 0; i < c->name_size; i++) {
        char letter = c->name[i];

        to->name[i] = letter >= 'a' && letter <= 'z' ? (char)(letter - 32)
                                                     : letter;
    }
}

/* Where that name is counted. */
static struct aof_stats_command *
find(struct aof_stats *s, const struct aof_stats_command *named)
{
    uint64_t hash = twins_hash(named->name, named->name_size);

    for (size_t i = 0; i < PROBES_MAX; i++) {
        uint16_t *slot = &s->slots[(hash + i) & (SLOTS - 1)];
        struct aof_stats_command *found;

        if (*slot == 0) {
            if (s->count == AOF_STATS_NAMES)
                break;
            *slot = (uint16_t)(++s->count);
            s->commands[s->count - 1] = *named;
            return &s->commands[s->count - 1];
        }
        found = &s->commands[*slot - 1];
        if (found->name_size == named->name_size &&
            memcmp(found->name, named->name, named->name_size) == 0)
            return found;
    }
    return &s->other;
}

void
aof_stats_add(struct aof_stats *s, const struct aof_command *c)
{
    uint64_t bytes = c->end_offset - c->offset;
    struct aof_stats_command named, *command;

    if (s->slots == NULL) {
        s->slots = memory_new(SLOTS * sizeof *s->slots);
        s->commands = memory_new(AOF_STATS_NAMES * sizeof *s->commands);
    }
    named.count = named.bytes = 0;
    write_name(&named, c);
    command = find(s, &named);
    command->count++;
    command->bytes += bytes;
    s->commands_total++;
    s->bytes_total += bytes;
    if (c->in_multi && named.name_size == 4 &&
        memcmp(named.name, "EXEC", 4) == 0)
        s->transactions++;
    if (bytes > s->biggest.bytes) {
        s->biggest = named;
        s->biggest.count = c->argc;
        s->biggest.bytes = bytes;
        s->biggest_offset = c->offset;
    }
}

static int
compare(const void *a, const void *b)
{
    const struct aof_stats_command *x = a, *y = b;
    uint32_t least = x->name_size < y->name_size ? x->name_size : y->name_size;
    int order;

    if (x->count != y->count)
        return x->count > y->count ? -1 : 1;
    order = memcmp(x->name, y->name, least);
    return order != 0 ? order : (int)x->name_size - (int)y->name_size;
}

void
aof_stats_end(struct aof_stats *s)
{
    free(s->slots);
    s->slots = NULL;
    if (s->count == 0)
        return;
    qsort(s->commands, s->count, sizeof *s->commands, compare);
    s->commands = memory_resize(s->commands, s->count, sizeof *s->commands);
}

void
aof_stats_clear(struct aof_stats *s)
{
    free(s->commands);
    free(s->slots);
    *s = (struct aof_stats){0};
}
