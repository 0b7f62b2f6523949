#include "redis/info.h"

#include <errno.h>
#include <math.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <hiredis/hiredis.h>

#include "base/text.h"

enum { INFO_LINE_MAX = 4096 }; /* longer ones are of no use to us */

enum type {
    TYPE_TEXT,
    TYPE_NUMBER,
    TYPE_MOST,  /* the largest number of those that are told */
    TYPE_COUNT, /* "count=3" */
    TYPE_DECIMAL,
    TYPE_FLAG,
    TYPE_OK,
    TYPE_UP,
};

/* Where a field of INFO goes. A text that does not fit stays "". */
struct field {
    const char *name;
    enum type type;
    size_t offset;
    size_t size;
};

#define FIELD(name, type, member)                  \
    {                                              \
        name, type, offsetof(struct info, member), \
            sizeof(((struct info *)0)->member)     \
    }

static const struct field fields[] = {
    FIELD("run_id", TYPE_TEXT, run_id),
    FIELD("config_file", TYPE_TEXT, config_file),
    FIELD("process_id", TYPE_NUMBER, process_id),
    FIELD("uptime_in_seconds", TYPE_NUMBER, uptime_seconds),
    FIELD("role", TYPE_TEXT, role),
    FIELD("master_replid", TYPE_TEXT, replication_id),
    FIELD("master_repl_offset", TYPE_NUMBER, replication_offset),
    FIELD("master_link_status", TYPE_UP, link_up),
    FIELD("loading", TYPE_FLAG, loading),
    FIELD("aof_enabled", TYPE_FLAG, aof_enabled),
    FIELD("rdb_changes_since_last_save", TYPE_NUMBER, changes_since_save),
    FIELD("rdb_bgsave_in_progress", TYPE_FLAG, bgsave_in_progress),
    FIELD("rdb_last_bgsave_status", TYPE_OK, last_bgsave_ok),
    FIELD("rdb_last_save_time", TYPE_NUMBER, last_save_time),
    FIELD("rdb_last_bgsave_time_sec", TYPE_NUMBER, last_bgsave_seconds),
    FIELD("rdb_saves", TYPE_NUMBER, saves),
    FIELD("current_save_keys_processed", TYPE_NUMBER, save_keys_done),
    FIELD("current_save_keys_total", TYPE_NUMBER, save_keys_total),
    FIELD("rdb_current_bgsave_time_sec", TYPE_NUMBER, bgsave_seconds),
    FIELD("aof_current_rewrite_time_sec", TYPE_NUMBER, rewrite_seconds),
    FIELD("aof_last_rewrite_time_sec", TYPE_NUMBER, last_rewrite_seconds),
    FIELD("rdb_last_cow_size", TYPE_NUMBER, last_save_cow),
    FIELD("aof_last_cow_size", TYPE_NUMBER, last_rewrite_cow),
    FIELD("aof_rewrite_in_progress", TYPE_FLAG, rewrite_in_progress),
    FIELD("aof_rewrite_scheduled", TYPE_FLAG, rewrite_scheduled),
    FIELD("aof_last_bgrewrite_status", TYPE_OK, last_rewrite_ok),
    FIELD("aof_last_write_status", TYPE_OK, last_write_ok),
    FIELD("module_fork_in_progress", TYPE_FLAG, other_child),
    FIELD("aof_current_size", TYPE_NUMBER, aof_current_size),
    FIELD("aof_base_size", TYPE_NUMBER, aof_base_size),
    FIELD("aof_buffer_length", TYPE_NUMBER, aof_buffer_length),
    FIELD("aof_pending_bio_fsync", TYPE_NUMBER, aof_pending_fsync),
    FIELD("aof_delayed_fsync", TYPE_NUMBER, aof_delayed_fsync),
    FIELD("rdb_last_load_keys_expired", TYPE_NUMBER, load_expired),
    FIELD("rdb_last_cow_size", TYPE_MOST, last_cow_size),
    FIELD("aof_last_cow_size", TYPE_MOST, last_cow_size),
    FIELD("keyspace_hits", TYPE_NUMBER, keyspace_hits),
    FIELD("keyspace_misses", TYPE_NUMBER, keyspace_misses),
    FIELD("evicted_keys", TYPE_NUMBER, evicted_keys),
    FIELD("expired_keys", TYPE_NUMBER, expired_keys),
    FIELD("total_commands_processed", TYPE_NUMBER, commands),
    FIELD("errorstat_OOM", TYPE_COUNT, oom_errors),
    FIELD("used_memory", TYPE_NUMBER, used_memory),
    FIELD("used_memory_human", TYPE_TEXT, used_memory_human),
    FIELD("maxmemory", TYPE_NUMBER, maxmemory),
    FIELD("maxmemory_policy", TYPE_TEXT, maxmemory_policy),
    FIELD("mem_allocator", TYPE_TEXT, allocator),
    FIELD("mem_fragmentation_ratio", TYPE_DECIMAL, fragmentation),
    FIELD("connected_clients", TYPE_NUMBER, connected_clients),
};

