#include "config/config_keys.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

/* No name is longer; edit distances are counted on the stack. */
enum { NAME_MAX_BYTES = 63 };

/* Bounds that mean: more than this is a slip of the pen. */
enum { HOUR_MS = 3600000, DAY_MS = 24 * HOUR_MS, COUNT_MAX = 1000000000 };
#define LONG_MS (UINT64_C(3660) * DAY_MS)

const struct config_key_info config_keys[CONFIG_KEYS] = {
    [CONFIG_INSTANCE] = {"redkeep", "instance", "main", NULL, 0, 0,
                         CONFIG_TYPE_NAME, false},
    [CONFIG_REDIS] = {"redkeep", "redis", "redis://127.0.0.1:6379", NULL, 0, 0,
                      CONFIG_TYPE_SERVER, true},
    [CONFIG_PASSWORD_FILE] = {"redkeep", "password_file", NULL, NULL, 0, 0,
                              CONFIG_TYPE_PATH, false},
    [CONFIG_DATA_DIR] = {"redkeep", "data_dir", NULL, NULL, 0, 0,
                         CONFIG_TYPE_PATH, false},
    [CONFIG_REPO] = {"redkeep", "repo", "/var/lib/redkeep", NULL, 0, 0,
                     CONFIG_TYPE_PATH, false},
    [CONFIG_LOG_LEVEL] = {"redkeep", "log_level", "info",
                          "error warn info debug", 0, 0, CONFIG_TYPE_WORD,
                          false},

    [CONFIG_CONNECTION_START_ATTEMPTS] = {"connection", "start_attempts", "20",
                                          NULL, 1, 1000, CONFIG_TYPE_NUMBER,
                                          false},
    [CONFIG_CONNECTION_DELAYS] = {"connection", "delays", "1s,2s,4s,8s,15s",
                                  NULL, 1, HOUR_MS, CONFIG_TYPE_DURATIONS,
                                  false},
    [CONFIG_CONNECTION_JITTER] = {"connection", "jitter", "10", NULL, 0, 50,
                                  CONFIG_TYPE_NUMBER, false},
    [CONFIG_CONNECTION_CONNECT_TIMEOUT] = {"connection", "connect_timeout",
                                           "5s", NULL, 1, HOUR_MS,
                                           CONFIG_TYPE_DURATION, false},
    [CONFIG_CONNECTION_COMMAND_TIMEOUT] = {"connection", "command_timeout",
                                           "2s", NULL, 1, HOUR_MS,
                                           CONFIG_TYPE_DURATION, false},
    [CONFIG_CONNECTION_PING_INTERVAL] = {"connection", "ping_interval", "1s",
                                         NULL, 10, HOUR_MS,
                                         CONFIG_TYPE_DURATION, false},
    [CONFIG_CONNECTION_INFO_INTERVAL] = {"connection", "info_interval", "5s",
                                         NULL, 10, HOUR_MS,
                                         CONFIG_TYPE_DURATION, false},
    [CONFIG_CONNECTION_TLS_CA] = {"connection", "tls_ca", NULL, NULL, 0, 0,
                                  CONFIG_TYPE_PATH, false},
    [CONFIG_CONNECTION_TLS_CERT] = {"connection", "tls_cert", NULL, NULL, 0, 0,
                                    CONFIG_TYPE_PATH, false},
    [CONFIG_CONNECTION_TLS_KEY] = {"connection", "tls_key", NULL, NULL, 0, 0,
                                   CONFIG_TYPE_PATH, false},
    [CONFIG_CONNECTION_TLS_VERIFY] = {"connection", "tls_verify", "yes", NULL,
                                      0, 0, CONFIG_TYPE_FLAG, false},

    [CONFIG_HTTP_LISTEN] = {"http", "listen", "127.0.0.1:9736", NULL, 0, 0,
                            CONFIG_TYPE_LISTEN, false},
    [CONFIG_HTTP_TOKEN] = {"http", "token", NULL, NULL, 16, 256,
                           CONFIG_TYPE_TOKEN, true},
    [CONFIG_HTTP_TOKEN_FILE] = {"http", "token_file", NULL, NULL, 0, 0,
                                CONFIG_TYPE_PATH, false},
    [CONFIG_HTTP_TOKEN_PROBES] = {"http", "token_probes", "no", NULL, 0, 0,
                                  CONFIG_TYPE_FLAG, false},
    [CONFIG_HTTP_MAX_CONNECTIONS] = {"http", "max_connections", "128", NULL, 8,
                                     4096, CONFIG_TYPE_NUMBER, false},
    [CONFIG_HTTP_REQUEST_TIMEOUT] = {"http", "request_timeout", "10s", NULL, 1,
                                     HOUR_MS, CONFIG_TYPE_DURATION, false},
    [CONFIG_HTTP_IDLE_TIMEOUT] = {"http", "idle_timeout", "30s", NULL, 1,
                                  HOUR_MS, CONFIG_TYPE_DURATION, false},

    [CONFIG_SCHEDULE_SNAPSHOT] = {"schedule", "snapshot", "every 1h", NULL, 0,
                                  0, CONFIG_TYPE_SCHEDULE, false},
    [CONFIG_SCHEDULE_BGSAVE] = {"schedule", "bgsave", "off", NULL, 0, 0,
                                CONFIG_TYPE_SCHEDULE, false},
    [CONFIG_SCHEDULE_BGREWRITEAOF] = {"schedule", "bgrewriteaof", "off", NULL,
                                      0, 0, CONFIG_TYPE_SCHEDULE, false},
    [CONFIG_SCHEDULE_DRILL] = {"schedule", "drill", "every 7d", NULL, 0, 0,
                               CONFIG_TYPE_SCHEDULE, false},
    [CONFIG_SCHEDULE_VERIFY] = {"schedule", "verify", "every 1d", NULL, 0, 0,
                                CONFIG_TYPE_SCHEDULE, false},
    [CONFIG_SCHEDULE_PRUNE] = {"schedule", "prune", "after snapshot",
                               "after snapshot", 0, 0, CONFIG_TYPE_SCHEDULE,
                               false},
    [CONFIG_SCHEDULE_JITTER] = {"schedule", "jitter", "0", NULL, 0, DAY_MS,
                                CONFIG_TYPE_DURATION, false},
    [CONFIG_SCHEDULE_CATCH_UP] = {"schedule", "catch_up", "yes", NULL, 0, 0,
                                  CONFIG_TYPE_FLAG, false},

    [CONFIG_SNAPSHOT_COMPRESSION] = {"snapshot", "compression", "zstd",
                                     "zstd gzip none", 0, 0, CONFIG_TYPE_WORD,
                                     false},
    [CONFIG_SNAPSHOT_LEVEL] = {"snapshot", "level", "3", NULL, 1, 19,
                               CONFIG_TYPE_NUMBER, false},
    [CONFIG_SNAPSHOT_FULL_EVERY] = {"snapshot", "full_every", "7d", NULL, 0,
                                    LONG_MS, CONFIG_TYPE_DURATION, false},
    [CONFIG_SNAPSHOT_MAX_CHAIN] = {"snapshot", "max_chain", "24", NULL, 0, 100,
                                   CONFIG_TYPE_NUMBER, false},
    [CONFIG_SNAPSHOT_READ_RATE] = {"snapshot", "read_rate", "0", NULL, 0, 0,
                                   CONFIG_TYPE_SIZE, false},
    [CONFIG_SNAPSHOT_MAX_AGE] = {"snapshot", "max_age", "1h", NULL, 0, LONG_MS,
                                 CONFIG_TYPE_DURATION, false},
    [CONFIG_SNAPSHOT_ON_NEW_RDB] = {"snapshot", "on_new_rdb", "no", NULL, 0, 0,
                                    CONFIG_TYPE_FLAG, false},
    [CONFIG_SNAPSHOT_INCLUDE] = {"snapshot", "include", "acl,nodes,config",
                                 "acl nodes config", 0, 0, CONFIG_TYPE_WORDS,
                                 false},

    [CONFIG_JOBS_NICE] = {"jobs", "nice", "10", NULL, 0, 19, CONFIG_TYPE_NUMBER,
                          false},
    [CONFIG_JOBS_IO_IDLE] = {"jobs", "io_idle", "yes", NULL, 0, 0,
                             CONFIG_TYPE_FLAG, false},
    [CONFIG_JOBS_MEMORY_LIMIT] = {"jobs", "memory_limit", "1GiB", NULL,
                                  64 << 20, 0, CONFIG_TYPE_SIZE, false},
    [CONFIG_JOBS_TIME_LIMIT] = {"jobs", "time_limit", "6h", NULL, 1000, LONG_MS,
                                CONFIG_TYPE_DURATION, false},

    [CONFIG_LOG_FOLLOW] = {"log", "follow", "yes", NULL, 0, 0, CONFIG_TYPE_FLAG,
                           false},
    [CONFIG_LOG_SYNC] = {"log", "sync", "1s", NULL, 10, HOUR_MS,
                         CONFIG_TYPE_DURATION, false},
    [CONFIG_LOG_PINS] = {"log", "pins", "auto", "auto link fd", 0, 0,
                         CONFIG_TYPE_WORD, false},
    [CONFIG_LOG_PIN_LIMIT] = {"log", "pin_limit", "10GiB", NULL, 0, 0,
                              CONFIG_TYPE_SIZE, false},

    [CONFIG_RETENTION_LAST] = {"retention", "last", "0", NULL, 0, COUNT_MAX,
                               CONFIG_TYPE_NUMBER, false},
    [CONFIG_RETENTION_HOURLY] = {"retention", "hourly", "24", NULL, 0,
                                 COUNT_MAX, CONFIG_TYPE_NUMBER, false},
    [CONFIG_RETENTION_DAILY] = {"retention", "daily", "30", NULL, 0, COUNT_MAX,
                                CONFIG_TYPE_NUMBER, false},
    [CONFIG_RETENTION_WEEKLY] = {"retention", "weekly", "0", NULL, 0, COUNT_MAX,
                                 CONFIG_TYPE_NUMBER, false},
    [CONFIG_RETENTION_MONTHLY] = {"retention", "monthly", "12", NULL, 0,
                                  COUNT_MAX, CONFIG_TYPE_NUMBER, false},
    [CONFIG_RETENTION_YEARLY] = {"retention", "yearly", "0", NULL, 0, COUNT_MAX,
                                 CONFIG_TYPE_NUMBER, false},
    [CONFIG_RETENTION_WITHIN] = {"retention", "within", "0", NULL, 0, LONG_MS,
                                 CONFIG_TYPE_DURATION, false},
    [CONFIG_RETENTION_LOG] = {"retention", "log", "7d", NULL, 0, LONG_MS,
                              CONFIG_TYPE_DURATION, false},
    [CONFIG_RETENTION_MAX_SIZE] = {"retention", "max_size", "0", NULL, 0, 0,
                                   CONFIG_TYPE_SIZE, false},

    [CONFIG_HOOKS_ON_EVENT] = {"hooks", "on_event", NULL, NULL, 0, 0,
                               CONFIG_TYPE_TEXT, false},
    [CONFIG_HOOKS_ON_ALARM] = {"hooks", "on_alarm", NULL, NULL, 0, 0,
                               CONFIG_TYPE_TEXT, false},
    [CONFIG_HOOKS_WEBHOOK] = {"hooks", "webhook", NULL, NULL, 0, 0,
                              CONFIG_TYPE_URL, true},
    [CONFIG_HOOKS_HEARTBEAT] = {"hooks", "heartbeat", NULL, NULL, 0, 0,
                                CONFIG_TYPE_URL, true},
    [CONFIG_HOOKS_HEARTBEAT_EVERY] = {"hooks", "heartbeat_every", "60s", NULL,
                                      1000, LONG_MS, CONFIG_TYPE_DURATION,
                                      false},
    [CONFIG_HOOKS_TIMEOUT] = {"hooks", "timeout", "10s", NULL, 1, HOUR_MS,
                              CONFIG_TYPE_DURATION, false},

    [CONFIG_ALARMS_SERVER_AWAY] = {"alarms", "server_away", "5m", NULL, 0,
                                   LONG_MS, CONFIG_TYPE_DURATION, false},
    [CONFIG_ALARMS_HIT_RATE] = {"alarms", "hit_rate", "70", NULL, 0, 100,
                                CONFIG_TYPE_NUMBER, false},
    [CONFIG_ALARMS_HIT_RATE_FOR] = {"alarms", "hit_rate_for", "1h", NULL, 0,
                                    LONG_MS, CONFIG_TYPE_DURATION, false},
    [CONFIG_ALARMS_ERRORS] = {"alarms", "errors", "100", NULL, 0, COUNT_MAX,
                              CONFIG_TYPE_NUMBER, false},
    [CONFIG_ALARMS_ERRORS_WITHIN] = {"alarms", "errors_within", "5m", NULL, 0,
                                     LONG_MS, CONFIG_TYPE_DURATION, false},
    [CONFIG_ALARMS_RECONNECTS] = {"alarms", "reconnects", "5", NULL, 0,
                                  COUNT_MAX, CONFIG_TYPE_NUMBER, false},
    [CONFIG_ALARMS_RECONNECTS_WITHIN] = {"alarms", "reconnects_within", "5m",
                                         NULL, 0, LONG_MS, CONFIG_TYPE_DURATION,
                                         false},
    [CONFIG_ALARMS_MEMORY] = {"alarms", "memory", "80", NULL, 0, 100,
                              CONFIG_TYPE_NUMBER, false},
    [CONFIG_ALARMS_FRAGMENTATION] = {"alarms", "fragmentation", "1.5", NULL, 0,
                                     COUNT_MAX, CONFIG_TYPE_DECIMAL, false},
    [CONFIG_ALARMS_AOF_GROWN] = {"alarms", "aof_grown", "10", NULL, 0,
                                 COUNT_MAX, CONFIG_TYPE_DECIMAL, false},
    [CONFIG_ALARMS_DUMP_STALE] = {"alarms", "dump_stale", NULL, NULL, 0,
                                  LONG_MS, CONFIG_TYPE_DURATION, false},
    [CONFIG_ALARMS_QUEUE_FAILED] = {"alarms", "queue_failed", "0", NULL, 0,
                                    COUNT_MAX, CONFIG_TYPE_NUMBER, false},
    [CONFIG_ALARMS_DISK_FREE] = {"alarms", "disk_free", "10", NULL, 0, 100,
                                 CONFIG_TYPE_NUMBER, false},
    [CONFIG_ALARMS_COLLAPSE] = {"alarms", "collapse", "50", NULL, 0, 100,
                                CONFIG_TYPE_NUMBER, false},
    [CONFIG_ALARMS_LOG_LAG] = {"alarms", "log_lag", "30s", NULL, 0, LONG_MS,
                               CONFIG_TYPE_DURATION, false},
    [CONFIG_ALARMS_SNAPSHOT_OVERDUE] = {"alarms", "snapshot_overdue", NULL,
                                        NULL, 0, LONG_MS, CONFIG_TYPE_DURATION,
                                        false},
    [CONFIG_ALARMS_DRILL_OVERDUE] = {"alarms", "drill_overdue", NULL, NULL, 0,
                                     LONG_MS, CONFIG_TYPE_DURATION, false},

    [CONFIG_QUEUES_WATCH] = {"queues", "watch", "off", NULL, 0, 0,
                             CONFIG_TYPE_QUEUES, false},
    [CONFIG_QUEUES_EVERY] = {"queues", "every", "30s", NULL, 1000, LONG_MS,
                             CONFIG_TYPE_DURATION, false},

    [CONFIG_COUNTERS_SOURCE] = {"counters", "source", NULL, NULL, 0, 0,
                                CONFIG_TYPE_TEXT, false},
    [CONFIG_COUNTERS_TITLE] = {"counters", "title", NULL, NULL, 0, 0,
                               CONFIG_TYPE_TEXT, false},
    [CONFIG_COUNTERS_SAMPLE] = {"counters", "sample", "10", NULL, 0, COUNT_MAX,
                                CONFIG_TYPE_NUMBER, false},
    [CONFIG_COUNTERS_STARTUP_SAMPLE] = {"counters", "startup_sample", "5", NULL,
                                        0, COUNT_MAX, CONFIG_TYPE_NUMBER,
                                        false},
    [CONFIG_COUNTERS_STARTUP_DELAY] = {"counters", "startup_delay", "5s", NULL,
                                       0, HOUR_MS, CONFIG_TYPE_DURATION, false},
    [CONFIG_COUNTERS_TIMEOUT] = {"counters", "timeout", "30s", NULL, 1, HOUR_MS,
                                 CONFIG_TYPE_DURATION, false},
    [CONFIG_COUNTERS_CHECK_EVERY] = {"counters", "check_every", "5m", NULL,
                                     1000, LONG_MS, CONFIG_TYPE_DURATION,
                                     false},
    [CONFIG_COUNTERS_STARTUP] = {"counters", "startup", "yes", NULL, 0, 0,
                                 CONFIG_TYPE_FLAG, false},
    [CONFIG_COUNTERS_REBUILD] = {"counters", "rebuild", "auto", "auto manual",
                                 0, 0, CONFIG_TYPE_WORD, false},

    [CONFIG_DEPENDENCY_COMMAND] = {"dependency", "command", NULL, NULL, 0, 0,
                                   CONFIG_TYPE_TEXT, false},
    [CONFIG_DEPENDENCY_EVERY] = {"dependency", "every", "30s", NULL, 1000,
                                 LONG_MS, CONFIG_TYPE_DURATION, false},
    [CONFIG_DEPENDENCY_TIMEOUT] = {"dependency", "timeout", "5s", NULL, 1,
                                   HOUR_MS, CONFIG_TYPE_DURATION, false},
    [CONFIG_DEPENDENCY_REQUIRED] = {"dependency", "required", "no", NULL, 0, 0,
                                    CONFIG_TYPE_FLAG, false},
};

