#include "daemon/metrics.h"

#include <dirent.h>
#include <math.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "daemon/agent.h"
#include "daemon/metrics_counters.h"
#include "daemon/metrics_queues.h"
#include "daemon/metrics_server.h"
#include "daemon/metrics_text.h"
#include "jobs/value.h"

static double
known(int64_t value)
{
    return value < 0 ? NAN : (double)value;
}

static double
seconds(int64_t ms)
{
    return known(ms) / 1e3;
}

/* A number of a report or of an entry of the catalog; NAN if it has none. */
static double
number_in(const json_t *object, const char *name)
{
    const json_t *value = json_object_get(object, name);

    return json_is_number(value) ? json_number_value(value) : NAN;
}

/* Of the newest window. */
static double
window_start(const struct repository_view *r)
{
    const json_t *windows = json_object_get(r->list, "windows");
    size_t count = json_array_size(windows);
    const json_t *last = count == 0 ? NULL : json_array_get(windows, count - 1);

    return seconds(value_read_time(last, "from"));
}

static double
resident_bytes(void)
{
    FILE *file = fopen("/proc/self/statm", "re");
    unsigned long all, resident;
    double bytes = NAN;

    if (file == NULL)
        return NAN;
    if (fscanf(file, "%lu %lu", &all, &resident) == 2)
        bytes = (double)resident * (double)sysconf(_SC_PAGESIZE);
    fclose(file);
    return bytes;
}

static double
open_descriptors(void)
{
    DIR *dir = opendir("/proc/self/fd");
    double count = -3; /* ".", ".." and the one that lists them */

    if (dir == NULL)
        return NAN;
    while (readdir(dir) != NULL)
        count++;
    closedir(dir);
    return count;
}

static double
processor_seconds(void)
{
    struct timespec used;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
    return (double)used.tv_sec + (double)used.tv_nsec / 1e9;
}

static void
write_process(const struct agent *agent, struct evbuffer *out)
{
    static const char info[] = "redkeep_build_info";

    metrics_text_family(out, info, "The version that runs; always 1.");
    metrics_text_sample(out, info,
                        (const char *[]){"version", REDKEEP_VERSION, NULL}, 1);
    metrics_text_single(out, "redkeep_start_time_seconds",
                        seconds(agent->started_ms), "When the agent started.");
    metrics_text_single(out, "redkeep_config_last_reload_ok",
                        *agent->config_error == '\0',
                        "Whether the configuration was good when last read.");
    metrics_text_single(out, "process_resident_memory_bytes", resident_bytes(),
                        "Resident memory of the agent.");
    metrics_text_single(out, "process_open_fds", open_descriptors(),
                        "Open descriptors of the agent.");
    metrics_text_single(out, "process_cpu_seconds_total", processor_seconds(),
                        "Processor time of the agent.");
}

static void
write_snapshots(const struct repository_view *r, struct evbuffer *out)
{
    static const char name[] = "redkeep_snapshots";
    const json_t *gaps = json_object_get(r->list, "gaps");
    const struct {
        const char *verdict;
        int64_t count;
    } verdicts[] = {{"sound", r->sound},
                    {"torn", r->torn},
                    {"damaged", r->damaged},
                    {"unknown", r->unknown}};

    if (r->sound >= 0)
        metrics_text_family(out, name, "Snapshots kept, by their verdict.");
    for (int i = 0; r->sound >= 0 && i < 4; i++)
        metrics_text_sample(
            out, name, (const char *[]){"verdict", verdicts[i].verdict, NULL},
            (double)verdicts[i].count);
    metrics_text_single(out, "redkeep_snapshot_last_good_timestamp_seconds",
                        seconds(r->last_good_time_ms),
                        "Time of the data of the newest good snapshot.");
    metrics_text_single(out, "redkeep_snapshot_last_source_bytes",
                        number_in(r->last, "bytes_source"),
                        "Size of the data of the newest snapshot.");
    metrics_text_single(out, "redkeep_snapshot_last_stored_bytes",
                        number_in(r->last, "bytes_stored"),
                        "What the newest snapshot takes.");
    metrics_text_single(out, "redkeep_protected_until_timestamp_seconds",
                        seconds(r->protected_ms),
                        "Up to when all data can be restored.");
    metrics_text_single(out, "redkeep_restore_window_start_timestamp_seconds",
                        window_start(r),
                        "From when on any moment can be restored.");
    metrics_text_single(out, "redkeep_log_gaps",
                        gaps == NULL ? NAN : (double)json_array_size(gaps),
                        "Gaps in the continuous archive.");
}

static void
write_repository(const struct repository_view *r, struct evbuffer *out)
{
    bool told = r->known || *r->problem != '\0';

    metrics_text_single(out, "redkeep_repository_ok", told ? r->ok : NAN,
                        "Whether snapshots can be kept there.");
    metrics_text_single(out, "redkeep_repository_used_bytes",
                        known(r->used_bytes), "What the repository takes.");
    metrics_text_single(out, "redkeep_repository_free_bytes",
                        known(r->free_bytes),
                        "What is free on its file system.");
    metrics_text_single(out, "redkeep_retention_frozen",
                        r->known ? r->frozen : NAN,
                        "Whether retention stands still: the newest data looks "
                        "wrong.");
}