/* The whole of text, a sign allowed; else INFO_UNKNOWN. */
static int64_t
read_number(const char *text)
{
    char *end;
    long long value;

    errno = 0;
    value = strtoll(text, &end, 10);
    if (end == text || *end != '\0' || errno != 0)
        return INFO_UNKNOWN;
    return value;
}

static double
read_decimal(const char *text)
{
    char *end;
    double value = strtod(text, &end);

    return end != text && *end == '\0' && isfinite(value) ? value : (double)NAN;
}

static void
take_most(int64_t *most, const char *text)
{
    int64_t value = read_number(text);

    if (value > *most)
        *most = value;
}

static void
take_field(struct info *info, const struct field *f, const char *value)
{
    void *member = (char *)info + f->offset;

    switch (f->type) {
    case TYPE_TEXT:
        memset(member, 0, f->size);
        if (strlen(value) < f->size)
            memcpy(member, value, strlen(value));
        break;
    case TYPE_NUMBER:
        *(int64_t *)member = read_number(value);
        break;
    case TYPE_MOST:
        take_most(member, value);
        break;
    case TYPE_COUNT:
        if (strncmp(value, "count=", 6) == 0)
            *(int64_t *)member = read_number(value + 6);
        break;
    case TYPE_DECIMAL:
        *(double *)member = read_decimal(value);
        break;
    case TYPE_FLAG:
        *(bool *)member = strcmp(value, "1") == 0;
        break;
    case TYPE_OK:
        *(bool *)member = strcmp(value, "ok") == 0;
        break;
    case TYPE_UP:
        *(bool *)member = strcmp(value, "up") == 0;
        break;
    }
}

static void
add_count(int64_t *sum, const char *text)
{
    int64_t count = strtoll(text, NULL, 10);

    if (count > 0 && *sum <= INT64_MAX - count)
        *sum += count;
}

/* "keys=3,expires=1,avg_ttl=0" of a line that begins with "db" and a number. */
static void
take_database(struct info *info, const char *value)
{
    const char *expires = strstr(value, ",expires=");

    if (strncmp(value, "keys=", 5) != 0)
        return;
    add_count(&info->keys, value + 5);
    if (expires != NULL)
        add_count(&info->expires, expires + 9);
}

/*
 * Valkey shows the Redis release it is compatible with as redis_version and its
 * own as valkey_version; the latter follows in the text.
 */
static void
take_version(struct info *info, bool valkey, const char *value)
{
    if (info->valkey && !valkey && info->version[0] != '\0')
        return;
    take_field(info,
               &(struct field){NULL, TYPE_TEXT, offsetof(struct info, version),
                               sizeof info->version},
               value);
    info->valkey = info->valkey || valkey;
}

static void
take(struct info *info, const char *name, const char *value)
{
    size_t digits = strncmp(name, "db", 2) == 0 ? strspn(name + 2, "0123456789")
                                                : 0;

    if (strcmp(name, "redis_version") == 0)
        take_version(info, false, value);
    else if (strcmp(name, "valkey_version") == 0)
        take_version(info, true, value);
    else if (digits > 0 && name[2 + digits] == '\0')
        take_database(info, value);
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
        if (strcmp(name, fields[i].name) == 0)
            take_field(info, &fields[i], value);
}

static void
take_line(struct info *info, const char *text, size_t size)
{
    char line[INFO_LINE_MAX];
    char *colon;

    if (size >= sizeof line)
        return;
    memcpy(line, text, size);
    line[size] = '\0';
    line[strcspn(line, "\r")] = '\0';
    /* The section lists only errors that happened. */
    if (strcmp(line, "# Errorstats") == 0)
        info->oom_errors = 0;
    colon = strchr(line, ':');
    if (line[0] == '#' || colon == NULL)
        return;
    *colon = '\0';
    take(info, line, colon + 1);
}

/* Nothing told: numbers unknown, and nothing wrong that nobody spoke of. */
static void
begin(struct info *info)
{
    *info = (struct info){.fragmentation = (double)NAN,
                          .link_up = true,
                          .last_bgsave_ok = true,
                          .last_rewrite_ok = true,
                          .last_write_ok = true};
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
        if (fields[i].type == TYPE_NUMBER || fields[i].type == TYPE_MOST ||
            fields[i].type == TYPE_COUNT)
            *(int64_t *)((char *)info + fields[i].offset) = INFO_UNKNOWN;
}

void
info_read(struct info *info, const char *text)
{
    begin(info);
    while (*text != '\0') {
        size_t size = strcspn(text, "\n");

        take_line(info, text, size);
        text += size + (text[size] == '\n');
    }
}

int
info_ask(struct link *link, struct info *info, struct error *e)
{
    struct redisReply *reply = link_say(link, e, "INFO", NULL);
    int rc = -1;

    begin(info);
    if (reply == NULL)
        return error_in(e, "INFO");
    if (reply->type == REDIS_REPLY_STRING) {
        info_read(info, reply->str);
        rc = 0;
    } else {
        error_set(e, ERROR_FAILED, "INFO: the reply is not text");
    }
    link_reply_free(reply);
    return rc;
}
