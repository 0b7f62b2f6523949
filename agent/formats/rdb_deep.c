#include "formats/rdb_deep.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "formats/rdb_blob.h"
#include "formats/rdb_lzf.h"
#include "formats/rdb_seen.h"
#include "formats/rdb_string.h"

enum { LEVELS = 2 };

/* More members than this of one value are sorted together with the keys. */
enum { MEMBERS_MAX = 1 << 20 };

/* Pairs that are read again; then there is no need for more. */
enum { PAIRS_MAX = 100000 };

/* Read again in steps of that many bytes. */
enum { AGAIN_BYTES = 4096 };

enum { NAME_SHOWN = 48 };

/* Set in the offset of a member among the keys. */
#define MEMBER (UINT64_C(1) << 63)

struct rdb_deep {
    struct rdb_seen keys, members[LEVELS];
    uint64_t name_hash, name_offset;
    uint64_t pairs;
    rdb_deep_twice *twice; /* may be NULL */
    void *twice_context;
    struct error error; /* of the scratch file */
};

/* What is asked of pairs of members with one hash. */
struct question {
    struct rdb_read *r;
    unsigned refused_by;
    const char *what; /* NULL: keys */
    bool told;        /* of members, of which one is enough */
};

struct again {
    const struct source *s;
    uint64_t offset;
};

void
rdb_deep_begin(struct rdb_read *r)
{
    r->deep = memory_new(sizeof *r->deep);
    rdb_seen_begin(&r->deep->keys);
    for (unsigned i = 0; i < LEVELS; i++)
        rdb_seen_begin(&r->deep->members[i]);
}

void
rdb_deep_free(struct rdb_read *r)
{
    if (r->twins != NULL)
        twins_clear(r->twins);
    free(r->twins);
    r->twins = NULL;
    if (r->deep == NULL)
        return;
    rdb_seen_clear(&r->deep->keys);
    for (unsigned i = 0; i < LEVELS; i++)
        rdb_seen_clear(&r->deep->members[i]);
    free(r->deep);
    r->deep = NULL;
}

struct twins *
rdb_deep_twins(struct rdb_read *r)
{
    if (r->twins == NULL)
        r->twins = memory_new(sizeof *r->twins);
    return r->twins;
}

bool
rdb_deep_tell_large(struct rdb_read *r, uint64_t offset, uint64_t size)
{
    if (!r->told_large)
        report_add(r->report, SEVERITY_WARNING, "rdb-large", (int64_t)offset,
                   "have a server load it, with sanitize-dump-payload yes",
                   "a packed structure of %" PRIu64 " bytes is too large to be "
                   "walked (the first of perhaps more)",
                   size);
    r->told_large = true;
    return true;
}

/* Another number for each n, and for the same texts then another hash. */
static uint64_t
spread(uint64_t n)
{
    n *= UINT64_C(0x9e3779b97f4a7c15);
    return n ^ n >> 31;
}

static uint64_t
hash_of(const struct rdb_blob *b)
{
    if (b->broken || (b->bytes == NULL && b->size > 0))
        return 0;
    return twins_hash(b->bytes != NULL ? b->bytes : b->head, b->size);
}

/* Reads a string; its hash is 0 where it is too large to be looked at. */
static bool
read_hash(struct rdb_read *r, uint64_t *hash)
{
    const unsigned char *p = r->s->at;
    struct rdb_blob b;

    if (r->s->end - p >= 2) {
        size_t head = *p < 0x40 ? 1 : 2;
        size_t n = head == 1 ? *p : (size_t)(*p & 0x3f) << 8 | p[1];

        if (*p < 0x80 && n <= (size_t)(r->s->end - p) - head) {
            *hash = twins_hash(p + head, n);
            r->s->at = p + head + n;
            return true;
        }
    }
    if (!rdb_blob_read(r, &b))
        return false;
    *hash = hash_of(&b);
    return true;
}

bool
rdb_deep_name(struct rdb_read *r)
{
    r->deep->name_offset = source_offset(r->s);
    return read_hash(r, &r->deep->name_hash);
}

void
rdb_deep_name_read(struct rdb_read *r, const struct rdb_blob *name)
{
    r->deep->name_offset = name->start;
    r->deep->name_hash = hash_of(name);
}

void
rdb_deep_tell_twice(struct rdb_read *r, rdb_deep_twice *twice, void *context)
{
    r->deep->twice = twice;
    r->deep->twice_context = context;
}

static void
add(struct rdb_read *r, struct rdb_seen *seen, uint64_t hash, uint64_t offset)
{
    struct rdb_deep *d = r->deep;

    if (d->error.kind == ERROR_NONE)
        rdb_seen_add(seen, hash, offset, &d->error);
}

void
rdb_deep_key(struct rdb_read *r)
{
    struct rdb_deep *d = r->deep;

    if (d->name_hash != 0 && !r->key.empty)
        add(r, &d->keys, d->name_hash ^ spread(r->key.db), d->name_offset);
}

void
rdb_deep_begin_members(struct rdb_read *r, unsigned level)
{
    r->deep->members[level].count = 0;
}

