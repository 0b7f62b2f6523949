#include "daemon/agent_parts.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "daemon/agent_words.h"
#include "daemon/health.h"
#include "daemon/worker.h"

enum { STATE_FORMAT = 1 };

void
agent_parts_save(struct agent *a, bool now)
{
    /* Before it was read it must not be written over. */
    if (!a->begun || a->lock.fd < 0)
        return;
    a->notices_saved = notice_count(a->notices);
    repository_save(a->repository,
                    json_pack("{s:i, s:o, s:o, s:o}", "format", STATE_FORMAT,
                              "jobs", plan_write(a->plan), "alarms",
                              alarm_write(a->alarms), "events",
                              notice_write(a->notices)),
                    now);
}

void
agent_parts_look(struct agent *a)
{
    alarm_look(a->alarms, a, clock_wall_ms());
    hooks_set_healthy(a->hooks, health_of(a) != HEALTH_UNHEALTHY);
    agent_words_service(a);
}

void
agent_parts_plan(struct agent *a, const json_t *state)
{
    if (a->begun)
        return;
    a->begun = true;
    notice_read(a->notices, json_object_get(state, "events"));
    alarm_read(a->alarms, json_object_get(state, "alarms"));
    plan_begin(a->plan, json_object_get(state, "jobs"));
}

/*
 * The jobs run already when the repository comes late, or over the one that was
 * made on the disk below. Its past is read before we write there; the lock
 * that we have is of another folder, and the next ticks take that of this one.
 */
static void
on_state(void *context, const json_t *state)
{
    struct agent *a = context;

    if (!a->begun) {
        agent_parts_plan(a, state);
        return;
    }
    log_line(LOG_LEVEL_WARNING, "the repository came after the agent: going on"
                                " with the state that it holds");
    lock_release(&a->lock);
    notice_read(a->notices, json_object_get(state, "events"));
    plan_adopt(a->plan, json_object_get(state, "jobs"));
    a->notices_saved = SIZE_MAX;
}

static void
tell_repository(struct agent *a, const struct repository_view *v)
{
    if (!v->known || v->ok != a->repository_down)
        return;
    a->repository_down = !v->ok;
    notice_tell(a->notices, clock_wall_ms(), "repository",
                json_pack("{s:b}", "ok", v->ok),
                v->ok ? "the repository is up again"
                      : "the repository is down: %s",
                v->problem);
}

static void
on_repository(void *context)
{
    struct agent *a = context;
    const struct repository_view *v = repository_view(a->repository);

    tell_repository(a, v);
    if (v->known && v->snapshots >= 0)
        plan_know_snapshots(a->plan, (size_t)v->snapshots);
    agent_parts_look(a);
}

static void
on_job(void *context, enum plan_job job)
{
    struct agent *a = context;

    (void)job;
    agent_parts_save(a, true);
    agent_parts_look(a);
}

static void
on_server(void *context)
{
    const struct agent *a = context;

    tally_look(a->tally);
    agent_parts_look(context);
}

static void
on_tally(void *context)
{
    agent_parts_look(context);
}

/* The sentence of a start that scripts wait for. */
static void
on_first_attempt(void *context)
{
    const struct agent *a = context;

    log_line(LOG_LEVEL_INFO, "%s",
             server_view(a->server)->state == SERVER_CONNECTED
                 ? "Server started"
                 : "Server started - some features may be degraded");
}

void
agent_parts_locate(void *context)
{
    struct agent *a = context;
    const struct server_view *v = server_view(a->server);
    const struct info_settings *s = &v->settings;
    const char *directory = config_text(a->config, CONFIG_DATA_DIR);
    struct watch_names names = {
        .data_dir = directory != NULL ? directory : s->dir,
        .dbfilename = s->dbfilename != NULL ? s->dbfilename : "dump.rdb",
        .appendfilename = s->appendfilename != NULL ? s->appendfilename
                                                    : "appendonly.aof",
        .appenddirname = v->settings_known ? s->appenddirname : "appendonlydir",
        /* INFO is younger than the settings. */
        .appendonly = v->info_ms >= 0 ? v->info.aof_enabled : s->appendonly,
    };

    watch_point(a->watch, &names);
    tally_look(a->tally);
    agent_parts_look(a);
}

