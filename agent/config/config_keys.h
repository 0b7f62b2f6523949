/*
 * config_keys.h - every key there is, in one table: section, name, type,
 * preset and bounds.
 *
 * A key x_y of [redkeep] is the option --x-y and the variable REDKEEP_X_Y; keys
 * of other sections have the section's name before them: [http] listen is
 * --http-listen and REDKEEP_HTTP_LISTEN. Keys of [counters NAME] and
 * [dependency NAME] are of the file alone.
 */
#ifndef CONFIG_CONFIG_KEYS_H
#define CONFIG_CONFIG_KEYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum config_key {
    CONFIG_INSTANCE,
    CONFIG_REDIS,
    CONFIG_PASSWORD_FILE,
    CONFIG_DATA_DIR,
    CONFIG_REPO,
    CONFIG_LOG_LEVEL,

    CONFIG_CONNECTION_START_ATTEMPTS,
    CONFIG_CONNECTION_DELAYS,
    CONFIG_CONNECTION_JITTER,
    CONFIG_CONNECTION_CONNECT_TIMEOUT,
    CONFIG_CONNECTION_COMMAND_TIMEOUT,
    CONFIG_CONNECTION_PING_INTERVAL,
    CONFIG_CONNECTION_INFO_INTERVAL,
    CONFIG_CONNECTION_TLS_CA,
    CONFIG_CONNECTION_TLS_CERT,
    CONFIG_CONNECTION_TLS_KEY,
    CONFIG_CONNECTION_TLS_VERIFY,

    CONFIG_HTTP_LISTEN,
    CONFIG_HTTP_TOKEN,
    CONFIG_HTTP_TOKEN_FILE,
    CONFIG_HTTP_TOKEN_PROBES,
    CONFIG_HTTP_MAX_CONNECTIONS,
    CONFIG_HTTP_REQUEST_TIMEOUT,
    CONFIG_HTTP_IDLE_TIMEOUT,

    CONFIG_SCHEDULE_SNAPSHOT,
    CONFIG_SCHEDULE_BGSAVE,
    CONFIG_SCHEDULE_BGREWRITEAOF,
    CONFIG_SCHEDULE_DRILL,
    CONFIG_SCHEDULE_VERIFY,
    CONFIG_SCHEDULE_PRUNE,
    CONFIG_SCHEDULE_JITTER,
    CONFIG_SCHEDULE_CATCH_UP,

    CONFIG_SNAPSHOT_COMPRESSION,
    CONFIG_SNAPSHOT_LEVEL,
    CONFIG_SNAPSHOT_FULL_EVERY,
    CONFIG_SNAPSHOT_MAX_CHAIN,
    CONFIG_SNAPSHOT_READ_RATE,
    CONFIG_SNAPSHOT_MAX_AGE,
    CONFIG_SNAPSHOT_ON_NEW_RDB,
    CONFIG_SNAPSHOT_INCLUDE,

    CONFIG_JOBS_NICE,
    CONFIG_JOBS_IO_IDLE,
    CONFIG_JOBS_MEMORY_LIMIT,
    CONFIG_JOBS_TIME_LIMIT,

    CONFIG_LOG_FOLLOW,
    CONFIG_LOG_SYNC,
    CONFIG_LOG_PINS,
    CONFIG_LOG_PIN_LIMIT,

    CONFIG_RETENTION_LAST,
    CONFIG_RETENTION_HOURLY,
    CONFIG_RETENTION_DAILY,
    CONFIG_RETENTION_WEEKLY,
    CONFIG_RETENTION_MONTHLY,
    CONFIG_RETENTION_YEARLY,
    CONFIG_RETENTION_WITHIN,
    CONFIG_RETENTION_LOG,
    CONFIG_RETENTION_MAX_SIZE,

    CONFIG_HOOKS_ON_EVENT,
    CONFIG_HOOKS_ON_ALARM,
    CONFIG_HOOKS_WEBHOOK,
    CONFIG_HOOKS_HEARTBEAT,
    CONFIG_HOOKS_HEARTBEAT_EVERY,
    CONFIG_HOOKS_TIMEOUT,

    CONFIG_ALARMS_SERVER_AWAY,
    CONFIG_ALARMS_HIT_RATE,
    CONFIG_ALARMS_HIT_RATE_FOR,
    CONFIG_ALARMS_ERRORS,
    CONFIG_ALARMS_ERRORS_WITHIN,
    CONFIG_ALARMS_RECONNECTS,
    CONFIG_ALARMS_RECONNECTS_WITHIN,
    CONFIG_ALARMS_MEMORY,
    CONFIG_ALARMS_FRAGMENTATION,
    CONFIG_ALARMS_AOF_GROWN,
    CONFIG_ALARMS_DUMP_STALE,
    CONFIG_ALARMS_QUEUE_FAILED,
    CONFIG_ALARMS_DISK_FREE,
    CONFIG_ALARMS_COLLAPSE,
    CONFIG_ALARMS_LOG_LAG,
    CONFIG_ALARMS_SNAPSHOT_OVERDUE,
    CONFIG_ALARMS_DRILL_OVERDUE,

    CONFIG_QUEUES_WATCH,
    CONFIG_QUEUES_EVERY,

    /* From here on: keys of sections that have a name and may be repeated. */
    CONFIG_COUNTERS_SOURCE,
    CONFIG_COUNTERS_TITLE,
    CONFIG_COUNTERS_SAMPLE,
    CONFIG_COUNTERS_STARTUP_SAMPLE,
    CONFIG_COUNTERS_STARTUP_DELAY,
    CONFIG_COUNTERS_TIMEOUT,
    CONFIG_COUNTERS_CHECK_EVERY,
    CONFIG_COUNTERS_STARTUP,
    CONFIG_COUNTERS_REBUILD,

    CONFIG_DEPENDENCY_COMMAND,
    CONFIG_DEPENDENCY_EVERY,
    CONFIG_DEPENDENCY_TIMEOUT,
    CONFIG_DEPENDENCY_REQUIRED,

    CONFIG_KEYS
};
enum {
    CONFIG_KEYS_SINGLE = CONFIG_COUNTERS_SOURCE,
    CONFIG_KEYS_OPTION_SIZE = 64,
};

