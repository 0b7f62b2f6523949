#include "daemon/status.h"

#include <unistd.h>

#include "base/clock.h"
#include "daemon/agent.h"
#include "jobs/value.h"

static json_t *
config_of(const struct agent *agent)
{
    return json_pack("{s:o, s:o, s:o}", "file", value_text(agent->config->path),
                     "loaded", value_time(agent->config_loaded_ms), "error",
                     value_text(agent->config_error));
}

static json_t *
data_dir_of(const struct agent *agent)
{
    const struct server_view *s = server_view(agent->server);
    const char *given = config_text(agent->config, CONFIG_DATA_DIR);

    if (given == NULL && s->settings_known)
        given = s->settings.dir;
    return value_text(given);
}

static json_t *
product_of(const struct server_view *s)
{
    if (s->info_ms < 0 || *s->info.version == '\0')
        return json_null();
    return json_string(s->info.valkey ? "valkey" : "redis");
}

/*
 * What it is and what it did last stays known while it is away; how it is now
 * does not.
 */
static json_t *
server_of(const struct agent *agent)
{
    const struct server_view *s = server_view(agent->server);
    const struct info *i = &s->info;
    bool told = s->info_ms >= 0, up = s->state == SERVER_CONNECTED;
    bool now = told && up;

    return json_pack(
        "{s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, "
        "s:o, s:o, s:o, s:o, s:o}",
        "state", server_state_name(s->state), "product", product_of(s),
        "version", value_text(told ? i->version : NULL), "run_id",
        value_text(told ? i->run_id : NULL), "role",
        value_text(told ? i->role : NULL), "loading",
        value_flag(up || s->loading, s->loading), "data_dir",
        data_dir_of(agent), "appendonly", value_flag(told, i->aof_enabled),
        "keys", value_number(now ? i->keys : -1), "used_memory",
        value_number(now ? i->used_memory : -1), "maxmemory",
        value_number(told ? i->maxmemory : -1), "maxmemory_policy",
        value_text(told ? i->maxmemory_policy : NULL), "last_save",
        value_time(told && i->last_save_time > 0 ? i->last_save_time * 1000
                                                 : -1),
        "last_save_ok", value_flag(told, i->last_bgsave_ok),
        "changes_since_save", value_number(now ? i->changes_since_save : -1),
        "aof_last_write_ok", value_flag(told, i->last_write_ok),
        "aof_last_rewrite_ok", value_flag(told, i->last_rewrite_ok),
        "last_error", value_text(up ? NULL : s->last_error));
}

static json_t *
last_run_of(const struct plan_view *p)
{
    const struct plan_run *r = &p->last;

    if (p->runs == 0)
        return json_null();
    return json_pack("{s:o, s:o, s:s, s:o, s:o, s:o}", "started",
                     value_time(r->started_ms), "finished",
                     value_time(r->finished_ms), "result",
                     plan_result_name(r->result), "exit_status",
                     value_number(r->exit_status), "signal",
                     value_number(r->signal == 0 ? -1 : r->signal), "text",
                     value_text(r->text));
}

static json_t *
jobs_of(const struct agent *agent)
{
    json_t *all = json_array();

    for (int i = 0; i < PLAN_JOBS; i++) {
        const struct plan_view *p = plan_view(agent->plan, (enum plan_job)i);

        json_array_append_new(
            all, json_pack("{s:s, s:o, s:s, s:o, s:o, s:I, s:I, s:o}", "name",
                           p->name, "schedule", value_text(p->schedule),
                           "state", plan_state_name(p->state), "pid",
                           value_number(p->pid == 0 ? -1 : p->pid), "next",
                           value_time(p->next_ms), "runs", (json_int_t)p->runs,
                           "failures", (json_int_t)p->failures, "last",
                           last_run_of(p)));
    }
    return all;
}

static json_t *
watch_of(const struct watch_view *w)
{
    return json_pack(
        "{s:{s:o, s:o, s:o, s:o}, s:{s:o, s:o, s:o, s:o}}", "rdb", "path",
        value_text(w->rdb_path), "size", value_number(w->rdb_size), "modified",
        value_time(w->rdb_modified_ms), "seen", value_time(w->rdb_seen_ms),
        "aof", "manifest", value_text(w->manifest_path), "size",
        value_number(w->aof_size), "modified", value_time(w->aof_modified_ms),
        "seen", value_time(w->aof_seen_ms));
}

static json_t *
repository_of(const struct agent *agent)
{
    const struct repository_view *r = repository_view(agent->repository);

    return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o}", "path",
                     value_text(config_text(agent->config, CONFIG_REPO)),
                     "writable", value_flag(r->known, r->writable), "snapshots",
                     value_number(r->snapshots), "bytes",
                     value_number(r->used_bytes), "free_bytes",
                     value_number(r->free_bytes), "problem",
                     value_text(r->problem));
}

/* It comes later; what is wanted is shown. */
static json_t *
archive_of(const struct agent *agent)
{
    return json_pack("{s:b, s:s, s:n, s:n, s:n, s:n}", "follow",
                     (int)config_flag(agent->config, CONFIG_LOG_FOLLOW),
                     "status", "off", "lag_bytes", "lag_seconds", "file",
                     "offset");
}

