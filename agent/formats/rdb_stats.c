#include "formats/rdb_stats.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "formats/rdb_prefix.h"
#include "formats/rdb_types.h"

static const int64_t hour_ms = 3600 * INT64_C(1000);

void
rdb_stats_begin(struct rdb_stats *s, int64_t now_ms)
{
    *s = (struct rdb_stats){
        .now_ms = now_ms, .most = RDB_STATS_MOST, .separator = ':'};
}

static enum rdb_stats_life
find_life(int64_t expire_ms, int64_t now_ms)
{
    static const int hours[] = {
        [RDB_STATS_HOUR] = 1,
        [RDB_STATS_DAY] = 24,
        [RDB_STATS_WEEK] = 7 * 24,
        [RDB_STATS_MONTH] = 30 * 24,
    };

    if (expire_ms < now_ms) /* as a server that loads them */
        return RDB_STATS_EXPIRED;
    for (int life = RDB_STATS_HOUR; life <= RDB_STATS_MONTH; life++)
        if (expire_ms - hours[life] * hour_ms <= now_ms)
            return (enum rdb_stats_life)life;
    return RDB_STATS_LATER;
}

static void
count(struct rdb_stats_count *c, const struct rdb_key *key, uint64_t bytes,
      bool expired)
{
    c->keys++;
    c->expires += key->expire_ms != -1;
    c->expired += expired;
    c->bytes += bytes;
    c->elements += key->elements;
    c->uncounted += key->uncounted;
}

static struct rdb_stats_count *
find_database(struct rdb_stats *s, uint64_t db)
{
    size_t wanted = (size_t)db + 1;

    if (db < s->database_count)
        return &s->databases[db];
    if (db >= RDB_STATS_DATABASES_MAX)
        return &s->other_databases;
    s->databases = memory_resize(s->databases, wanted, sizeof *s->databases);
    memset(s->databases + s->database_count, 0,
           (wanted - s->database_count) * sizeof *s->databases);
    s->database_count = wanted;
    return &s->databases[db];
}

/* The biggest are a heap while they are gathered, the smallest in front. */
static void
put_in_place(struct rdb_stats *s, size_t at)
{
    for (;;) {
        size_t least = at, left = 2 * at + 1;
        struct rdb_stats_key swap;

        for (size_t i = left; i < left + 2 && i < s->biggest_count; i++)
            if (s->biggest[i].bytes < s->biggest[least].bytes)
                least = i;
        if (least == at)
            return;
        swap = s->biggest[at];
        s->biggest[at] = s->biggest[least];
        s->biggest[least] = swap;
        at = least;
    }
}

static void
note_biggest(struct rdb_stats *s, const struct rdb_key *key, uint64_t bytes)
{
    bool more = s->biggest_count < s->most;
    struct rdb_stats_key *k;

    if (s->biggest == NULL)
        s->biggest = memory_new((s->most + 1) * sizeof *s->biggest);
    k = &s->biggest[more ? s->biggest_count : 0];
    if (!more && (s->most == 0 || bytes <= k->bytes))
        return;
    memcpy(k->name, key->name, key->name_size);
    k->name_size = key->name_size;
    k->name_whole = key->name_whole;
    k->offset = key->offset;
    k->db = key->db;
    k->bytes = bytes;
    k->elements = key->elements;
    k->expire_ms = key->expire_ms;
    k->type = key->type;
    k->uncounted = key->uncounted;
    if (!more)
        put_in_place(s, 0);
    else if (++s->biggest_count == s->most)
        for (size_t i = s->most / 2; i-- > 0;)
            put_in_place(s, i);
}

static uint64_t
size_of(const struct rdb_stats *s, const struct rdb_key *key)
{
    if (!s->weighed)
        return key->end_offset - key->offset;
    return key->memory_bytes + (s->spare ? key->spare_bytes : 0);
}