static size_t
smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* How many letters to insert, remove or change (Levenshtein). */
static size_t
distance(const char *a, const char *b)
{
    size_t row[NAME_MAX_BYTES + 1], rows = strlen(a), columns = strlen(b);

    if (rows > NAME_MAX_BYTES || columns > NAME_MAX_BYTES)
        return NAME_MAX_BYTES;
    for (size_t k = 0; k <= columns; k++)
        row[k] = k;
    for (size_t i = 1; i <= rows; i++) {
        size_t above_left = row[0];

        row[0] = i;
        for (size_t k = 1; k <= columns; k++) {
            size_t above = row[k];
            size_t change = above_left + (a[i - 1] != b[k - 1]);

            row[k] = smaller(smaller(above, row[k - 1]) + 1, change);
            above_left = above;
        }
    }
    return row[columns];
}

/* Further away than this a hint would be a riddle. */
static size_t
farthest(const char *name)
{
    return (strlen(name) + 2) / 3;
}

const struct config_key_info *
config_keys_find(const char *section, const char *name)
{
    for (size_t i = 0; i < CONFIG_KEYS; i++)
        if (strcmp(config_keys[i].section, section) == 0 &&
            strcmp(config_keys[i].name, name) == 0)
            return &config_keys[i];
    return NULL;
}

