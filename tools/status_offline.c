#include "status_offline.h"

#include <stdlib.h>
#include <string.h>

#include "base/lock.h"
#include "base/text.h"
#include "jobs/lookout.h"
#include "jobs/state_file.h"
#include "jobs/value.h"
#include "repo/storage.h"
#include "status_shape.h"

/* What there is to tell from. */
struct found {
    const struct config *config;
    json_t *seen;    /* by a look at the repository */
    json_t *catalog; /* in seen; NULL: it could not be read */
    json_t *notes;   /* of the agent; NULL: none that can be read */
    int64_t pid;     /* of an agent that runs; -1: none is known of */
};

static void
find(struct found *f)
{
    struct lookout lookout;
    struct error ignored = {0};
    int dir;

    lookout_open(&lookout, config_text(f->config, CONFIG_REPO),
                 config_text(f->config, CONFIG_INSTANCE),
                 (double)config_number(f->config, CONFIG_ALARMS_COLLAPSE),
                 false);
    f->seen = lookout_look(&lookout);
    f->catalog = json_object_get(f->seen, "catalog");
    if (!json_is_object(f->catalog))
        f->catalog = NULL;
    dir = lookout.folders[LOOKOUT_INSTANCE].fd;
    f->pid = dir >= 0 ? lock_find_holder(dir, "locks/agent") : 0;
    if (f->pid == 0)
        f->pid = -1;
    if (dir >= 0)
        state_file_load(dir, &f->notes, &ignored);
    lookout_close(&lookout);
}

/* Why the agent could not be asked; "" if it was not to be, and runs. */
static char *
describe_problem(const struct found *f, const char *address)
{
    if (f->pid > 0 && address != NULL)
        return text_format("redkeepd runs (pid %lld), but nobody answers at %s",
                           (long long)f->pid, address);
    if (f->pid > 0)
        return text_format("%s", "");
    if (address != NULL)
        return text_format("redkeepd does not run: nobody answers at %s",
                           address);
    return text_format("redkeepd does not run");
}

/* A reference to what the object has there; null if it has not. */
static json_t *
copy_of(const json_t *object, const char *key)
{
    json_t *value = json_object_get(object, key);

    return value != NULL ? json_incref(value) : json_null();
}

static json_t *
describe_repository(const struct found *f)
{
    const char *path = config_text(f->config, CONFIG_REPO);

    /* Whether the agent may write there is not ours to say. */
    return json_pack(
        "{s:s, s:n, s:o, s:o, s:o, s:o}", "path", path, "writable", "snapshots",
        copy_of(f->catalog, "snapshots"), "bytes", copy_of(f->catalog, "used"),
        "free_bytes", copy_of(f->seen, "free"), "problem",
        f->catalog == NULL ? copy_of(f->seen, "problem") : json_null());
}

static json_t *
describe_run(const json_t *last)
{
    if (!json_is_object(last))
        return json_null();
    return json_pack(
        "{s:o, s:o, s:o, s:o, s:o, s:o}", "started", copy_of(last, "started"),
        "finished", copy_of(last, "finished"), "result",
        copy_of(last, "result"), "exit_status",
        value_number(status_shape_number(last, "exit_status")), "signal",
        status_shape_number(last, "signal") > 0 ? copy_of(last, "signal")
                                                : json_null(),
        "text", copy_of(last, "text"));
}

