#include "status_wrong.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "jobs/value.h"
#include "status_shape.h"

static const char away[] =
    "redis-cli ping; the server's own log tells why it went";

/* An alarm and the next command; by name, as the contract has them. */
static const struct {
    const char *alarm, *remedy;
} remedies[] = {
    {"server_away", away},
    {"server_restarted", "the server's own log tells why it restarted"},
    {"hit_rate", "redis-cli info stats (keyspace_hits, keyspace_misses)"},
    {"errors", "the agent's log tells each: journalctl -u redkeepd"},
    {"reconnects", "the agent's log tells each: journalctl -u redkeepd"},
    {"memory", "redis-cli --bigkeys; redis-cli config get maxmemory"},
    {"evictions", "redis-cli config get 'maxmemory*'"},
    {"fragmentation", "redis-cli memory doctor"},
    {"aof_grown", "redis-cli bgrewriteaof"},
    {"save_failed", "the server's own log tells why; then redis-cli bgsave"},
    {"rewrite_failed",
     "the server's own log tells why; then redis-cli bgrewriteaof"},
    {"aof_write_error", "the server's own log tells why; is its disk full?"},
    {"dump_stale", "redis-cli bgsave"},
    {"disk_low", "redkeep prune --dry-run"},
    {"log_behind", "redkeep list"},
    {"log_gap", "redkeep list"},
    {"snapshot_overdue", "redkeep snapshot"},
    {"snapshot_failed", "redkeep snapshot"},
    {"drill_overdue", "redkeep drill"},
    {"drill_failed", "redkeep drill"},
    {"dataset_collapsed",
     "redkeep list; if it was meant: redkeep prune --accept ID"},
    {"directory_unproven",
     "redkeep snapshot --verbose; data_dir may have to be set"},
    {"server_config_changed", "redis-cli config get dir dbfilename"},
    {"counters", "redkeep counters check"},
};

/* The alarm that a failed job raises itself. */
static const struct {
    const char *job, *alarm;
} alarms_of[] = {
    {"snapshot", "snapshot_failed"},    {"verify", "snapshot_failed"},
    {"drill", "drill_failed"},          {"bgsave", "save_failed"},
    {"bgrewriteaof", "rewrite_failed"},
};

static void add(struct status_wrongs *all, const char *remedy,
                const char *format, ...) __attribute__((format(printf, 3, 4)));

static void
add(struct status_wrongs *all, const char *remedy, const char *format, ...)
{
    struct status_wrong *w;
    va_list list;

    all->items =
        memory_grow(all->items, all->count, &all->capacity, sizeof *all->items);
    w = &all->items[all->count++];
    w->remedy = memory_dup(remedy);
    va_start(list, format);
    if (vasprintf(&w->text, format, list) < 0)
        w->text = memory_dup(format);
    va_end(list);
}

static void
look_at_agent(struct status_wrongs *all, const json_t *state)
{
    const json_t *config = json_object_get(state, "config");
    const char *instance = status_shape_text(state, "instance");
    const char *problem = status_shape_text(state, "problem");
    const char *refused = status_shape_text(config, "error");
    const char *file =
        status_shape_word(config, "file", "/etc/redkeep/redkeep.conf");
    char *word, *remedy;

    if (problem != NULL) {
        remedy = strcmp(instance, "main") == 0
                     ? text_format("systemctl status redkeepd")
                     : text_format("systemctl status redkeepd@%s", instance);
        add(all, remedy, "%s", problem);
        free(remedy);
    }
    if (refused == NULL)
        return;
    word = text_shell_word(file);
    remedy = text_format("redkeepd -n -c %s", word);
    add(all, remedy,
        "the configuration was changed and is refused, the one before stays"
        " in force: %s",
        refused);
    free(remedy);
    free(word);
}

static const json_t *
find_alarm(const json_t *state, const char *name)
{
    size_t i;
    json_t *alarm;

    json_array_foreach(json_object_get(state, "alarms"), i, alarm)
    {
        if (strcmp(status_shape_text(alarm, "name"), name) == 0)
            return alarm;
    }
    return NULL;
}

static bool
is_away(const json_t *server)
{
    const char *name = status_shape_text(server, "state");

    return name != NULL && strcmp(name, "connected") != 0;
}

/* What to do about a server that is away, and says why. */
static const char *
remedy_away(const char *why)
{
    if (why != NULL &&
        (strstr(why, "WRONGPASS") != NULL || strstr(why, "NOAUTH") != NULL))
        return "put the server's password into password_file, then reload the"
               " agent";
    return away;
}

static void
look_at_server(struct status_wrongs *all, const json_t *state)
{
    const json_t *server = json_object_get(state, "server");
    const char *name = status_shape_text(server, "state");
    const char *why = status_shape_text(server, "last_error");

    if (!is_away(server) || find_alarm(state, "server_away") != NULL)
        return;
    if (status_shape_is(server, "loading", true))
        add(all, NULL, "the server reads its data and does not serve yet");
    else
        add(all, remedy_away(why), "the server is not connected (%s)%s%s", name,
            why != NULL ? ": " : "", why != NULL ? why : "");
}

