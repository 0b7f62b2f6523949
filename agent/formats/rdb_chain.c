#include "formats/rdb_chain.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "formats/rdb_deep.h"
#include "formats/rdb_item.h"
#include "formats/rdb_lzf.h"
#include "formats/twins.h"

enum { CHECKSUM_SIZE = 8 };

/* What keys prove: one whose content is proof, or not, and 4 bytes of name. */
enum { STRONG = 3, WEAK = 1, NAME_BYTES = 4, NAME_MOST = 2 };

/* So much of a name is looked at, roughly. */
enum { NAME_READ = 64 };

/* So much is needed, where damage follows; with so much one need not go on. */
enum { NEEDED = 4, ENOUGH = 12 };

/* So many known keys are more than what a value holds by chance. */
enum { KEYS_CROSSING = 4 };

/* What a large value that is walked in the source costs beside its bytes. */
enum { REMAPPED_BYTES = 1 << 20 };

/* ms since 1970 of 1973 and 5138: expiries of servers lie between. */
#define EXPIRE_LEAST INT64_C(100000000000)
#define EXPIRE_MOST INT64_C(100000000000000)

/* Since then SELECT is followed by RESIZE. */
enum { SIZES_SINCE = 7 };

void
rdb_chain_begin(struct rdb_chain_reader *y, struct source *s,
                const struct rdb_names *names, const struct rdb_result *like)
{
    *y = (struct rdb_chain_reader){.s = s, .names = names};
    y->result = (struct rdb_result){
        .version = like->version,
        .valkey_magic = like->valkey_magic,
    };
    source_of_memory(&y->window, "", 0);
    rdb_read_begin(&y->r, &y->window, NULL, &y->result);
    y->r.unsummed = true;
    rdb_deep_begin(&y->r);
}

void
rdb_chain_end(struct rdb_chain_reader *y)
{
    rdb_deep_free(&y->r);
    rdb_lzf_free(&y->r);
    free(y->r.buffer);
}

void
rdb_chain_look_at(struct rdb_chain_reader *y, const unsigned char *p,
                  size_t size)
{
    y->window.at = p;
    y->window.end = p + size;
    y->window.end_offset = y->window.size_bytes = size;
    y->r.s = &y->window;
    rdb_read_moved(&y->r);
}

/* Whether an opcode that is the first, or the second behind SELECT, may be. */
static bool
is_fit(const struct rdb_chain_reader *y, const struct rdb_item *item,
       struct rdb_chain *c)
{
    const struct rdb_read *r = &y->r;
    bool first = !c->begun;

    c->begun = true;
    if (c->wants_sizes) {
        c->wants_sizes = false;
        return item->byte == RDB_ITEM_RESIZE && item->sizes[0] > 0 &&
               item->sizes[0] >= item->sizes[1];
    }
    if (!first || c->keys > 0)
        return true;
    if (item->byte == RDB_ITEM_EXPIRE_MS)
        return r->key.expire_ms > EXPIRE_LEAST &&
               r->key.expire_ms < EXPIRE_MOST;
    if (item->byte == RDB_ITEM_SELECT) {
        c->wants_sizes = y->result.version >= SIZES_SINCE;
        return r->key.db > y->db;
    }
    return true;
}

static bool
is_name(const struct rdb_chain_reader *y, const struct rdb_blob *name,
        struct rdb_chain *c)
{
    bool known;
    uint64_t hash;

    if (name->broken || name->bytes == NULL)
        return false;
    if (!c->known && !rdb_names_is_like(y->names, name->bytes, name->size))
        return false;
    known = rdb_names_is_known(y->names, name->bytes, name->size);
    if (c->known && !known)
        return false;
    hash = twins_hash(name->bytes, name->size);
    if (c->keys == 0)
        c->first_known = known;
    else if (hash == c->hash)
        return false;
    c->hash = hash;
    return true;
}

/* A name that is no good was in the window, and hardly looked at. */
static void
note_unread(struct rdb_read *r, const struct rdb_blob *name)
{
    if (name->bytes != NULL && name->bytes != r->buffer &&
        name->size > NAME_READ)
        r->unread += name->size;
}

/* A key of the chain; false: it ends here. */
static bool
walk_key(struct rdb_chain_reader *y, const struct rdb_item *item,
         struct rdb_chain *c)
{
    struct rdb_read *r = &y->r;
    uint64_t name = item->name.size / NAME_BYTES;

