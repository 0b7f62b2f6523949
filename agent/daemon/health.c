#include "daemon/health.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "daemon/agent.h"
#include "daemon/status.h"
#include "jobs/value.h"

static double
uptime(const struct agent *agent)
{
    return (double)(clock_steady_ms() - agent->started_steady_ms) / 1000;
}

static bool
is_connected(const struct server_view *s)
{
    return s->state == SERVER_CONNECTED;
}

static const char *
word_of(enum health health)
{
    static const char *const words[] = {"healthy", "degraded", "unhealthy"};

    return words[health];
}

enum health
health_of(const struct agent *agent)
{
    const struct repository_view *r = repository_view(agent->repository);
    bool degraded = !r->known || !is_connected(server_view(agent->server));

    if (!r->ok && (r->known || *r->problem != '\0'))
        return HEALTH_UNHEALTHY;
    for (size_t i = 0; i < dependency_count(agent->dependencies); i++) {
        const struct dependency_view *d =
            dependency_view(agent->dependencies, i);

        degraded |= d->required && d->known && !d->up;
    }
    return degraded ? HEALTH_DEGRADED : HEALTH_HEALTHY;
}

json_t *
health_live(const struct agent *agent, int64_t now_ms)
{
    return json_pack("{s:s, s:o, s:f}", "status", "alive", "timestamp",
                     value_time(now_ms), "uptime", uptime(agent));
}

/* An attempt that is on its way has the number after those that failed. */
static json_t *
message_of(const struct agent *agent, const struct server_view *s,
           int64_t now_ms)
{
    uint64_t limit =
        config_number(agent->config, CONFIG_CONNECTION_START_ATTEMPTS);
    int64_t up_ms = now_ms < s->connected_ms ? 0 : now_ms - s->connected_ms;
    unsigned attempt = s->retries + (s->next_ms < 0 || s->retries == 0);

    if (s->state == SERVER_CONNECTED)
        return value_format("Connected for %llds", (long long)(up_ms / 1000));
    if (s->loading)
        return value_text("Loading");
    if (s->state == SERVER_CONNECTING)
        return value_format("Connecting (attempt %u)", attempt);
    if (s->state == SERVER_FAILED)
        return value_format("Failed after %llu attempts",
                            (unsigned long long)limit);
    return value_text("Disconnected");
}

static double
response_ms(const struct server_view *s)
{
    return (double)s->response_us / 1000;
}

static json_t *
ready_redis(const struct agent *agent, int64_t now_ms)
{
    const struct server_view *s = server_view(agent->server);
    bool known = is_connected(s) && s->response_us >= 0;

    return json_pack("{s:s, s:o, s:o}", "status",
                     is_connected(s) ? "up" : "degraded", "responseTime",
                     known ? value_real(response_ms(s)) : json_null(),
                     "message", message_of(agent, s, now_ms));
}

static json_t *
check_repository(const struct agent *agent)
{
    const struct repository_view *r = repository_view(agent->repository);
    json_t *message = value_text(r->problem);

    if (json_is_null(message) && !r->known)
        message = value_text("not looked at yet");
    else if (json_is_null(message) && r->snapshots >= 0)
        message = value_format("%lld snapshot%s", (long long)r->snapshots,
                               r->snapshots == 1 ? "" : "s");
    return json_pack("{s:s, s:o, s:o}", "status", r->ok ? "up" : "down",
                     "message", message, "freeBytes",
                     value_number(r->free_bytes));
}

/* The continuous archive comes later. */
static json_t *
check_archive(void)
{
    return json_pack("{s:s, s:s, s:n}", "status", "off", "message",
                     "not part of this version", "lagSeconds");
}

static json_t *
check_dependency(const struct dependency_view *d)
{
    return json_pack(
        "{s:o, s:o, s:o, s:b}", "status",
        d->known ? value_text(d->up ? "up" : "down") : json_null(),
        "responseTime", value_number(d->known ? d->response_ms : -1), "message",
        d->known ? value_text(d->message) : value_text("not checked yet"),
        "required", (int)d->required);
}

/* A dependency never hides a check of ours. */
static void
add_others(const struct agent *agent, json_t *checks)
{
    json_object_set_new(checks, "repository", check_repository(agent));
    json_object_set_new(checks, "archive", check_archive());
    for (size_t i = 0; i < dependency_count(agent->dependencies); i++) {
        const struct dependency_view *d =
            dependency_view(agent->dependencies, i);

        if (json_object_get(checks, d->name) == NULL)
            json_object_set_new(checks, d->name, check_dependency(d));
    }
}

static json_t *
with_status(const struct agent *agent, int64_t now_ms, json_t *checks)
{
    return json_pack("{s:s, s:o, s:f, s:s, s:o}", "status",
                     word_of(health_of(agent)), "timestamp", value_time(now_ms),
                     "uptime", uptime(agent), "version", REDKEEP_VERSION,
                     "checks", checks);
}

json_t *
health_ready(const struct agent *agent, int64_t now_ms)
{
    json_t *checks = json_object();

    json_object_set_new(checks, "redis", ready_redis(agent, now_ms));
    add_others(agent, checks);
    return with_status(agent, now_ms, checks);
}

