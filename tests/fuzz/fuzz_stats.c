/*
 * fuzz_stats.c - what is counted in an append-only file, with an RDB in front
 * or without: the parts are as much as the whole, and what is told is sorted.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/source.h"
#include "formats/judge_stats.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
must(bool true_always)
{
    if (!true_always)
        abort();
}

static void
look_at_names(const struct judge_stats *s)
{
    struct rdb_stats_named named[RDB_STATS_NAMES];
    size_t n = rdb_stats_types(&s->rdb, s->valkey_magic, named);
    uint64_t keys = 0, bytes = 0;

    for (size_t i = 0; i < n; i++) {
        keys += named[i].count.keys;
        must(i == 0 || named[i - 1].count.bytes >= named[i].count.bytes);
    }
    must(keys == s->rdb.all.keys);
    n = rdb_stats_encodings(&s->rdb, s->valkey_magic, named);
    for (size_t i = 0; i < n; i++)
        bytes += named[i].count.bytes;
    must(bytes == s->rdb.all.bytes);
}

static void
look_at_keys(const struct rdb_stats *s)
{
    uint64_t keys = s->other_databases.keys, bytes = 0, expires = 0;

    for (size_t i = 0; i < s->database_count; i++)
        keys += s->databases[i].keys;
    must(keys == s->all.keys);
    for (size_t i = 0; i < RDB_STATS_LIVES; i++)
        expires += s->lives[i];
    must(expires == s->all.expires);
    must(s->lives[RDB_STATS_EXPIRED] == s->all.expired);
    for (size_t i = 1; i < s->biggest_count; i++)
        must(s->biggest[i - 1].bytes >= s->biggest[i].bytes);
    must(s->biggest_count <= RDB_STATS_MOST);
    for (size_t i = 0; i < s->prefixes.count; i++)
        bytes += s->prefixes.entries[i].weight;
    must(bytes <= s->all.bytes && s->prefixes.count <= RDB_STATS_MOST);
    must(bytes == s->all.bytes || heavy_unseen(&s->prefixes) > 0);
}

static void
look_at_commands(const struct aof_stats *s)
{
    uint64_t commands = s->other.count, bytes = s->other.bytes;

    for (size_t i = 0; i < s->count; i++) {
        commands += s->commands[i].count;
        bytes += s->commands[i].bytes;
        must(i == 0 || s->commands[i - 1].count >= s->commands[i].count);
    }
    must(commands == s->commands_total && bytes == s->bytes_total);
    must(s->biggest.bytes <= bytes && s->transactions <= commands);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct judge_stats *s = judge_stats_new(INT64_C(1700000000000));
    const struct aof_options options = {.key_seen = judge_stats_key,
                                        .command_seen = judge_stats_command,
                                        .context = s};
    struct aof_result result;
    struct error e = {0};
    struct source source;

    source_of_memory(&source, data, size);
    must(aof_scan(&source, &options, NULL, &result, &e) == 0);
    judge_stats_end(s, result.has_rdb ? &result.rdb : NULL, &result);
    must(s->aof.commands_total == result.commands);
    must(s->aof.bytes_total <= size && s->rdb.all.bytes <= size);
    look_at_names(s);
    look_at_keys(&s->rdb);
    look_at_commands(&s->aof);
    judge_stats_free(s);
    return 0;
}