static void
look_at_repository(struct status_wrongs *all, const json_t *state)
{
    const json_t *repository = json_object_get(state, "repository");
    const char *path = status_shape_text(repository, "path");
    const char *problem = status_shape_text(repository, "problem");
    char *word = text_shell_word(path);
    char *remedy = text_format("ls -ld %s; df -h %s", word, word);

    if (problem != NULL && *problem != '\0')
        add(all, remedy, "the repository cannot be used: %s", problem);
    else if (status_shape_is(repository, "writable", false))
        add(all, remedy, "the repository %s cannot be written to", path);
    free(remedy);
    free(word);
}

static void
look_at_snapshots(struct status_wrongs *all, const json_t *state)
{
    const json_t *last = json_object_get(state, "last_snapshot");
    const json_t *good = json_object_get(state, "last_good_snapshot");
    const json_t *count =
        json_object_get(json_object_get(state, "repository"), "snapshots");
    const char *until = status_shape_text(state, "protected_until");
    const char *verdict;

    if (json_is_null(count) || count == NULL)
        return;
    if (!json_is_object(last)) {
        add(all,
            is_away(json_object_get(state, "server")) ? NULL
                                                      : "redkeep snapshot",
            "there is no snapshot yet");
        return;
    }
    verdict = status_shape_text(last, "verdict");
    if (strcmp(verdict, "sound") != 0)
        add(all, "redkeep check on the data directory shows what is wrong",
            "the last snapshot, %s, is %s", status_shape_text(last, "id"),
            verdict);
    else if (status_shape_is(last, "verify_ok", false))
        add(all, "redkeep snapshot",
            "the last snapshot, %s, is not what was stored",
            status_shape_text(last, "id"));
    if (!json_is_object(good))
        add(all, "redkeep snapshot", "there is no good snapshot");
    else if (until == NULL && find_alarm(state, "directory_unproven") == NULL)
        add(all, "redkeep snapshot, while the server runs",
            "no good snapshot is proven to be of this server's data");
}

static void
look_at_retention(struct status_wrongs *all, const json_t *state)
{
    const json_t *retention = json_object_get(state, "retention");

    if (status_shape_is(retention, "frozen", true) &&
        find_alarm(state, "dataset_collapsed") == NULL)
        add(all, "redkeep list; if it was meant: redkeep prune --accept ID",
            "retention removes nothing: %s",
            status_shape_word(retention, "text",
                              "the newest data looks wrong"));
}

static bool
has_own_alarm(const json_t *state, const char *job)
{
    for (size_t i = 0; i < sizeof alarms_of / sizeof *alarms_of; i++)
        if (strcmp(alarms_of[i].job, job) == 0)
            return find_alarm(state, alarms_of[i].alarm) != NULL;
    return false;
}

static void
look_at_jobs(struct status_wrongs *all, const json_t *state)
{
    size_t i;
    json_t *job;

    json_array_foreach(json_object_get(state, "jobs"), i, job)
    {
        const json_t *last = json_object_get(job, "last");
        const char *name = status_shape_text(job, "name");
        const char *result = status_shape_text(last, "result");
        char *remedy;

        if (result == NULL || has_own_alarm(state, name) ||
            (strcmp(result, "failed") != 0 && strcmp(result, "refused") != 0))
            continue;
        remedy = text_format(
            strncmp(name, "bg", 2) == 0 ? "redis-cli %s" : "redkeep %s", name);
        add(all, remedy, "the last %s %s: %s", name,
            strcmp(result, "refused") == 0 ? "was refused" : "failed",
            status_shape_word(last, "text", "no reason was given"));
        free(remedy);
    }
}

static void
look_at_alarm(struct status_wrongs *all, const json_t *alarm, int64_t now_ms)
{
    const char *name = status_shape_text(alarm, "name");
    const char *text = status_shape_word(alarm, "text", "raised");
    int64_t since_ms = value_read_time(alarm, "since");
    char age[TEXT_WORDS_SIZE];
    const char *remedy = NULL;

    for (size_t i = 0; i < sizeof remedies / sizeof *remedies; i++)
        if (strcmp(remedies[i].alarm, name) == 0)
            remedy = remedies[i].remedy;
    if (strcmp(name, "server_away") == 0)
        remedy = remedy_away(text);
    if (strncmp(text, "the last verify ", strlen("the last verify ")) == 0)
        remedy = "redkeep list shows which it is; redkeep snapshot";
    if (since_ms < 0 || since_ms > now_ms - 1000) {
        add(all, remedy, "alarm %s: %s", name, text);
        return;
    }
    text_write_duration(age, (uint64_t)(now_ms - since_ms));
    add(all, remedy, "alarm %s, for %s: %s", name, age, text);
}

void
status_wrong_look(struct status_wrongs *all, const json_t *state,
                  int64_t now_ms)
{
    size_t i;
    json_t *alarm;

    memset(all, 0, sizeof *all);
    look_at_agent(all, state);
    look_at_server(all, state);
    look_at_repository(all, state);
    look_at_snapshots(all, state);
    look_at_retention(all, state);
    look_at_jobs(all, state);
    json_array_foreach(json_object_get(state, "alarms"), i, alarm)
        look_at_alarm(all, alarm, now_ms);
}

void
status_wrong_clear(struct status_wrongs *all)
{
    for (size_t i = 0; i < all->count; i++) {
        free(all->items[i].text);
        free(all->items[i].remedy);
    }
    free(all->items);
    memset(all, 0, sizeof *all);
}
