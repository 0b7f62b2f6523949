#include "status_offline.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "answer.h"
#include "base/file.h"
#include "base/text.h"
#include "repo/storage.h"
#include "status_shape.h"

enum { STATE_MAX = 16 << 20 };

/* What is there to tell from. */
struct found {
    const char *repo, *instance;
    struct storage storage;
    struct catalog catalog;
    bool opened;        /* the repository, and its catalog is loaded */
    struct error error; /* why it is not */
    json_t *saved;      /* the agent's state; NULL: none that can be read */
    int64_t saved_ms;
};

static int
open_repository(struct found *s)
{
    if (storage_open(&s->storage, s->repo, s->instance, &s->error) != 0 ||
        catalog_load(&s->catalog, s->storage.snapshots_dir, &s->error) != 0)
        return -1;
    s->opened = true;
    return 0;
}

/* One that is not there, or not what it should be, tells nothing. */
static void
load_saved(struct found *s)
{
    char *path = text_format("%s/%s/agent/state.json", s->repo, s->instance);
    struct file_identity identity;
    struct error ignored = {0};
    char *bytes = NULL;
    size_t size;

    if (file_identify_at(AT_FDCWD, path, &identity, &ignored) == 0 &&
        file_load(AT_FDCWD, path, STATE_MAX, &bytes, &size, &ignored) == 0)
        s->saved = json_loadb(bytes, size, 0, NULL);
    if (s->saved != NULL)
        s->saved_ms = identity.mtime_ns / 1000000;
    free(bytes);
    free(path);
}

static json_t *
write_entry(const struct catalog_entry *n)
{
    json_t *bound;

    if (n == NULL)
        return json_null();
    bound = n->bound == CATALOG_NO_SERVER
                ? json_null()
                : json_boolean(n->bound == CATALOG_BOUND);

    return json_pack(
        "{s:s, s:s, s:o, s:o, s:I, s:I, s:s, s:o, s:o, s:o, s:b}", "id", n->id,
        "kind", n->kind == CATALOG_FULL ? "full" : "incremental", "parent",
        answer_text(n->parent), "state_time", answer_time(n->state_time_ms),
        "bytes_source", (json_int_t)n->bytes_source, "bytes_stored",
        (json_int_t)n->bytes_stored, "verdict", verdict_name(n->verdict),
        "bound", bound, "keys", answer_number(n->keys), "verified",
        answer_time(n->verified_ms), "held", n->held);
}

/* Of good snapshots proven to be of the server, the newest data; or -1. */
static int64_t
find_protected(const struct catalog *catalog)
{
    int64_t newest = -1;

    for (size_t i = 0; i < catalog->count; i++) {
        const struct catalog_entry *n = &catalog->items[i].entry;

        if (catalog->items[i].broken.kind == ERROR_NONE &&
            n->verdict == VERDICT_SOUND && n->bound == CATALOG_BOUND &&
            n->state_time_ms > newest)
            newest = n->state_time_ms;
    }
    return newest;
}

static json_t *
describe_repository(const struct found *s)
{
    uint64_t bytes = 0, left;
    struct error ignored = {0};
    bool measured;

    if (!s->opened)
        return json_pack("{s:s, s:n, s:n, s:n, s:n, s:o}", "path", s->repo,
                         "writable", "snapshots", "bytes", "free_bytes",
                         "problem", answer_text(s->error.text));
    for (size_t i = 0; i < s->catalog.count; i++)
        bytes += s->catalog.items[i].entry.bytes_stored;
    measured = file_free_bytes(s->storage.snapshots_dir, &left, &ignored) == 0;
    return json_pack("{s:s, s:n, s:I, s:I, s:o, s:n}", "path", s->repo,
                     "writable", "snapshots", (json_int_t)s->catalog.count,
                     "bytes", (json_int_t)bytes, "free_bytes",
                     measured ? json_integer((json_int_t)left) : json_null(),
                     "problem");
}