bool
rdb_deep_member(struct rdb_read *r, unsigned level)
{
    struct rdb_seen *members = &r->deep->members[level];
    uint64_t offset = source_offset(r->s), hash;

    if (!read_hash(r, &hash))
        return false;
    if (hash == 0)
        return true;
    add(r, members, hash, offset);
    if (members->count < MEMBERS_MAX)
        return true;
    /* The first ones of a large value; the rest follows. */
    for (size_t i = 0; i < members->count; i++)
        add(r, &r->deep->keys,
            members->items[i].hash ^ spread(r->key.value_offset + level),
            members->items[i].offset | MEMBER);
    members->count = 0;
    return true;
}

static int
pull_again(void *context, void *bytes, size_t size, size_t *got,
           struct error *e)
{
    struct again *a = context;

    if (size > AGAIN_BYTES)
        size = AGAIN_BYTES;
    if (source_read_at(a->s, bytes, size, a->offset, got, e) != 0)
        return -1;
    a->offset += *got;
    return 0;
}

/* The string at an offset once more; false: it could not be read. */
static bool
read_again(struct rdb_read *r, uint64_t offset, unsigned char **text,
           uint64_t *size, struct error *e)
{
    struct again again = {r->s, offset};
    struct rdb_result result = {.verdict = VERDICT_SOUND};
    struct rdb_read copy;
    struct rdb_blob b;
    struct source s;
    bool good;

    source_of_pull(&s, pull_again, &again, UINT64_MAX);
    rdb_read_begin(&copy, &s, NULL, &result);
    copy.deep = r->deep; /* the same limits */
    good = rdb_blob_read(&copy, &b) && (b.bytes != NULL || b.size == 0);
    if (good) {
        *size = b.size;
        *text = (unsigned char *)memory_copy(b.bytes, b.size);
    }
    if (s.error.kind != ERROR_NONE)
        *e = s.error;
    rdb_lzf_free(&copy);
    free(copy.buffer);
    source_close(&s);
    return good;
}

static void
show(char out[NAME_SHOWN + 1], const unsigned char *text, uint64_t size)
{
    size_t n = 0;

    for (; n < size && n < NAME_SHOWN; n++)
        out[n] = isprint(text[n]) ? (char)text[n] : '?';
    out[n] = '\0';
}

static void
tell_pair(struct question *q, uint64_t first, uint64_t second,
          const unsigned char *text, uint64_t size)
{
    const struct rdb_deep *d = q->r->deep;
    char name[NAME_SHOWN + 1];

    if (d->twice != NULL && q->what == NULL)
        d->twice(d->twice_context, second & ~MEMBER);
    q->told = q->what != NULL;
    show(name, text, size);
    if (q->what == NULL && (first & MEMBER) == 0)
        rdb_read_note(q->r, RDB_BY_ALL, "rdb-duplicate-key", second,
                      "the key '%s' comes twice in its database, first at "
                      "byte %" PRIu64,
                      name, first);
    else
        rdb_read_flawed(q->r, q->refused_by, second & ~MEMBER,
                        "%s '%s' comes twice, first at byte %" PRIu64,
                        q->what != NULL ? q->what : "a member", name,
                        first & ~MEMBER);
}

static int
compare_pair(void *context, const struct rdb_seen_item *first,
             const struct rdb_seen_item *second, struct error *e)
{
    struct question *q = context;
    unsigned char *a = NULL, *b = NULL;
    uint64_t a_size, b_size, a_at = first->offset, b_at = second->offset;

    if (q->told || (a_at ^ b_at) >> 63 != 0)
        return 0;
    if (q->r->deep->pairs++ >= PAIRS_MAX && q->r->deep->twice == NULL)
        return 0;
    if (read_again(q->r, a_at & ~MEMBER, &a, &a_size, e) &&
        read_again(q->r, b_at & ~MEMBER, &b, &b_size, e) && a_size == b_size &&
        memcmp(a, b, a_size) == 0)
        tell_pair(q, a_at, b_at, b, b_size);
    free(a);
    free(b);
    return e->kind == ERROR_NONE ? 0 : -1;
}

void
rdb_deep_end_members(struct rdb_read *r, unsigned level, unsigned refused_by,
                     const char *what)
{
    struct rdb_deep *d = r->deep;
    struct question q = {r, refused_by, what, false};

    if (source_is_again(r->s) && d->error.kind == ERROR_NONE)
        rdb_seen_end(&d->members[level], compare_pair, &q, &d->error);
    d->members[level].count = 0;
}

int
rdb_deep_end(struct rdb_read *r, struct error *e)
{
    struct rdb_deep *d = r->deep;
    struct question q = {r, RDB_BY_LOOKING, NULL, false};

    if (d == NULL || !source_is_again(r->s))
        return 0;
    r->inside = NULL;
    r->spoiled = false;
    if (d->error.kind == ERROR_NONE)
        rdb_seen_end(&d->keys, compare_pair, &q, &d->error);
    if (d->error.kind == ERROR_NONE)
        return 0;
    *e = d->error;
    return -1;
}