enum config_type {
    CONFIG_TYPE_TEXT, /* anything: a title, a command */
    CONFIG_TYPE_NAME, /* letters, digits, _ . -; 40 at most */
    CONFIG_TYPE_PATH,
    CONFIG_TYPE_SERVER, /* redis://, rediss://, unix:// */
    CONFIG_TYPE_URL,    /* http://, https:// */
    CONFIG_TYPE_LISTEN, /* host:port or off */
    CONFIG_TYPE_TOKEN,  /* 16 to 256 visible characters */
    CONFIG_TYPE_FLAG,   /* yes, no: 1, 0 */
    CONFIG_TYPE_NUMBER,
    CONFIG_TYPE_DECIMAL,   /* "1.5": thousandths, 1500 */
    CONFIG_TYPE_DURATION,  /* milliseconds */
    CONFIG_TYPE_DURATIONS, /* a list; the number is how many */
    CONFIG_TYPE_SIZE,      /* bytes */
    CONFIG_TYPE_WORD,      /* one of words: its place there */
    CONFIG_TYPE_WORDS,     /* a list of words, or "none" */
    CONFIG_TYPE_SCHEDULE,  /* every DURATION, five cron fields, off */
    CONFIG_TYPE_QUEUES,    /* bullmq:X sidekiq celery:X rq; auto; off */
};

struct config_key_info {
    const char *section;
    const char *name;
    const char *preset; /* NULL: none */
    const char *words;  /* by blanks: those allowed besides, or alone */
    uint64_t min, max;  /* of a number; max 0: no bound */
    enum config_type type;
    bool secret; /* a value that is never shown */
};

extern const struct config_key_info config_keys[CONFIG_KEYS];

/* The key of a section's name and its own; NULL if there is none. */
const struct config_key_info *config_keys_find(const char *section,
                                               const char *name);

/* Whether there is such a section (without a NAME behind it). */
bool config_keys_is_section(const char *section);

/* Whether the section wants a NAME and may be repeated. */
bool config_keys_is_named(const char *section);

/* "http-listen"; for a variable, "REDKEEP_HTTP_LISTEN". */
void config_keys_option(const struct config_key_info *key,
                        char out[CONFIG_KEYS_OPTION_SIZE]);
void config_keys_variable(const struct config_key_info *key,
                          char out[CONFIG_KEYS_OPTION_SIZE]);

/*
 * The known name nearest to what was written; NULL where none is near. By
 * section, of a section's keys (NULL: of options, kept in out).
 */
const char *config_keys_nearest(const char *section, const char *name,
                                char out[CONFIG_KEYS_OPTION_SIZE]);
const char *config_keys_nearest_section(const char *name);

#endif
