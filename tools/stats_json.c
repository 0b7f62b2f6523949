#include "stats_json.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "jobs/value.h"

static json_t *
number(uint64_t n)
{
    return json_integer((json_int_t)n);
}

/* A name from the data, with whatever bytes it has. */
static json_t *
name_json(const char *name, size_t size)
{
    json_t *value = json_stringn(name, size);
    char *shown;

    if (value != NULL)
        return value;
    shown = memory_new(4 * size + 4);
    value = json_string(text_quote(shown, 4 * size + 4, name, size));
    free(shown);
    return value;
}

/* Strings and modules have none that can be counted. */
static bool
has_elements(const char *type)
{
    return strncmp(type, "string", 6) != 0 && strncmp(type, "module", 6) != 0;
}

static json_t *
count_json(const struct rdb_stats_count *c)
{
    return json_pack("{s:o, s:o, s:o, s:o}", "keys", number(c->keys), "expires",
                     number(c->expires), "expired", number(c->expired), "bytes",
                     number(c->bytes));
}

static void
set_elements(json_t *object, bool any, uint64_t elements, bool exact)
{
    json_object_set_new(object, "elements",
                        any ? number(elements) : json_null());
    json_object_set_new(object, "elements_exact",
                        any ? json_boolean(exact) : json_null());
}

static json_t *
named_json(const char *title, const struct rdb_stats_named *named, size_t n)
{
    json_t *all = json_array();

    for (size_t i = 0; i < n; i++) {
        const struct rdb_stats_count *c = &named[i].count;
        json_t *one = json_pack("{s:s}", title, named[i].name);

        json_object_update_new(one, count_json(c));
        set_elements(one, has_elements(named[i].name), c->elements,
                     c->uncounted == 0);
        json_array_append_new(all, one);
    }
    return all;
}

static json_t *
databases_json(const struct rdb_stats *s)
{
    json_t *all = json_array();

    for (size_t db = 0; db <= s->database_count; db++) {
        bool other = db == s->database_count;
        const struct rdb_stats_count *c = other ? &s->other_databases
                                                : &s->databases[db];
        json_t *one;

        if (c->keys == 0)
            continue;
        one = json_pack("{s:o}", "db", other ? json_null() : number(db));
        json_object_update_new(one, count_json(c));
        json_array_append_new(all, one);
    }
    return all;
}

static json_t *
lives_json(const uint64_t lives[RDB_STATS_LIVES])
{
    static const char *const names[] = {
        [RDB_STATS_EXPIRED] = "expired",  [RDB_STATS_HOUR] = "within_1h",
        [RDB_STATS_DAY] = "within_1d",    [RDB_STATS_WEEK] = "within_7d",
        [RDB_STATS_MONTH] = "within_30d", [RDB_STATS_LATER] = "later",
    };
    json_t *all = json_object();

    for (size_t i = 0; i < RDB_STATS_LIVES; i++)
        json_object_set_new(all, names[i], number(lives[i]));
    return all;
}

static json_t *
biggest_json(const struct judge_stats *s)
{
    json_t *all = json_array();

    for (size_t i = 0; i < s->rdb.biggest_count; i++) {
        const struct rdb_stats_key *k = &s->rdb.biggest[i];
        char type[RDB_STATS_NAME_SIZE], encoding[RDB_STATS_NAME_SIZE];
        json_t *one;

        rdb_stats_type_name(type, s->valkey_magic, k->type);
        rdb_stats_encoding_name(encoding, s->valkey_magic, k->type);
        one = json_pack("{s:o, s:o, s:o, s:s, s:s, s:o, s:o, s:o}", "key",
                        name_json(k->name, k->name_size), "key_size",
                        number(k->name_whole), "db", number(k->db), "type",
                        type, "encoding", encoding, "bytes", number(k->bytes),
                        "offset", number(k->offset), "expires",
                        value_time(k->expire_ms));
        set_elements(one, has_elements(type), k->elements, !k->uncounted);
        json_array_append_new(all, one);
    }
    return all;
}

static json_t *
prefixes_json(const struct rdb_stats *s)
{
    json_t *all = json_array();
    uint64_t keys = s->all.keys, bytes = s->all.bytes;

    for (size_t i = 0; i < s->prefixes.count; i++) {
        const struct heavy_entry *p = &s->prefixes.entries[i];

        keys -= p->count;
        bytes -= p->weight;
        json_array_append_new(all, json_pack("{s:o, s:o, s:o, s:o}", "prefix",
                                             name_json(p->name, p->size),
                                             "keys", number(p->count), "bytes",
                                             number(p->weight), "bytes_max",
                                             number(p->weight + p->missed)));
    }
    return json_pack("{s:o, s:b, s:{s:o, s:o, s:o}}", "prefixes", all,
                     "prefixes_exact", s->prefixes_exact, "prefixes_other",
                     "keys", number(keys), "bytes", number(bytes),
                     "bytes_max_each", number(heavy_unseen(&s->prefixes)));
}

json_t *
stats_json_rdb(const struct judge_stats *s)
{
    struct rdb_stats_named types[RDB_STATS_NAMES], encodings[RDB_STATS_NAMES];
    size_t type_count = rdb_stats_types(&s->rdb, s->valkey_magic, types);
    size_t encoding_count =
        rdb_stats_encodings(&s->rdb, s->valkey_magic, encodings);
    json_t *all = count_json(&s->rdb.all);

    json_object_set_new(all, "empty_keys", number(s->empty_keys));
    json_object_set_new(all, "expiry", lives_json(s->rdb.lives));
    json_object_set_new(all, "databases", databases_json(&s->rdb));
    json_object_set_new(all, "types", named_json("type", types, type_count));
    json_object_set_new(all, "encodings",
                        named_json("encoding", encodings, encoding_count));
    json_object_set_new(all, "biggest", biggest_json(s));
    json_object_update_new(all, prefixes_json(&s->rdb));
    return all;
}

static json_t *
command_json(const struct aof_stats_command *c)
{
    return json_pack("{s:o, s:o, s:o}", "command",
                     name_json(c->name, c->name_size), "count",
                     number(c->count), "bytes", number(c->bytes));
}

static json_t *
biggest_command_json(const struct aof_stats *s)
{
    if (s->commands_total == 0)
        return json_null();
    return json_pack("{s:o, s:o, s:o, s:o}", "command",
                     name_json(s->biggest.name, s->biggest.name_size), "words",
                     number(s->biggest.count), "bytes",
                     number(s->biggest.bytes), "offset",
                     number(s->biggest_offset));
}

static json_t *
aof_json(const struct judge_stats *s)
{
    json_t *commands = json_array();

    for (size_t i = 0; i < s->aof.count; i++)
        json_array_append_new(commands, command_json(&s->aof.commands[i]));
    return json_pack(
        "{s:o, s:o, s:o, s:o, s:o, s:o, s:{s:o, s:o}, s:o}", "commands",
        number(s->aof.commands_total), "bytes", number(s->aof.bytes_total),
        "transactions", number(s->aof.transactions), "first_time",
        value_time(s->first_ms), "last_time", value_time(s->last_ms), "by_name",
        commands, "by_name_other", "count", number(s->aof.other.count), "bytes",
        number(s->aof.other.bytes), "biggest", biggest_command_json(&s->aof));
}

json_t *
stats_json(const struct judge_stats *s)
{
    if (s == NULL)
        return json_null();
    return json_pack("{s:o, s:o}", "rdb",
                     s->has_rdb ? stats_json_rdb(s) : json_null(), "aof",
                     s->has_aof ? aof_json(s) : json_null());
}