static void
write_runs(const struct agent *agent, struct evbuffer *out)
{
    static const char name[] = "redkeep_job_runs_total";

    metrics_text_family(out, name, "Runs of a job, by what came of them.");
    for (int j = 0; j < PLAN_JOBS; j++) {
        const struct plan_view *p = plan_view(agent->plan, (enum plan_job)j);

        for (int r = 0; r < PLAN_RESULTS; r++)
            metrics_text_sample(
                out, name,
                (const char *[]){"job", p->name, "result",
                                 plan_result_name((enum plan_result)r), NULL},
                (double)p->results[r]);
    }
}

static double
job_running(const struct plan_view *p)
{
    return p->state == PLAN_RUNNING;
}

static double
job_success(const struct plan_view *p)
{
    return seconds(p->last_ok_ms);
}

static double
job_duration(const struct plan_view *p)
{
    int64_t ms = p->last.finished_ms - p->last.started_ms;

    return p->runs == 0 || ms < 0 ? NAN : seconds(ms);
}

static double
job_next(const struct plan_view *p)
{
    return seconds(p->next_ms);
}

/* One sample a job; those that are not known, and a family of none, are left
 * out. */
static void
write_each_job(const struct agent *agent, struct evbuffer *out,
               const char *name, double (*value)(const struct plan_view *p),
               const char *help)
{
    bool begun = false;

    for (int j = 0; j < PLAN_JOBS; j++) {
        const struct plan_view *p = plan_view(agent->plan, (enum plan_job)j);

        if (isnan(value(p)))
            continue;
        if (!begun)
            metrics_text_family(out, name, help);
        begun = true;
        metrics_text_sample(out, name, (const char *[]){"job", p->name, NULL},
                            value(p));
    }
}

static void
write_jobs(const struct agent *agent, struct evbuffer *out)
{
    const json_t *noted = repository_view(agent->repository)->last_drill;
    const json_t *drill =
        noted != NULL ? noted : plan_view(agent->plan, PLAN_DRILL)->report;
    const json_t *ok = json_object_get(drill, "ok");

    write_runs(agent, out);
    write_each_job(agent, out, "redkeep_job_running", job_running,
                   "Whether the job runs now.");
    write_each_job(agent, out, "redkeep_job_last_success_timestamp_seconds",
                   job_success, "When its last good run ended.");
    write_each_job(agent, out, "redkeep_job_last_duration_seconds",
                   job_duration, "How long its last run took.");
    write_each_job(agent, out, "redkeep_job_next_run_timestamp_seconds",
                   job_next, "When it runs next.");
    metrics_text_single(out, "redkeep_drill_last_ok",
                        json_is_boolean(ok) ? json_is_true(ok) : NAN,
                        "Whether the last drill could restore.");
    metrics_text_single(out, "redkeep_drill_load_seconds",
                        number_in(drill, "load_seconds"),
                        "How long a server took to load the restored data.");
}

static void
write_watch(const struct agent *agent, struct evbuffer *out)
{
    static const char name[] = "redkeep_watch_events_total";
    static const char *const files[] = {"rdb", "manifest", "aof"};
    const struct watch_view *w = watch_view(agent->watch);

    metrics_text_family(out, name, "Changes seen in the data directory.");
    for (int i = 0; i < WATCH_FILES; i++)
        metrics_text_sample(out, name, (const char *[]){"file", files[i], NULL},
                            (double)w->events[i]);
}

static void
write_alarms(const struct agent *agent, struct evbuffer *out)
{
    static const char name[] = "redkeep_alarm_raised";
    size_t count;
    const struct alarm *list = alarm_list(agent->alarms, &count);

    metrics_text_family(out, name, "Whether the alarm is raised.");
    for (size_t i = 0; i < count; i++)
        metrics_text_sample(out, name,
                            (const char *[]){"alarm", list[i].name, NULL},
                            list[i].raised);
}

static void
write_dependencies(const struct agent *agent, struct evbuffer *out)
{
    static const char name[] = "redkeep_dependency_up";
    bool begun = false;

    for (size_t i = 0; i < dependency_count(agent->dependencies); i++) {
        const struct dependency_view *d =
            dependency_view(agent->dependencies, i);

        if (!d->known)
            continue;
        if (!begun)
            metrics_text_family(out, name, "Whether its check went well.");
        begun = true;
        metrics_text_sample(
            out, name, (const char *[]){"dependency", d->name, NULL}, d->up);
    }
}

static void
write_http(const struct agent *agent, struct evbuffer *out)
{
    static const char name[] = "redkeep_http_requests_total";
    const struct http_view *h = http_view(agent->http);
    char code[16];

    metrics_text_family(out, name, "Requests answered, by status.");
    for (unsigned i = 0; i < h->code_count; i++) {
        snprintf(code, sizeof code, "%d", h->codes[i].code);
        metrics_text_sample(out, name, (const char *[]){"code", code, NULL},
                            (double)h->codes[i].count);
    }
    metrics_text_single(out, "redkeep_http_connections", h->connections,
                        "Connections that are open now.");
}

void
metrics_write(const struct agent *agent, int64_t now_ms, struct evbuffer *out)
{
    (void)now_ms;
    write_process(agent, out);
    metrics_server_write(server_view(agent->server), out);
    write_snapshots(repository_view(agent->repository), out);
    write_repository(repository_view(agent->repository), out);
    write_jobs(agent, out);
    write_watch(agent, out);
    write_alarms(agent, out);
    write_dependencies(agent, out);
    metrics_queues_write(queue_watch_view(agent->queues), out);
    metrics_counters_write(agent, out);
    write_http(agent, out);
}