    if (c->wants_sizes || !is_name(y, &item->name, c)) {
        note_unread(r, &item->name);
        return false;
    }
    if (!rdb_item_read_value(r, item)) {
        c->cut = r->result->cut_short;
        return false;
    }
    if (r->spoiled)
        return false;
    if (c->keys++ == 0)
        c->first_end = c->base + r->key.end_offset;
    c->exact = c->fence > 0 && c->base + r->key.end_offset == c->fence;
    c->score += rdb_item_is_weak(item->byte) ? WEAK : STRONG;
    c->score += name < NAME_MOST ? name : NAME_MOST;
    return true;
}

static bool
is_enough(const struct rdb_chain *c)
{
    return c->fence == 0 ? c->score >= ENOUGH
                         : c->exact || c->keys >= KEYS_CROSSING;
}

static void
walk_chain(struct rdb_chain_reader *y, struct rdb_chain *c)
{
    struct rdb_read *r = &y->r;
    struct rdb_item item;

    y->result.cut_short = false;
    r->pending = false;
    r->key.db = y->db;
    while (!is_enough(c)) {
        switch (rdb_item_read(r, &item)) {
        case RDB_ITEM_BROKEN:
            c->cut = y->result.cut_short;
            return;
        case RDB_ITEM_END:
            c->at_end = rdb_chain_is_end(y, c->base + item.offset);
            return;
        case RDB_ITEM_OPCODE:
            if (!is_fit(y, &item, c))
                return;
            break;
        case RDB_ITEM_KEY:
            if (!walk_key(y, &item, c))
                return;
        }
    }
}

struct rdb_chain
rdb_chain_walk(struct rdb_chain_reader *y, const unsigned char *p, size_t size,
               struct rdb_chain c)
{
    uint64_t unread = y->r.unread;

    rdb_chain_look_at(y, p, size);
    walk_chain(y, &c);
    y->spent += source_offset(&y->window) - (y->r.unread - unread);
    return c;
}

struct rdb_chain
rdb_chain_walk_source(struct rdb_chain_reader *y, uint64_t offset)
{
    struct rdb_chain c = {0};
    uint64_t unread = y->r.unread;

    source_seek(y->s, offset);
    y->r.s = y->s;
    rdb_read_moved(&y->r);
    walk_chain(y, &c);
    y->spent += source_offset(y->s) - offset - (y->r.unread - unread);
    y->spent += REMAPPED_BYTES;
    y->r.s = &y->window;
    return c;
}

bool
rdb_chain_is_proof(const struct rdb_chain_reader *y, const struct rdb_chain *c)
{
    /* Where no name is known, bytes of any kind are like one. */
    uint64_t needed = rdb_names_are_few(y->names) ? ENOUGH : NEEDED;

    return c->keys > 0 && (c->at_end || c->score >= needed);
}

bool
rdb_chain_is_inside(const struct rdb_chain *c, uint64_t keys)
{
    return c->exact ? c->keys >= keys : c->keys >= KEYS_CROSSING;
}

bool
rdb_chain_is_command(const unsigned char *p, size_t size)
{
    size_t i = 1, n = 0;

    if (size < 1 || *p != '*')
        return false;
    while (i < size && isdigit(p[i]))
        i++;
    if (i == 1 || size - i < 4 || memcmp(p + i, "\r\n$", 3) != 0)
        return false;
    for (i += 3; i < size && isdigit(p[i]) && n < 100; i++)
        n = n * 10 + p[i] - '0';
    if (n == 0 || n >= 100 || size - i < n + 4 ||
        memcmp(p + i, "\r\n", 2) != 0 || memcmp(p + i + 2 + n, "\r\n", 2) != 0)
        return false;
    return isalpha(p[i + 2]) != 0;
}

bool
rdb_chain_is_end(const struct rdb_chain_reader *y, uint64_t mark)
{
    uint64_t behind = mark + 1, size = y->s->size_bytes;
    unsigned char next[128];
    struct error ignored = {0};
    size_t got;

    if (y->result.version >= RDB_CHECKSUM_SINCE)
        behind += CHECKSUM_SIZE;
    if (behind >= size)
        return behind == size;
    if (source_read_at(y->s, next, sizeof next, behind, &got, &ignored) != 0)
        return false;
    return rdb_chain_is_command(next, got) ||
           (got >= 4 && memcmp(next, "#TS:", 4) == 0);
}
