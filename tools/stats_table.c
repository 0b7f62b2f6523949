#include "stats_table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "table.h"

enum { NAME_COLUMNS = 28 };

/* Beyond that nobody means an expiry. */
static const int64_t century_ms = INT64_C(36525) * 24 * 3600 * 1000;

static void
add_number(struct table *t, uint64_t n)
{
    table_cell(t, "%llu", (unsigned long long)n);
}

static void
add_size(struct table *t, uint64_t bytes)
{
    char text[TEXT_WORDS_SIZE];

    text_write_size(text, bytes);
    table_cell(t, "%s", text);
}

static void
add_name(struct table *t, const char *name, uint64_t size, uint64_t whole)
{
    char text[NAME_COLUMNS + 1];

    text_quote(text, sizeof text, name, size);
    if (whole > size && strlen(text) + 3 < sizeof text)
        memcpy(text + strlen(text), "...", sizeof "...");
    table_cell(t, "%s", text);
}

/* "12", "12+" where there are more; blank: it has none that are counted. */
static void
add_elements(struct table *t, uint64_t elements, uint64_t uncounted)
{
    if (elements == 0 && uncounted == 0)
        table_cell(t, "%s", "");
    else
        table_cell(t, "%llu%s", (unsigned long long)elements,
                   uncounted > 0 ? "+" : "");
}

static void
print_table(struct table *t)
{
    putchar('\n');
    table_print(t);
    table_clear(t);
}

static void
print_named(const char *title, const struct rdb_stats_named *named, size_t n,
            bool weighed)
{
    const char *titles[] = {
        title,       ">keys", ">expire", weighed ? ">memory" : ">size",
        ">elements", NULL,
    };
    struct table t;

    table_begin(&t, titles);
    for (size_t i = 0; i < n; i++) {
        const struct rdb_stats_count *c = &named[i].count;

        table_cell(&t, "%s", named[i].name);
        add_number(&t, c->keys);
        add_number(&t, c->expires);
        add_size(&t, c->bytes);
        add_elements(&t, c->elements, c->uncounted);
    }
    print_table(&t);
}

void
stats_table_print_types(const struct judge_stats *s)
{
    struct rdb_stats_named named[RDB_STATS_NAMES];

    print_named("type", named, rdb_stats_types(&s->rdb, s->valkey_magic, named),
                s->rdb.weighed);
}

static void
print_databases(const struct rdb_stats *s)
{
    static const char *const titles[] = {
        "database", ">keys", ">expire", ">expired", ">size", NULL,
    };
    struct table t;

    table_begin(&t, titles);
    for (size_t db = 0; db <= s->database_count; db++) {
        bool other = db == s->database_count;
        const struct rdb_stats_count *c = other ? &s->other_databases
                                                : &s->databases[db];

        if (c->keys == 0)
            continue;
        if (other)
            table_cell(&t, "%s", "(other)");
        else
            add_number(&t, db);
        add_number(&t, c->keys);
        add_number(&t, c->expires);
        add_number(&t, c->expired);
        add_size(&t, c->bytes);
    }
    print_table(&t);
}

static void
print_lives(const struct rdb_stats *s)
{
    static const char *const titles[] = {"expires", ">keys", NULL};
    static const char *const names[] = {
        [RDB_STATS_EXPIRED] = "before now", [RDB_STATS_HOUR] = "within 1 h",
        [RDB_STATS_DAY] = "within 1 d",     [RDB_STATS_WEEK] = "within 7 d",
        [RDB_STATS_MONTH] = "within 30 d",  [RDB_STATS_LATER] = "later",
    };
    struct table t;

    if (s->all.expires == 0)
        return;
    table_begin(&t, titles);
    for (size_t i = 0; i < RDB_STATS_LIVES; i++) {
        table_cell(&t, "%s", names[i]);
        add_number(&t, s->lives[i]);
    }
    print_table(&t);
}

/* How long from now, or that it is over. */
static void
add_life(struct table *t, int64_t expire_ms, int64_t now_ms)
{
    char text[TEXT_WORDS_SIZE] = "";

    if (expire_ms == -1)
        table_cell(t, "%s", "");
    else if (expire_ms < now_ms)
        table_cell(t, "%s", "expired");
    else if (expire_ms - century_ms > now_ms)
        table_cell(t, "%s", "> 100 years");
    else {
        text_write_duration(text, (uint64_t)(expire_ms - now_ms));
        table_cell(t, "%s", text);
    }
}

void
stats_table_print_biggest(const struct judge_stats *s)
{
    const char *titles[] = {
        "biggest key", ">db",
        "type",        s->rdb.weighed ? ">memory" : ">size",
        ">elements",   ">expires in",
        NULL,
    };
    char type[RDB_STATS_NAME_SIZE];
    struct table t;

    table_begin(&t, titles);
    for (size_t i = 0; i < s->rdb.biggest_count; i++) {
        const struct rdb_stats_key *k = &s->rdb.biggest[i];

        rdb_stats_type_name(type, s->valkey_magic, k->type);
        add_name(&t, k->name, k->name_size, k->name_whole);
        add_number(&t, k->db);
        table_cell(&t, "%s", type);
        add_size(&t, k->bytes);
        add_elements(&t, k->elements, k->uncounted);
        add_life(&t, k->expire_ms, s->rdb.now_ms);
    }
    print_table(&t);
}