static size_t
add_reasons(json_t *reasons, const json_t *list)
{
    size_t i;
    json_t *item;

    json_array_foreach(list, i, item)
    {
        const char *id = json_string_value(json_object_get(item, "id"));

        if (id != NULL)
            json_object_set(reasons, id, json_object_get(item, "reasons"));
    }
    return json_array_size(list);
}

static json_t *
retention_of(const struct agent *agent)
{
    const struct repository_view *r = repository_view(agent->repository);
    const json_t *report = plan_view(agent->plan, PLAN_PRUNE)->report;
    json_t *reasons = json_object(), *kept = json_null(),
           *removed = json_null();

    if (report != NULL) {
        kept = json_integer(
            (json_int_t)add_reasons(reasons, json_object_get(report, "keep")));
        removed = json_integer((json_int_t)add_reasons(
            reasons, json_object_get(report, "remove")));
    }
    return json_pack("{s:o, s:o, s:o, s:o, s:o}", "kept", kept, "removed",
                     removed, "reasons", reasons, "frozen",
                     value_flag(r->known, r->frozen), "text",
                     value_text(r->frozen_text));
}

/*
 * What the repository holds; but a run that was skipped leaves no note, nor
 * does any where the repository is read-only.
 */
static json_t *
drill_of(const struct agent *agent)
{
    const struct plan_view *p = plan_view(agent->plan, PLAN_DRILL);
    json_t *noted = repository_view(agent->repository)->last_drill;
    bool skipped = p->runs > 0 && p->last.result == PLAN_SKIPPED &&
                   json_is_null(json_object_get(p->report, "ok")) &&
                   p->last.finished_ms > value_read_time(noted, "finished");
    static const char *const names[] = {"id", "ok", "keys", "load_seconds"};
    json_t *drill;

    if (noted != NULL && !skipped)
        return json_incref(noted);
    if (p->report == NULL)
        return json_null();
    drill = json_object();
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        json_t *value = json_object_get(p->report, names[i]);

        json_object_set(drill, names[i], value == NULL ? json_null() : value);
    }
    json_object_set_new(drill, "finished", value_time(p->last.finished_ms));
    return drill;
}

/* A copy for the answer; null if there is none. */
static json_t *
or_null(json_t *value)
{
    return value == NULL ? json_null() : json_incref(value);
}

/* The newest stretch of time that can be restored to. */
static json_t *
window_of(const struct repository_view *r)
{
    json_t *windows = json_object_get(r->list, "windows");
    size_t count = json_array_size(windows);

    return or_null(count == 0 ? NULL : json_array_get(windows, count - 1));
}

static json_t *
gaps_of(const struct repository_view *r)
{
    json_t *gaps = json_object_get(r->list, "gaps");

    return gaps == NULL ? json_null()
                        : json_integer((json_int_t)json_array_size(gaps));
}

json_t *
status_alarms(const struct agent *agent)
{
    size_t count;
    const struct alarm *list = alarm_list(agent->alarms, &count);
    json_t *all = json_array();

    for (const struct alarm *a = list; a < list + count; a++)
        if (a->raised)
            json_array_append_new(
                all, json_pack("{s:s, s:o, s:o, s:o, s:o}", "name", a->name,
                               "since", value_time(a->since_ms), "value",
                               value_real(a->value), "threshold",
                               value_real(a->threshold), "text",
                               value_text(a->text)));
    return all;
}

json_t *
status_json(const struct agent *agent, int64_t now_ms)
{
    const struct repository_view *r = repository_view(agent->repository);
    uint64_t up_ms = clock_steady_ms() - agent->started_steady_ms;
    json_t *all = json_pack(
        "{s:s, s:s, s:i, s:o, s:f, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}",
        "instance", config_text(agent->config, CONFIG_INSTANCE), "version",
        REDKEEP_VERSION, "pid", (int)getpid(), "time", value_time(now_ms),
        "uptime", (double)up_ms / 1000, "config", config_of(agent), "server",
        server_of(agent), "protected_until", value_time(r->protected_ms),
        "restore_window", window_of(r), "gaps", gaps_of(r), "last_snapshot",
        or_null(r->last), "last_good_snapshot", or_null(r->last_good),
        "last_drill", drill_of(agent));

    json_object_set_new(all, "jobs", jobs_of(agent));
    json_object_set_new(all, "watch", watch_of(watch_view(agent->watch)));
    json_object_set_new(all, "repository", repository_of(agent));
    json_object_set_new(all, "archive", archive_of(agent));
    json_object_set_new(all, "retention", retention_of(agent));
    json_object_set_new(all, "alarms", status_alarms(agent));
    return all;
}

json_t *
status_snapshots(const struct agent *agent, int64_t now_ms)
{
    json_t *list = repository_view(agent->repository)->list;

    (void)now_ms;
    if (list != NULL)
        return json_incref(list);
    return json_pack("{s:n, s:n, s:n}", "snapshots", "windows", "gaps");
}