static const char *
connection_word(const struct server_view *s)
{
    switch (s->state) {
    case SERVER_CONNECTED:
        return "ready";
    case SERVER_CONNECTING:
        return s->ever_connected ? "reconnecting" : "connecting";
    case SERVER_FAILED:
        return "failed";
    case SERVER_DISCONNECTED:
        break;
    }
    return "disconnected";
}

static json_t *
detailed_redis(const struct server_view *s)
{
    bool up = is_connected(s);

    return json_pack(
        "{s:s, s:o, s:o, s:s, s:i, s:o, s:o}", "status",
        up ? "healthy" : "unhealthy", "responseTime",
        up && s->response_us >= 0 ? value_format("%.0fms", response_ms(s))
                                  : json_null(),
        "memoryUsed",
        up && s->info_ms >= 0 ? value_text(s->info.used_memory_human)
                              : json_null(),
        "connectionStatus", connection_word(s), "reconnectAttempts",
        (int)s->retries, "lastError", value_text(s->last_error),
        "lastErrorTime",
        value_time(*s->last_error == '\0' ? -1 : s->last_error_ms));
}

/* Of the connection; an error that a command was answered with is none. */
static uint64_t
connection_errors(const struct server_view *s)
{
    uint64_t sum = 0;

    for (int i = 0; i < SERVER_ERRORS; i++)
        sum += i == SERVER_ERROR_REPLY ? 0 : s->errors[i];
    return sum;
}

static json_t *
detailed_cache(const struct server_view *s)
{
    bool known = s->info_ms >= 0 && s->info.keyspace_hits >= 0 &&
                 s->info.keyspace_misses >= 0;
    int64_t hits = known ? s->info.keyspace_hits : -1;
    int64_t misses = known ? s->info.keyspace_misses : -1;
    double lookups = (double)hits + (double)misses;

    return json_pack(
        "{s:{s:b, s:s, s:o, s:o, s:I, s:I, s:o}}", "redis", "enabled", 1,
        "status", connection_word(s), "hits", value_number(hits), "misses",
        value_number(misses), "errors", (json_int_t)connection_errors(s),
        "reconnects", (json_int_t)s->reconnects, "hitRate",
        value_format("%.2f%%", lookups > 0 ? (double)hits / lookups * 100 : 0));
}

json_t *
health_detailed(const struct agent *agent, int64_t now_ms)
{
    const struct server_view *s = server_view(agent->server);
    json_t *checks = json_object(), *all;

    json_object_set_new(checks, "redis", detailed_redis(s));
    json_object_set_new(checks, "cache", detailed_cache(s));
    add_others(agent, checks);
    all = with_status(agent, now_ms, checks);
    json_object_set_new(all, "alarms", status_alarms(agent));
    return all;
}

static json_t *
transitions_of(const struct server_view *s)
{
    json_t *all = json_array();
    unsigned i = s->transition_count < SERVER_TRANSITIONS
                     ? 0
                     : s->transition_count - SERVER_TRANSITIONS;

    for (; i < s->transition_count; i++) {
        const struct server_transition *t =
            &s->transitions[i % SERVER_TRANSITIONS];

        json_array_append_new(all, json_pack("{s:o, s:s, s:s, s:o}", "time",
                                             value_time(t->time_ms), "from",
                                             server_state_name(t->from), "to",
                                             server_state_name(t->to), "reason",
                                             value_text(t->reason)));
    }
    return all;
}

static json_t *
dependency_redis(const struct server_view *s, int64_t now_ms)
{
    bool up = is_connected(s);
    int64_t up_ms = !up                        ? -1
                    : now_ms > s->connected_ms ? now_ms - s->connected_ms
                                               : 0;
    int64_t next_ms = s->next_ms < 0        ? -1
                      : s->next_ms > now_ms ? s->next_ms - now_ms
                                            : 0;
    json_t *details = json_pack(
        "{s:i, s:o, s:o, s:o, s:o, s:I, s:o, s:s}", "retryCount",
        (int)s->retries, "lastError", value_text(s->last_error),
        "lastErrorTime",
        value_time(*s->last_error == '\0' ? -1 : s->last_error_ms), "uptime",
        value_seconds(up_ms), "url", value_text(s->url), "reconnects",
        (json_int_t)s->reconnects, "nextAttemptIn", value_seconds(next_ms),
        "mode", s->startup ? "startup" : "runtime");

    return json_pack("{s:s, s:b, s:o, s:o}", "status",
                     server_state_name(s->state), "isOpen", (int)up, "details",
                     details, "transitions", transitions_of(s));
}

json_t *
health_dependencies(const struct agent *agent, int64_t now_ms)
{
    json_t *all = json_object();

    json_object_set_new(all, "redis",
                        dependency_redis(server_view(agent->server), now_ms));
    add_others(agent, all);
    return json_pack("{s:o, s:o}", "timestamp", value_time(now_ms),
                     "dependencies", all);
}
