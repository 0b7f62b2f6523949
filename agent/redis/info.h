/*
 * info.h - what a server says of itself: INFO and CONFIG GET.
 *
 * Servers of different releases have different fields; a number that was not
 * told is INFO_UNKNOWN (a decimal NAN), a text "".
 */
#ifndef REDIS_INFO_H
#define REDIS_INFO_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "redis/link.h"

enum { INFO_UNKNOWN = -1 };

struct info {
    /* server */
    bool valkey;
    char version[32]; /* valkey_version where there is one */
    char run_id[48];
    char config_file[256];
    int64_t process_id;
    int64_t uptime_seconds;
    /* replication */
    char role[16];
    char replication_id[48];
    int64_t replication_offset;
    bool link_up; /* of a replica to its primary; true for a primary */
    /* persistence */
    bool loading;
    bool aof_enabled;
    int64_t changes_since_save;
    bool bgsave_in_progress;
    bool last_bgsave_ok;
    int64_t last_save_time;
    int64_t last_bgsave_seconds;
    int64_t saves;                           /* rdb_saves */
    int64_t save_keys_done, save_keys_total; /* of the running child */
    int64_t bgsave_seconds, rewrite_seconds; /* that run; else -1 */
    bool rewrite_in_progress, rewrite_scheduled;
    bool last_rewrite_ok, last_write_ok;
    bool other_child; /* module_fork_in_progress */
    int64_t aof_current_size, aof_base_size;
    int64_t aof_buffer_length, aof_pending_fsync;
    int64_t aof_delayed_fsync;
    int64_t load_expired;  /* keys of a dump that had expired; since 7.0 */
    int64_t last_cow_size; /* the larger of the last save's and rewrite's: */
    int64_t last_save_cow, last_rewrite_cow;
    int64_t last_rewrite_seconds;
    /* stats */
    int64_t keyspace_hits, keyspace_misses, evicted_keys, expired_keys;
    int64_t commands;   /* of clients; what it loads does not count */
    int64_t oom_errors; /* commands refused for want of memory; since 6.2 */
    /* keyspace */
    int64_t keys; /* of all databases; 0 when none is listed */
    int64_t expires;
    /* memory */
    int64_t used_memory, maxmemory;
    double fragmentation;
    char maxmemory_policy[32], used_memory_human[24];
    char allocator[32]; /* "jemalloc-5.3.0", "libc" */
    /* clients */
    int64_t connected_clients;
};

/* Asks INFO (all of it) and fills info. */
int info_ask(struct link *link, struct info *info, struct error *e);

/* Fills info from the text of an INFO reply; what is not there is unknown. */
void info_read(struct info *info, const char *text);

/* The settings that say where the data is; texts are the holder's. */
struct info_settings {
    char *dir, *dbfilename, *appendfilename, *appenddirname, *aclfile;
    bool appendonly;
    int64_t databases; /* INFO_UNKNOWN if not told */
};

/*
 * Asks CONFIG GET for each. ERROR_DENIED when CONFIG is renamed or not allowed
 * (then the caller falls back to options). A setting this server does not have
 * (appenddirname before 7.0) is NULL.
 */
int info_ask_settings(struct link *link, struct info_settings *s,
                      struct error *e);

/* One setting that is a text, the caller's. NULL: it cannot be had. */
char *info_ask_text(struct link *link, const char *name, struct error *e);

/*
 * For asking without waiting: the settings' names by number, and what their
 * replies to CONFIG GET say, taken in any order into settings that begin as
 * INFO_SETTINGS_NONE. -1: that is no reply to CONFIG GET.
 */
enum { INFO_SETTINGS = 7 };
#define INFO_SETTINGS_NONE ((struct info_settings){.databases = INFO_UNKNOWN})
extern const char *const info_settings_names[INFO_SETTINGS];
int info_settings_take(struct info_settings *s, unsigned number,
                       const struct redisReply *reply, struct error *e);

bool info_settings_equal(const struct info_settings *a,
                         const struct info_settings *b);

void info_settings_clear(struct info_settings *s);

#endif
