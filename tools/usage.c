#include "usage.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "jobs/value.h"
#include "stats_json.h"

/* Memory that the server does not use but the system thinks it does: less is not
 * worth a word (servers themselves say so from 10 MiB and 1.4 on). */
static const double FRAGMENTATION_MIN = 1.5;
enum { FRAGMENTED_MIN = 64 << 20 };

bool
usage_knows_server(const struct usage *u)
{
    return u->server.kind == ERROR_NONE;
}

bool
usage_knows_sizes(const struct usage *u)
{
    return u->snapshot.kind == ERROR_NONE && u->weigh.stats != NULL;
}

bool
usage_knows_queues(const struct usage *u)
{
    return u->queues.kind == ERROR_NONE;
}

static json_t *
why_json(const struct error *e)
{
    return e->kind == ERROR_NONE ? json_null() : value_string(e->text);
}

static json_t *
server_json(const struct usage *u)
{
    const struct info *i = &u->info;

    if (!usage_knows_server(u))
        return json_null();
    return json_pack(
        "{s:s, s:s, s:o, s:o, s:o, s:o, s:o, s:o}", "product",
        i->valkey ? "valkey" : "redis", "version", i->version, "used_memory",
        value_number(i->used_memory), "maxmemory",
        i->maxmemory > 0 ? value_number(i->maxmemory) : json_null(),
        "maxmemory_policy", value_text(i->maxmemory_policy), "fragmentation",
        value_real(i->fragmentation), "keys", value_number(i->keys),
        "evicted_keys", value_number(i->evicted_keys));
}

static json_t *
growth_json(const struct usage *u)
{
    const struct growth *g = &u->growth;
    bool moves = g->verdict == GROWTH_GROWS || g->verdict == GROWTH_SHRINKS;

    return json_pack(
        "{s:s, s:o, s:I, s:o, s:o, s:o}", "verdict", growth_name(g->verdict),
        "bytes_per_day",
        moves ? json_integer((json_int_t)g->bytes_per_day) : json_null(),
        "points", (json_int_t)g->points, "from", value_time(g->from_ms), "to",
        value_time(g->to_ms), "full_in_seconds", value_seconds(u->full_in_ms));
}

static json_t *
snapshot_json(const struct usage *u)
{
    if (u->id[0] == '\0')
        return json_null();
    return json_pack(
        "{s:s, s:o, s:o, s:o, s:o}", "id", u->id, "state_time",
        value_time(u->state_ms), "age_seconds",
        value_seconds(u->now_ms > u->state_ms ? u->now_ms - u->state_ms : 0),
        "file", value_string(u->weigh.path), "commands_bytes",
        value_number((int64_t)u->weigh.after_bytes));
}

/* What the agent shows, without what only it needs. */
static json_t *
queues_part(const struct usage *u)
{
    json_t *all;

    if (!usage_knows_queues(u))
        return json_null();
    all = queues_json(&u->found);
    json_object_del(all, "cursors");
    return all;
}

static json_t *
clean_json(const struct usage *u)
{
    struct usage_clean clean[USAGE_CLEAN_MAX];
    size_t count = usage_clean(u, clean);
    json_t *all = json_array();

    for (size_t i = 0; i < count; i++)
        json_array_append_new(
            all, json_pack("{s:o, s:o}", "what", value_string(clean[i].what),
                           "command", value_string(clean[i].command)));
    usage_clean_clear(clean, count);
    return all;
}

json_t *
usage_json(const struct usage *u)
{
    return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "server",
                     server_json(u), "server_error", why_json(&u->server),
                     "growth", growth_json(u), "snapshot", snapshot_json(u),
                     "snapshot_error", why_json(&u->snapshot), "sizes",
                     usage_knows_sizes(u) ? stats_json_rdb(u->weigh.stats)
                                          : json_null(),
                     "queues", queues_part(u), "queues_error",
                     why_json(&u->queues), "clean", clean_json(u));
}

/*
 * Jobs that were completed more than a day ago, by the library itself: what else
 * belongs to them only it knows. Names are the command's words, not its text.
 */
static const char clean_bullmq[] =
    "node -e 'const{Queue}=require(\"bullmq\"),R=require(\"ioredis\"),"
    "[n,p,u]=process.argv.slice(1),c=new R(u,{maxRetriesPerRequest:null}),"
    "q=new Queue(n,{prefix:p,connection:c});(async()=>{"
    "while((await q.clean(864e5,1000,\"completed\")).length);"
    "await q.close();c.disconnect()})()'";

static struct usage_clean
clean_completed(const struct queues_queue *q, const char *url)
{
    struct usage_clean c;
    /* "bull:mail": prefix and name. */
    const char *colon = strrchr(q->base, ':');
    int before = colon != NULL ? (int)(colon - q->base) : 0;
    char *prefix = text_format("%.*s", before, q->base);
    char *words[] = {text_shell_word(colon != NULL ? colon + 1 : q->base),
                     text_shell_word(prefix), text_shell_word(url)};

    c.what = text_format("%lld completed jobs of the queue %s, if nobody asks "
                         "for their results: this removes those older than a "
                         "day",
                         (long long)q->jobs[QUEUES_COMPLETED], q->name);
    c.command =
        text_format("%s %s %s %s", clean_bullmq, words[0], words[1], words[2]);
    for (size_t i = 0; i < 3; i++)
        free(words[i]);
    free(prefix);
    return c;
}

/* Whether so much is held and not used that it is worth a word. */
static bool
find_unused(const struct info *i, uint64_t *unused)
{
    if (i->fragmentation < FRAGMENTATION_MIN || i->used_memory <= 0 ||
        isnan(i->fragmentation))
        return false;
    *unused = (uint64_t)((i->fragmentation - 1) * (double)i->used_memory);
    return *unused >= FRAGMENTED_MIN;
}

size_t
usage_clean(const struct usage *u, struct usage_clean clean[USAGE_CLEAN_MAX])
{
    char size[TEXT_WORDS_SIZE];
    uint64_t unused;
    size_t n = 0;

    if (usage_knows_server(u) && find_unused(&u->info, &unused)) {
        text_write_size(size, unused);
        clean[n++] = (struct usage_clean){
            text_format("%s that the server holds and does not use: it can "
                        "give back whole pages of that",
                        size),
            text_format("%s-cli MEMORY PURGE",
                        u->info.valkey ? "valkey" : "redis"),
        };
    }
    for (size_t i = 0; usage_knows_queues(u) && i < u->found.count; i++) {
        const struct queues_queue *q = &u->found.items[i];

        if (n < USAGE_CLEAN_MAX && q->system == QUEUES_BULLMQ &&
            q->jobs[QUEUES_COMPLETED] > 0)
            clean[n++] = clean_completed(q, u->url);
    }
    return n;
}

void
usage_clean_clear(struct usage_clean *clean, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        free(clean[i].what);
        free(clean[i].command);
    }
}