/* What the agent noted of a job, borrowed; NULL: nothing. */
static const json_t *
find_job(const json_t *jobs, const char *name)
{
    size_t i;
    json_t *job;

    json_array_foreach(jobs, i, job)
    {
        const char *its = status_shape_text(job, "name");

        if (its != NULL && strcmp(its, name) == 0)
            return job;
    }
    return json_object_get(jobs, name);
}

static json_t *
copy_of(const json_t *object, const char *key)
{
    json_t *value = json_object_get(object, key);

    return value != NULL ? json_incref(value) : json_null();
}

static json_t *
describe_jobs(const struct config *config, const json_t *saved)
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
        const json_t *job =
            find_job(json_object_get(saved, "jobs"), jobs[i].name);

        json_array_append_new(
            all, json_pack("{s:s, s:o, s:n, s:n, s:n, s:o, s:o, s:o}", "name",
                           jobs[i].name, "schedule",
                           answer_text(config_text(config, jobs[i].schedule)),
                           "state", "pid", "next", "runs", copy_of(job, "runs"),
                           "failures", copy_of(job, "failures"), "last",
                           copy_of(job, "last")));
    }
    return all;
}

static json_t *
describe_server(void)
{
    static const char *const keys[] = {
        "state",
        "product",
        "version",
        "run_id",
        "role",
        "loading",
        "data_dir",
        "appendonly",
        "keys",
        "used_memory",
        "maxmemory",
        "maxmemory_policy",
        "last_save",
        "last_save_ok",
        "changes_since_save",
        "aof_last_write_ok",
        "aof_last_rewrite_ok",
    };
    json_t *server = json_object();

    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        json_object_set_new(server, keys[i], json_null());
    return server;
}

static json_t *
describe(const struct found *s, const struct config *config,
         const char *problem, int64_t now_ms)
{
    json_t *alarms = json_object_get(s->saved, "alarms");
    const struct catalog *c = &s->catalog;

    return json_pack(
        "{s:s, s:n, s:n, s:o, s:n, s:{s:o, s:n, s:n}, s:o, s:o, s:n, s:i, s:o,"
        " s:o, s:n, s:o, s:n, s:o, s:n, s:n, s:o, s:o, s:o}",
        "instance", s->instance, "version", "pid", "time", answer_time(now_ms),
        "uptime", "config", "file", answer_text(config->path), "loaded",
        "error", "server", describe_server(), "protected_until",
        answer_time(find_protected(c)), "restore_window", "gaps", 0,
        "last_snapshot", write_entry(catalog_newest(c, false)),
        "last_good_snapshot", write_entry(catalog_newest(c, true)),
        "last_drill", "jobs", describe_jobs(config, s->saved), "watch",
        "repository", describe_repository(s), "archive", "retention", "alarms",
        alarms != NULL ? json_incref(alarms) : json_array(), "problem",
        answer_text(problem), "state_written", answer_time(s->saved_ms));
}

int
status_offline_read(const struct config *config, const char *problem,
                    int64_t now_ms, json_t **state, struct error *e)
{
    struct found s = {
        .repo = config_text(config, CONFIG_REPO),
        .instance = config_text(config, CONFIG_INSTANCE),
        .storage = {.instance_dir = -1, .snapshots_dir = -1},
        .saved_ms = -1,
    };
    int rc = open_repository(&s);

    load_saved(&s);
    if (rc != 0 && s.saved == NULL) {
        *e = s.error;
        goto out;
    }
    rc = 0;
    *state = describe(&s, config, problem, now_ms);
    if (status_shape_check(*state, e) != 0) {
        /* Only what the agent noted can be of another shape. */
        json_decref(*state);
        json_decref(s.saved);
        s.saved = NULL;
        s.saved_ms = -1;
        *state = describe(&s, config, problem, now_ms);
    }

out:
    json_decref(s.saved);
    catalog_clear(&s.catalog);
    storage_close(&s.storage);
    return rc;
}