static void
add_prefix(struct table *t, const struct heavy_entry *p,
           const struct rdb_stats *s)
{
    if (p->size == 0)
        table_cell(t, "(no '%c')", s->separator);
    else
        add_name(t, p->name, p->size, p->size);
    add_number(t, p->count);
    add_size(t, p->weight);
    if (!s->prefixes_exact)
        add_size(t, p->weight + p->missed);
}

void
stats_table_print_prefixes(const struct rdb_stats *s)
{
    uint64_t unseen = heavy_unseen(&s->prefixes);
    bool exact = s->prefixes_exact;
    const char *titles[] = {
        "prefix",
        ">keys",
        s->weighed ? ">memory" : ">size",
        exact ? NULL : ">at most",
        NULL,
    };
    uint64_t keys = s->all.keys, bytes = s->all.bytes;
    struct table t;

    table_begin(&t, titles);
    for (size_t i = 0; i < s->prefixes.count; i++) {
        const struct heavy_entry *p = &s->prefixes.entries[i];

        add_prefix(&t, p, s);
        keys -= p->count;
        bytes -= p->weight;
    }
    if (keys > 0) {
        table_cell(&t, "%s", "(other)");
        add_number(&t, keys);
        add_size(&t, bytes);
        if (!exact)
            table_cell(&t, "%s", "");
    }
    print_table(&t);
    if (unseen > 0) {
        char text[TEXT_WORDS_SIZE];

        text_write_size(text, unseen);
        printf("No prefix among the others has more than %s.\n", text);
    }
}

static void
print_rdb(const struct judge_stats *s)
{
    struct rdb_stats_named named[RDB_STATS_NAMES];
    const struct rdb_stats_count *all = &s->rdb.all;
    char size[TEXT_WORDS_SIZE];

    text_write_size(size, all->bytes);
    printf("%llu keys, %s in the file; %llu expire, %llu of them before now\n",
           (unsigned long long)all->keys, size,
           (unsigned long long)all->expires, (unsigned long long)all->expired);
    if (all->keys == 0)
        return;
    print_databases(&s->rdb);
    print_lives(&s->rdb);
    stats_table_print_types(s);
    print_named("encoding", named,
                rdb_stats_encodings(&s->rdb, s->valkey_magic, named), false);
    stats_table_print_biggest(s);
    stats_table_print_prefixes(&s->rdb);
}

static void
print_commands(const struct aof_stats *s)
{
    static const char *const titles[] = {"command", ">times", ">size", NULL};
    struct table t;

    table_begin(&t, titles);
    for (size_t i = 0; i < s->count; i++) {
        const struct aof_stats_command *c = &s->commands[i];

        add_name(&t, c->name, c->name_size, c->name_size);
        add_number(&t, c->count);
        add_size(&t, c->bytes);
    }
    if (s->other.count > 0) {
        table_cell(&t, "%s", "(other)");
        add_number(&t, s->other.count);
        add_size(&t, s->other.bytes);
    }
    print_table(&t);
}

static void
print_times(const struct judge_stats *s)
{
    char first[TEXT_TIME_SIZE], last[TEXT_TIME_SIZE];

    if (s->first_ms < 0)
        return;
    text_write_time(first, s->first_ms);
    text_write_time(last, s->last_ms);
    printf("written from %s to %s\n", first, last);
}

static void
print_aof(const struct judge_stats *s)
{
    const struct aof_stats *a = &s->aof;
    char size[TEXT_WORDS_SIZE], name[NAME_COLUMNS + 1];

    text_write_size(size, a->bytes_total);
    printf("%llu commands, %s; %llu transactions\n",
           (unsigned long long)a->commands_total, size,
           (unsigned long long)a->transactions);
    print_times(s);
    if (a->commands_total == 0)
        return;
    text_quote(name, sizeof name, a->biggest.name, a->biggest.name_size);
    text_write_size(size, a->biggest.bytes);
    printf("biggest: %s of %llu words, %s, at byte %llu\n", name,
           (unsigned long long)a->biggest.count, size,
           (unsigned long long)a->biggest_offset);
    print_commands(a);
}

void
stats_table_take(struct stats_table *t, struct judge_file *f)
{
    if (f->stats == NULL)
        return;
    t->files = memory_grow(t->files, t->count, &t->capacity, sizeof *t->files);
    t->files[t->count++] = (struct stats_table_file){
        .path = memory_dup(f->path), .stats = f->stats};
    f->stats = NULL;
}

void
stats_table_print(const struct stats_table *t)
{
    for (size_t i = 0; i < t->count; i++) {
        const struct judge_stats *s = t->files[i].stats;

        printf("\n%s\n", t->files[i].path);
        if (s->has_rdb)
            print_rdb(s);
        if (s->has_rdb && s->has_aof)
            putchar('\n');
        if (s->has_aof)
            print_aof(s);
    }
    if (t->count > 0)
        putchar('\n');
}

void
stats_table_clear(struct stats_table *t)
{
    for (size_t i = 0; i < t->count; i++) {
        free(t->files[i].path);
        judge_stats_free(t->files[i].stats);
    }
    free(t->files);
    *t = (struct stats_table){0};
}