void
rdb_stats_add(struct rdb_stats *s, const struct rdb_key *key)
{
    uint64_t bytes = size_of(s, key);
    char prefix[HEAVY_NAME_MAX];
    enum rdb_stats_life life;
    bool expired = false;

    if (key->expire_ms != -1) {
        life = find_life(key->expire_ms, s->now_ms);
        expired = life == RDB_STATS_EXPIRED;
        s->lives[life]++;
    }
    count(&s->all, key, bytes, expired);
    count(&s->types[key->type % RDB_STATS_TYPE_NUMBERS], key, bytes, expired);
    count(find_database(s, key->db), key, bytes, expired);
    note_biggest(s, key, bytes);
    heavy_add(&s->prefixes, prefix,
              rdb_prefix_write(prefix, sizeof prefix, key->name, key->name_size,
                               s->separator),
              bytes);
}

static int
compare_keys(const void *a, const void *b)
{
    const struct rdb_stats_key *x = a, *y = b;

    if (x->bytes != y->bytes)
        return x->bytes > y->bytes ? -1 : 1;
    return (x->offset > y->offset) - (x->offset < y->offset);
}

void
rdb_stats_end(struct rdb_stats *s)
{
    heavy_end(&s->prefixes, s->most);
    s->prefixes_exact = true;
    for (size_t i = 0; i < s->prefixes.count; i++)
        if (s->prefixes.entries[i].missed > 0)
            s->prefixes_exact = false;
    if (s->biggest_count > 0)
        qsort(s->biggest, s->biggest_count, sizeof *s->biggest, compare_keys);
}

static int
compare_named(const void *a, const void *b)
{
    const struct rdb_stats_named *x = a, *y = b;

    if (x->count.bytes != y->count.bytes)
        return x->count.bytes > y->count.bytes ? -1 : 1;
    return strcmp(x->name, y->name);
}

static void
add_counts(struct rdb_stats_count *to, const struct rdb_stats_count *c)
{
    to->keys += c->keys;
    to->expires += c->expires;
    to->expired += c->expired;
    to->bytes += c->bytes;
    to->elements += c->elements;
    to->uncounted += c->uncounted;
}

void
rdb_stats_encoding_name(char out[RDB_STATS_NAME_SIZE], bool valkey_magic,
                        unsigned type)
{
    const struct rdb_types_entry *entry = rdb_types_find(valkey_magic, type);

    snprintf(out, RDB_STATS_NAME_SIZE, "%s",
             entry == NULL ? "unknown" : entry->name);
}

void
rdb_stats_type_name(char out[RDB_STATS_NAME_SIZE], bool valkey_magic,
                    unsigned type)
{
    rdb_stats_encoding_name(out, valkey_magic, type);
    out[strspn(out, "abcdefghijklmnopqrstuvwxyz")] = '\0';
}

static size_t
gather(const struct rdb_stats *s, bool valkey_magic,
       void (*write)(char out[RDB_STATS_NAME_SIZE], bool valkey_magic,
                     unsigned type),
       struct rdb_stats_named out[RDB_STATS_NAMES])
{
    size_t n = 0, i;
    char name[RDB_STATS_NAME_SIZE];

    for (unsigned type = 0; type < RDB_STATS_TYPE_NUMBERS; type++) {
        if (s->types[type].keys == 0)
            continue;
        write(name, valkey_magic, type);
        for (i = 0; i < n && strcmp(out[i].name, name) != 0; i++)
            continue;
        if (i == RDB_STATS_NAMES)
            break;
        if (i == n)
            memset(&out[n++], 0, sizeof *out);
        memcpy(out[i].name, name, sizeof name);
        add_counts(&out[i].count, &s->types[type]);
    }
    qsort(out, n, sizeof *out, compare_named);
    return n;
}

size_t
rdb_stats_types(const struct rdb_stats *s, bool valkey_magic,
                struct rdb_stats_named out[RDB_STATS_NAMES])
{
    return gather(s, valkey_magic, rdb_stats_type_name, out);
}

size_t
rdb_stats_encodings(const struct rdb_stats *s, bool valkey_magic,
                    struct rdb_stats_named out[RDB_STATS_NAMES])
{
    return gather(s, valkey_magic, rdb_stats_encoding_name, out);
}

void
rdb_stats_clear(struct rdb_stats *s)
{
    free(s->databases);
    free(s->biggest);
    heavy_clear(&s->prefixes);
    rdb_stats_begin(s, s->now_ms);
}
