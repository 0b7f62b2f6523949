#include "jobs/drill_pass.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/file.h"
#include "base/memory.h"
#include "formats/crc64.h"
#include "formats/rdb_stats.h"

enum {
    VALUE_MAX = 8 << 20, /* compared in memory, ours and the server's */
    FOOTER_SIZE = 10,
    /* A key of the sample must not expire while it is compared. */
    SAMPLE_LIFE_MS = 600000,
    MODULE_OLD = 6, /* modules: the server has none of them */
    MODULE = 7,
};

static struct drill_pass_database *
find(struct drill_pass *p, uint64_t number)
{
    for (size_t i = p->database_count; i > 0; i--)
        if (p->databases[i - 1].number == number)
            return &p->databases[i - 1];
    if (p->database_count == DRILL_PASS_DATABASES_MAX)
        return NULL;
    p->databases = memory_grow(p->databases, p->database_count,
                               &p->database_room, sizeof *p->databases);
    p->databases[p->database_count] =
        (struct drill_pass_database){.number = number};
    return &p->databases[p->database_count++];
}

static void
count_key(struct drill_pass *p, const struct rdb_key *key)
{
    struct drill_pass_database *d = find(p, key->db);
    bool expires = key->expire_ms != -1;
    bool stays = !expires || key->expire_ms > p->until_ms;
    bool may_stay = !expires || key->expire_ms >= p->from_ms;

    if (d == NULL)
        return;
    /* Servers leave out what is empty, but those before 6.2. */
    d->keys_least += stays && !key->empty;
    d->keys_most += may_stay;
    d->expires_least += expires && stays && !key->empty;
    d->expires_most += expires && may_stay;
}

/* xorshift64: which keys are looked at is no secret. */
static uint64_t
draw(struct drill_pass *p, uint64_t below)
{
    p->seed ^= p->seed << 13;
    p->seed ^= p->seed >> 7;
    p->seed ^= p->seed << 17;
    return p->seed % below;
}

static bool
may_be_sampled(const struct drill_pass *p, const struct rdb_key *key)
{
    return !key->empty && key->type < DRILL_PASS_TYPES && key->type != MODULE &&
           key->type != MODULE_OLD && key->name_size == key->name_whole &&
           (key->expire_ms == -1 ||
            key->expire_ms > p->until_ms + SAMPLE_LIFE_MS);
}

/* Each key of a type with the same chance, however many come. */
static void
sample_key(struct drill_pass *p, const struct rdb_key *key)
{
    uint64_t number, place;
    struct drill_pass_key *kept;

    if (!may_be_sampled(p, key))
        return;
    number = p->seen[key->type]++;
    place = number < DRILL_PASS_EACH ? number : draw(p, number + 1);
    if (place >= DRILL_PASS_EACH)
        return;
    kept = &p->sample[key->type][place];
    free(kept->name);
    *kept = (struct drill_pass_key){
        .name = memory_copy(key->name, key->name_size),
        .name_size = key->name_size,
        .db = key->db,
        .value_offset = key->value_offset,
        .end_offset = key->end_offset,
        .expire_ms = key->expire_ms,
        .type = key->type,
    };
}

static void
see_key(void *context, const struct rdb_key *key)
{
    count_key(context, key);
    sample_key(context, key);
}

int
drill_pass_run(struct drill_pass *p, int fd, uint64_t size,
               const struct progress *progress, struct error *e)
{
    const struct rdb_options options = {.key_seen = see_key, .context = p};
    struct progress_file file = {
        .progress = progress, .path = "counting its keys", .size_bytes = size};
    struct report report = {0};
    struct rdb_result result;
    struct source s;
    int rc;

    if (p->seed == 0)
        p->seed = 1;
    if (source_of_file(&s, fd, size, e) != 0)
        return -1;
    s.moved = progress_moved;
    s.moved_context = &file;
    rc = rdb_walk(&s, &options, &report, &result, e);
    p->version = result.version;
    p->valkey_magic = result.valkey_magic;
    source_close(&s);
    report_clear(&report);
    return rc;
}

struct drill_pass_database
drill_pass_find(const struct drill_pass *p, uint64_t number)
{
    for (size_t i = 0; i < p->database_count; i++)
        if (p->databases[i].number == number)
            return p->databases[i];
    return (struct drill_pass_database){.number = number};
}

void
drill_pass_type(char *out, size_t size, const struct drill_pass *p,
                const struct drill_pass_key *key)
{
    char name[RDB_STATS_NAME_SIZE];

    rdb_stats_type_name(name, p->valkey_magic, key->type);
    snprintf(out, size, "%s", name);
}

static void
write_little(unsigned char *out, uint64_t number, int bytes)
{
    for (int i = 0; i < bytes; i++)
        out[i] = (unsigned char)(number >> (8 * i));
}

unsigned char *
drill_pass_dump(const struct drill_pass *p, int fd,
                const struct drill_pass_key *key, size_t *size, struct error *e)
{
    uint64_t bytes = key->end_offset - key->value_offset;
    unsigned char *dump, *footer;
    size_t got;

    if (bytes > VALUE_MAX)
        return NULL;
    dump = memory_new(1 + (size_t)bytes + FOOTER_SIZE);
    dump[0] = key->type;
    if (file_read_at(fd, dump + 1, (size_t)bytes, key->value_offset, &got, e) !=
            0 ||
        got != bytes) {
        if (e->kind == ERROR_NONE)
            error_set(e, ERROR_CHANGED, "the restored file became shorter");
        free(dump);
        return NULL;
    }
    footer = dump + 1 + bytes;
    write_little(footer, (uint64_t)p->version, 2);
    *size = (size_t)bytes + 3;
    write_little(footer + 2, crc64_update(0, dump, *size), 8);
    *size += 8;
    return dump;
}

void
drill_pass_clear(struct drill_pass *p)
{
    for (int type = 0; type < DRILL_PASS_TYPES; type++)
        for (int i = 0; i < DRILL_PASS_EACH; i++)
            free(p->sample[type][i].name);
    free(p->databases);
    *p = (struct drill_pass){0};
}
