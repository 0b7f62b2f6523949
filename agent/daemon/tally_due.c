#include "daemon/tally_work.h"

#include <string.h>

enum {
    RETRY_FIRST_MS = 1000, /* or startup_delay, if that is longer */
    RETRY_MAX_MS = 300000,
};

static bool
is_connected(const struct tally *t)
{
    return server_view(t->server)->state == SERVER_CONNECTED;
}

static uint64_t
delay_of(const struct tally_set *set)
{
    return config_block_duration_ms(set->block, CONFIG_COUNTERS_STARTUP_DELAY);
}

static void
plan_start(struct tally_set *set, uint64_t now)
{
    set->start_ms = now + delay_of(set);
    set->tries = 0;
    set->rebuild = set->reconnected = false;
}

void
tally_due_look(struct tally *t, uint64_t now)
{
    const char *run_id = server_view(t->server)->info.run_id;
    bool another = false;

    if (!is_connected(t))
        return;
    if (*run_id != '\0' && strcmp(run_id, t->run_id) != 0) {
        another = *t->run_id != '\0';
        memcpy(t->run_id, run_id, sizeof t->run_id);
    }
    for (size_t i = 0; i < t->count; i++) {
        struct tally_set *set = &t->sets[i];
        bool first = !set->begun;

        set->begun = true;
        if (another ||
            (first && config_block_flag(set->block, CONFIG_COUNTERS_STARTUP)))
            plan_start(set, now);
    }
}

/* The next of the round that somebody waits for. */
static struct tally_set *
find_asked(const struct tally *t)
{
    for (size_t i = 0; i < t->count && t->waiters != NULL; i++)
        if (t->sets[i].round != t->round)
            return &t->sets[i];
    return NULL;
}

/* What mends comes before what tells. */
bool
tally_due_pick(struct tally *t, uint64_t now, struct tally_set **set,
               enum tally_kind *kind)
{
    bool connected = is_connected(t);

    for (size_t i = 0; i < t->count && connected; i++) {
        *set = &t->sets[i];
        *kind = (*set)->rebuild ? TALLY_REBUILD : TALLY_START;
        if ((*set)->rebuild || (*set)->start_ms <= now)
            return true;
    }
    *kind = TALLY_SAMPLE;
    *set = find_asked(t);
    for (size_t i = 0; i < t->count && *set == NULL; i++)
        if (t->sets[i].sample_ms <= now) {
            *set = &t->sets[i];
            *kind = (*set)->behind ? TALLY_WHOLE : TALLY_SAMPLE;
        }
    return *set != NULL;
}

uint64_t
tally_due_next(const struct tally *t)
{
    bool connected = is_connected(t);
    uint64_t next = TALLY_NEVER;

    for (const struct tally_waiter *w = t->waiters; w != NULL; w = w->next)
        if (w->until_ms < next)
            next = w->until_ms;
    for (size_t i = 0; i < t->count && t->worker == NULL; i++) {
        if (connected && t->sets[i].start_ms < next)
            next = t->sets[i].start_ms;
        if (t->sets[i].sample_ms < next)
            next = t->sets[i].sample_ms;
    }
    return next;
}

void
tally_due_again(struct tally_set *set, uint64_t now)
{
    uint64_t wait = delay_of(set);

    if (wait < RETRY_FIRST_MS)
        wait = RETRY_FIRST_MS;
    for (unsigned i = 0; i < set->tries && wait < RETRY_MAX_MS; i++)
        wait *= 2;
    if (wait > RETRY_MAX_MS)
        wait = RETRY_MAX_MS;
    set->tries++;
    /* Unless another has become due meanwhile. */
    if (set->start_ms == TALLY_NEVER)
        set->start_ms = now + wait;
}