bool
config_keys_is_section(const char *section)
{
    for (size_t i = 0; i < CONFIG_KEYS; i++)
        if (strcmp(config_keys[i].section, section) == 0)
            return true;
    return false;
}

bool
config_keys_is_named(const char *section)
{
    for (size_t i = CONFIG_KEYS_SINGLE; i < CONFIG_KEYS; i++)
        if (strcmp(config_keys[i].section, section) == 0)
            return true;
    return false;
}

void
config_keys_option(const struct config_key_info *key,
                   char out[CONFIG_KEYS_OPTION_SIZE])
{
    bool bare = strcmp(key->section, "redkeep") == 0;

    snprintf(out, CONFIG_KEYS_OPTION_SIZE, "%s%s%s", bare ? "" : key->section,
             bare ? "" : "-", key->name);
    for (; *out != '\0'; out++)
        if (*out == '_')
            *out = '-';
}

void
config_keys_variable(const struct config_key_info *key,
                     char out[CONFIG_KEYS_OPTION_SIZE])
{
    char option[CONFIG_KEYS_OPTION_SIZE];

    config_keys_option(key, option);
    snprintf(out, CONFIG_KEYS_OPTION_SIZE, "REDKEEP_%.*s",
             CONFIG_KEYS_OPTION_SIZE - 9, option);
    for (; *out != '\0'; out++)
        *out = *out == '-' ? '_' : (char)toupper((unsigned char)*out);
}

const char *
config_keys_nearest(const char *section, const char *name,
                    char out[CONFIG_KEYS_OPTION_SIZE])
{
    size_t best = farthest(name) + 1;
    const char *found = NULL;

    for (size_t i = 0; i < CONFIG_KEYS; i++) {
        char known[CONFIG_KEYS_OPTION_SIZE];
        size_t far;

        if (section != NULL && strcmp(config_keys[i].section, section) != 0)
            continue;
        if (section == NULL && i >= CONFIG_KEYS_SINGLE)
            break;
        if (section == NULL)
            config_keys_option(&config_keys[i], known);
        else
            snprintf(known, sizeof known, "%s", config_keys[i].name);
        far = distance(name, known);
        if (far >= best)
            continue;
        best = far;
        memcpy(out, known, sizeof known);
        found = out;
    }
    return found;
}

const char *
config_keys_nearest_section(const char *name)
{
    size_t best = farthest(name) + 1;
    const char *found = NULL;

    for (size_t i = 0; i < CONFIG_KEYS; i++) {
        size_t far = distance(name, config_keys[i].section);

        if (far >= best)
            continue;
        best = far;
        found = config_keys[i].section;
    }
    return found;
}
