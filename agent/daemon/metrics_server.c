#include "daemon/metrics_server.h"

#include <math.h>

#include "daemon/metrics_text.h"

static double
known(int64_t value)
{
    return value < 0 ? NAN : (double)value;
}

static void
write_connection(const struct server_view *s, struct evbuffer *out)
{
    static const char state[] = "redkeep_redis_connection_state",
                      errors[] = "redkeep_redis_errors_total";

    metrics_text_single(out, "redkeep_redis_up", s->state == SERVER_CONNECTED,
                        "Whether the server is connected and answers.");
    metrics_text_family(out, state, "The state of the connection: one is 1.");
    for (int i = 0; i < SERVER_STATES; i++)
        metrics_text_sample(
            out, state,
            (const char *[]){"state", server_state_name((enum server_state)i),
                             NULL},
            s->state == (enum server_state)i);
    metrics_text_single(out, "redkeep_redis_connection_attempts_total",
                        (double)s->attempts, "Attempts to connect.");
    metrics_text_single(out, "redkeep_redis_reconnects_total",
                        (double)s->reconnects,
                        "Connections made again after a loss.");
    metrics_text_family(out, errors,
                        "Errors of the connection and of commands.");
    for (int i = 0; i < SERVER_ERRORS; i++)
        metrics_text_sample(
            out, errors,
            (const char *[]){"kind", server_error_name((enum server_error)i),
                             NULL},
            (double)s->errors[i]);
    metrics_text_single(out, "redkeep_redis_response_seconds",
                        known(s->response_us) / 1e6,
                        "How long the last PING took.");
    metrics_text_single(out, "redkeep_redis_connected_timestamp_seconds",
                        known(s->connected_ms) / 1e3,
                        "Since when it is connected.");
    metrics_text_single(out, "redkeep_redis_restarts_total",
                        (double)s->restarts,
                        "Restarts of the server that were seen.");
}

/* What is true only while it is there. */
static void
write_present(const struct info *i, struct evbuffer *out)
{
    metrics_text_single(out, "redkeep_redis_memory_used_bytes",
                        known(i->used_memory), "Memory that the data takes.");
    metrics_text_single(out, "redkeep_redis_memory_limit_bytes",
                        known(i->maxmemory), "maxmemory; 0 is no limit.");
    metrics_text_single(out, "redkeep_redis_memory_fragmentation_ratio",
                        i->fragmentation, "Resident memory by used memory.");
    metrics_text_single(out, "redkeep_redis_keys", known(i->keys),
                        "Keys in all databases.");
    metrics_text_single(out, "redkeep_redis_connected_clients",
                        known(i->connected_clients), "Clients, us included.");
    metrics_text_single(out, "redkeep_redis_changes_since_save",
                        known(i->changes_since_save),
                        "Changes that no dump holds yet.");
    metrics_text_single(out, "redkeep_redis_aof_size_bytes",
                        i->aof_enabled ? known(i->aof_current_size) : NAN,
                        "Size of the append-only file.");
}

/* What it did, and how it is set: stays true while it is away. */
static void
write_lasting(const struct info *i, struct evbuffer *out)
{
    metrics_text_single(out, "redkeep_redis_keyspace_hits_total",
                        known(i->keyspace_hits), "Lookups that found a key.");
    metrics_text_single(out, "redkeep_redis_keyspace_misses_total",
                        known(i->keyspace_misses), "Lookups that found none.");
    metrics_text_single(out, "redkeep_redis_evicted_keys_total",
                        known(i->evicted_keys),
                        "Keys evicted for want of memory.");
    metrics_text_single(out, "redkeep_redis_last_save_timestamp_seconds",
                        known(i->last_save_time),
                        "When the server saved its dump last.");
    metrics_text_single(out, "redkeep_redis_last_save_ok", i->last_bgsave_ok,
                        "Whether the last BGSAVE went well.");
    metrics_text_single(out, "redkeep_redis_aof_enabled", i->aof_enabled,
                        "Whether the server has an append-only file.");
    metrics_text_single(out, "redkeep_redis_aof_last_write_ok",
                        i->last_write_ok,
                        "Whether the last write to it went well.");
    metrics_text_single(out, "redkeep_redis_aof_last_rewrite_ok",
                        i->last_rewrite_ok,
                        "Whether its last rewrite went well.");
    metrics_text_single(out, "redkeep_redis_aof_delayed_fsync_total",
                        known(i->aof_delayed_fsync),
                        "Writes that waited for a slow fsync.");
}

void
metrics_server_write(const struct server_view *server, struct evbuffer *out)
{
    write_connection(server, out);
    if (server->info_ms < 0)
        return;
    if (server->state == SERVER_CONNECTED)
        write_present(&server->info, out);
    write_lasting(&server->info, out);
}