static void
on_new_rdb(void *context)
{
    struct agent *a = context;
    const char *path = watch_view(a->watch)->rdb_path;

    if (config_flag(a->config, CONFIG_SNAPSHOT_ON_NEW_RDB))
        plan_ask(a->plan, PLAN_SNAPSHOT, "a new dump.rdb");
    else if (path != NULL)
        dump_judge(a->dump, path, a->config);
    agent_parts_look(a);
}

static void
on_watch(void *context)
{
    agent_parts_look(context);
}

static void
on_judged(void *context, const char *problem)
{
    struct agent *a = context;

    if (problem == NULL)
        return;
    agent_words_dump(a, problem);
    agent_parts_look(a);
}

int
agent_parts_take_over(struct agent *a, struct terms *next, struct error *e)
{
    const struct config *c = &next->config;

    if (server_reload(a->server, c, e) != 0)
        return -1;
    if (http_reload(a->http, c, e) != 0) {
        struct error ignored;

        server_reload(a->server, a->config, &ignored);
        return -1;
    }
    plan_reload(a->plan, next);
    repository_reload(a->repository, next);
    watch_set_collapse(a->watch,
                       (unsigned)config_number(c, CONFIG_ALARMS_COLLAPSE));
    hooks_reload(a->hooks, c);
    dependency_reload(a->dependencies, c);
    queue_watch_reload(a->queues, next);
    tally_reload(a->tally, next);
    agent_words_log_level(c);
    terms_free(a->terms);
    a->terms = next;
    a->config = c;
    agent_parts_locate(a);
    return 0;
}

int
agent_parts_open(struct agent *a, struct error *e)
{
    const struct config *c = a->config;
    const struct server_events server_events = {
        on_server, on_first_attempt, agent_parts_locate, agent_parts_locate, a};
    const struct plan_events plan_events = {on_job, a};
    const struct repository_events repository_events = {on_repository, on_state,
                                                        a};
    const struct watch_events watch_events = {on_new_rdb, on_watch, a};

    a->service = service_new();
    a->notices = notice_new();
    a->alarms = alarm_new(a->notices);
    a->program = worker_find_program(e);
    if (a->program == NULL)
        return -1;
    a->hooks = hooks_new(a->base, c, a->program, a->notices);
    a->server = server_new(a->base, c, a->notices, &server_events, e);
    if (a->server == NULL)
        return -1;
    a->plan = plan_new(a->base, a->terms, a->program, a->server, a->notices,
                       &plan_events);
    a->repository =
        repository_new(a->base, a->terms, a->program, &repository_events);
    a->watch = watch_new(a->base, a->notices,
                         (unsigned)config_number(c, CONFIG_ALARMS_COLLAPSE),
                         &watch_events, e);
    if (a->watch == NULL)
        return -1;
    a->dump = dump_new(a->base, a->program, on_judged, a);
    a->dependencies = dependency_new(a->base, c, a->program, a->notices);
    a->queues = queue_watch_new(a->base, a->terms, a->program, a->server);
    a->tally = tally_new(a->base, a->terms, a->program, a->server, a->notices,
                         on_tally, a);
    *e = (struct error){0};
    a->http = http_new(a, e);
    return a->http == NULL && e->kind != ERROR_NONE ? -1 : 0;
}

void
agent_parts_close(struct agent *a)
{
    http_free(a->http);
    queue_watch_free(a->queues);
    tally_free(a->tally);
    dependency_free(a->dependencies);
    dump_free(a->dump);
    watch_free(a->watch);
    plan_free(a->plan);
    repository_free(a->repository);
    server_free(a->server);
    hooks_free(a->hooks);
    alarm_free(a->alarms);
    notice_free(a->notices);
    service_free(a->service);
    free(a->program);
    lock_release(&a->lock);
    terms_free(a->terms);
}