static json_t *
describe_jobs(const struct found *f)
{
    static const struct {
        const char *name;
        enum config_key schedule;
    } jobs[] = {
        {"snapshot", CONFIG_SCHEDULE_SNAPSHOT},
        {"bgsave", CONFIG_SCHEDULE_BGSAVE},
        {"bgrewriteaof", CONFIG_SCHEDULE_BGREWRITEAOF},
        {"drill", CONFIG_SCHEDULE_DRILL},
        {"verify", CONFIG_SCHEDULE_VERIFY},
        {"prune", CONFIG_SCHEDULE_PRUNE},
    };
    json_t *all = json_array();

    for (size_t i = 0; i < sizeof jobs / sizeof *jobs; i++) {
        const json_t *noted =
            json_object_get(json_object_get(f->notes, "jobs"), jobs[i].name);
        const char *schedule = config_text(f->config, jobs[i].schedule);
        bool is_off = strcmp(schedule, "off") == 0;

        json_array_append_new(
            all, json_pack("{s:s, s:s, s:o, s:n, s:n, s:o, s:o, s:o}", "name",
                           jobs[i].name, "schedule", schedule, "state",
                           is_off ? json_string("off") : json_null(), "pid",
                           "next", "runs", copy_of(noted, "runs"), "failures",
                           copy_of(noted, "failures"), "last",
                           describe_run(json_object_get(noted, "last"))));
    }
    return all;
}

static json_t *
describe(const struct found *f, const char *problem, int64_t now_ms)
{
    const char *instance = config_text(f->config, CONFIG_INSTANCE);
    json_t *list = json_object_get(f->catalog, "list");
    json_t *gaps = json_object_get(list, "gaps");
    json_t *alarms = json_object_get(f->notes, "alarms");
    json_t *windows = json_object_get(list, "windows");
    size_t count = json_array_size(windows);

    return json_pack(
        "{s:s, s:n, s:o, s:o, s:n, s:{s:o, s:n, s:n}, s:o, s:o, s:o, s:o, s:o,"
        " s:o, s:o, s:o, s:n, s:o, s:n, s:{s:n, s:n, s:{}, s:o, s:o}, s:o, s:o,"
        " s:o}",
        "instance", instance, "version", "pid", value_number(f->pid), "time",
        value_time(now_ms), "uptime", "config", "file",
        value_string(f->config->path), "loaded", "error", "server",
        status_shape_no_server(), "protected_until",
        value_time(status_shape_number(f->catalog, "protected")),
        "restore_window",
        count > 0 ? json_incref(json_array_get(windows, count - 1))
                  : json_null(),
        "gaps",
        gaps != NULL ? json_integer((json_int_t)json_array_size(gaps))
                     : json_null(),
        "last_snapshot", copy_of(f->catalog, "last"), "last_good_snapshot",
        copy_of(f->catalog, "last_good"), "last_drill",
        copy_of(f->catalog, "last_drill"), "jobs", describe_jobs(f), "watch",
        "repository", describe_repository(f), "archive", "retention", "kept",
        "removed", "reasons", "frozen", copy_of(f->catalog, "frozen"), "text",
        copy_of(f->catalog, "frozen_text"), "alarms",
        alarms != NULL ? json_incref(alarms) : json_array(), "problem",
        value_text(problem), "state_written", copy_of(f->notes, "saved"));
}

/* Who opens a repository to read it says best why there is none. */
static void
refuse(const struct found *f, const char *problem, struct error *e)
{
    struct storage storage;

    if (storage_open(&storage, config_text(f->config, CONFIG_REPO),
                     config_text(f->config, CONFIG_INSTANCE), e) == 0) {
        storage_close(&storage);
        error_set(e, ERROR_FAILED, "%s",
                  status_shape_word(f->seen, "problem", "no repository"));
    }
    if (*problem != '\0')
        error_set(e, e->kind, "%s; %s", problem, e->text);
}

int
status_offline_read(const struct config *config, const char *address,
                    int64_t now_ms, json_t **state, struct error *e)
{
    struct found f = {.config = config};
    char *problem;
    int rc = -1;

    find(&f);
    problem = describe_problem(&f, address);
    if (f.catalog == NULL && f.notes == NULL) {
        refuse(&f, problem, e);
        goto out;
    }
    rc = 0;
    *state = describe(&f, problem, now_ms);
    if (status_shape_check(*state, e) != 0) {
        /* Only the agent's notes can be of another shape. */
        json_decref(*state);
        json_decref(f.notes);
        f.notes = NULL;
        *state = describe(&f, problem, now_ms);
    }

out:
    free(problem);
    json_decref(f.notes);
    json_decref(f.seen);
    return rc;
}
