#include "formats/rdb_resync.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "formats/rdb_deep.h"
#include "formats/rdb_item.h"
#include "formats/rdb_lzf.h"
#include "formats/rdb_opcode.h"
#include "formats/rdb_types.h"
#include "formats/twins.h"

enum { CHECKSUM_SIZE = 8 };

/* What keys prove: one whose content is proof, or not, and 4 bytes of name. */
enum { STRONG = 3, WEAK = 1, NAME_BYTES = 4, NAME_MOST = 2 };

/* So much is needed, where damage follows; with so much one need not go on. */
enum { NEEDED = 4, ENOUGH = 12 };

/* What may be walked for each byte passed, and at first. */
enum { WALKED_PER_BYTE = 8 };
#define WALKED_AT_LEAST (UINT64_C(256) << 20)

/* What a large value that is walked in the source costs beside its bytes. */
enum { REMAPPED_BYTES = 1 << 20 };

/* So many known keys are more than what a value holds by chance. */
enum { KEYS_CROSSING = 4 };

/* Longer values are not searched for swallowed keys. */
enum { SEARCHED_MAX = 16 << 20 };

/* ms since 1970 of 1973 and 5138: expiries of servers lie between. */
#define EXPIRE_LEAST INT64_C(100000000000)
#define EXPIRE_MOST INT64_C(100000000000000)

/* FD, seconds, was written until this version. */
enum { SECONDS_UNTIL = 2 };

/* Since then SELECT is followed by RESIZE. */
enum { SIZES_SINCE = 7 };

/* What parses from one place on. */
struct chain {
    uint64_t base;    /* offset of the reader's byte 0 */
    uint64_t fence;   /* an offset that matters, or 0 */
    bool known;       /* all names must be known */
    bool begun;       /* something was read */
    bool wants_sizes; /* SELECT came first, RESIZE must follow */
    bool first_known;
    bool exact;  /* a key ended at the fence */
    bool at_end; /* came to the RDB's end */
    bool cut;    /* the window ended */
    uint64_t keys, score, first_end, hash;
};

void
rdb_resync_begin(struct rdb_resync *y, struct source *s,
                 struct rdb_names *names, const struct rdb_result *like)
{
    static const uint8_t always[] = {
        RDB_ITEM_FUNCTION,
        RDB_ITEM_MODULE_AUX,
        RDB_ITEM_AUX,
        RDB_ITEM_EXPIRE_MS,
        RDB_ITEM_SELECT,
        RDB_OPCODE_END,
        '*',
    };

    *y = (struct rdb_resync){.s = s, .names = names};
    y->result = (struct rdb_result){
        .version = like->version,
        .valkey_magic = like->valkey_magic,
    };
    for (unsigned type = 0; type < RDB_OPCODE_FIRST; type++) {
        const struct rdb_types_entry *entry =
            rdb_types_find(like->valkey_magic, type);

        y->starts[type] = entry != NULL && entry->walk != NULL;
    }
    for (size_t i = 0; i < sizeof always; i++)
        y->starts[always[i]] = true;
    y->starts[RDB_ITEM_EXPIRE] = like->version <= SECONDS_UNTIL;
    source_of_memory(&y->window, "", 0);
    rdb_read_begin(&y->r, &y->window, NULL, &y->result);
    y->r.unsummed = true;
    rdb_deep_begin(&y->r);
}

void
rdb_resync_end(struct rdb_resync *y)
{
    rdb_deep_free(&y->r);
    rdb_lzf_free(&y->r);
    free(y->r.buffer);
}

void
rdb_resync_allow(struct rdb_resync *y, uint8_t opcode)
{
    y->starts[opcode] = true;
}

/* "*2\r\n$6\r\nSELECT\r\n": how a command begins. */
static bool
is_command(const unsigned char *p, size_t size)
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
rdb_resync_is_end(const struct rdb_resync *y, uint64_t mark)
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
    return is_command(next, got) || (got >= 4 && memcmp(next, "#TS:", 4) == 0);
}

/* Whether an opcode that is the first, or the second behind SELECT, may be. */
static bool
is_fit(const struct rdb_resync *y, const struct rdb_item *item, struct chain *c)
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
is_name(const struct rdb_resync *y, const struct rdb_blob *name,
        struct chain *c)
{
    bool known;
    uint64_t hash;

    if (name->broken || name->bytes == NULL)
        return false;
    known = rdb_names_is_known(y->names, name->bytes, name->size);
    if (c->known ? !known
                 : !rdb_names_is_like(y->names, name->bytes, name->size))
        return false;
    hash = twins_hash(name->bytes, name->size);
    if (c->keys == 0)
        c->first_known = known;
    else if (hash == c->hash)
        return false;
    c->hash = hash;
    return true;
}

/* A key of the chain; false: it ends here. */
static bool
walk_key(struct rdb_resync *y, const struct rdb_item *item, struct chain *c)
{
    struct rdb_read *r = &y->r;
    uint64_t name = item->name.size / NAME_BYTES;

    if (c->wants_sizes || !is_name(y, &item->name, c))
        return false;
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
is_enough(const struct chain *c)
{
    return c->fence == 0 ? c->score >= ENOUGH
                         : c->exact || c->keys >= KEYS_CROSSING;
}

static void
walk_chain(struct rdb_resync *y, struct chain *c)
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
            c->at_end = rdb_resync_is_end(y, c->base + item.offset);
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

static bool
is_proof(const struct chain *c)
{
    return c->keys > 0 && (c->at_end || c->score >= NEEDED);
}

/* Gives the reader these bytes alone. */
static void
look_at(struct rdb_resync *y, const unsigned char *p, size_t size)
{
    y->window.at = p;
    y->window.end = p + size;
    y->window.end_offset = y->window.size_bytes = size;
    y->r.s = &y->window;
    rdb_read_moved(&y->r);
}

/* The chain in the bytes at p, that are at offset. */
static struct chain
walk_window(struct rdb_resync *y, const unsigned char *p, size_t size,
            struct chain c)
{
    look_at(y, p, size);
    walk_chain(y, &c);
    y->spent += source_offset(&y->window);
    return c;
}

/* The same in the source, as a value is larger than the window. */
static struct chain
walk_source(struct rdb_resync *y, uint64_t offset)
{
    struct chain c = {0};

    source_seek(y->s, offset);
    y->r.s = y->s;
    rdb_read_moved(&y->r);
    walk_chain(y, &c);
    y->spent += source_offset(y->s) - offset + REMAPPED_BYTES;
    y->r.s = &y->window;
    return c;
}

/*
 * An integer as servers write it ends there, C0 and a byte, C1 and 2, C2 and
 * 4: more likely that than a type, in front of what may be a field's name.
 */
static bool
ends_number(const unsigned char *p, size_t before)
{
    return (before >= 1 && p[-1] == 0xc0) || (before >= 2 && p[-2] == 0xc1) ||
           (before >= 4 && p[-4] == 0xc2);
}

/* A function has code of which the first line names the engine. */
static bool
is_function(struct rdb_resync *y, const unsigned char *p, size_t size)
{
    struct rdb_blob code;

    look_at(y, p + 1, size - 1);
    return rdb_blob_read(&y->r, &code) && code.bytes != NULL && code.size > 2 &&
           memcmp(code.bytes, "#!", 2) == 0;
}

/* What a look at a few bytes says. */
static bool
may_begin(struct rdb_resync *y, const unsigned char *p, size_t size)
{
    if (size < 3)
        return false;
    switch (*p) {
    case RDB_ITEM_FUNCTION:
        return is_function(y, p, size);
    case RDB_ITEM_MODULE_AUX:
        return p[1] == 0x81; /* an id has all 64 bits */
    case RDB_ITEM_AUX:       /* no name of less than 3 letters */
        return p[1] > 2 && p[1] < 0x40 && size > 2u + p[1] &&
               rdb_names_odd_bytes(p + 2, p[1]) == 0;
    default:
        break;
    }
    if (*p >= RDB_OPCODE_FIRST)
        return true;
    if (p[1] < 0x40) /* a short name */
        return p[1] > 0 && (p[2] >= ' ' || !rdb_names_are_text(y->names));
    return p[1] <= 0x80 || (p[1] >= 0xc0 && p[1] <= 0xc3);
}

/*
 * Whether known keys begin in [from, to) that come exactly to its end, at least
 * so many; or one of them goes beyond, and more follow. What is read may lie
 * behind to.
 */
static bool
find_inside(struct rdb_resync *y, uint64_t from, uint64_t to, uint64_t keys,
            uint64_t *offset)
{
    const unsigned char *p;
    size_t size = (size_t)(to - from), room;

    if (to - from > SEARCHED_MAX)
        return false;
    source_seek(y->s, from);
    source_want(y->s, SOURCE_WANT_MAX);
    room = (size_t)(y->s->end - y->s->at);
    if (room < size)
        return false;
    p = y->s->at;
    y->passed += size;
    for (size_t i = 0; i + 3 <= size; i++) {
        struct chain c = {.base = from + i, .fence = to, .known = true};

        if (!y->starts[p[i]] ||
            (p[i] >= RDB_OPCODE_FIRST && p[i] != RDB_ITEM_EXPIRE_MS) ||
            !may_begin(y, p + i, room - i))
            continue;
        c = walk_window(y, p + i, room - i, c);
        if (c.exact ? c.keys < keys : c.keys < KEYS_CROSSING)
            continue;
        *offset = from + i;
        return true;
    }
    return false;
}

bool
rdb_resync_find_swallowed(struct rdb_resync *y, uint64_t from, uint64_t to,
                          uint64_t *offset)
{
    return find_inside(y, from, to, 2, offset);
}

/* Whether to go on at p; the first key's name was not yet the proof. */
static bool
is_place(struct rdb_resync *y, const unsigned char *p, size_t size,
         size_t before, uint64_t *offset)
{
    struct chain c = {.base = *offset};
    uint64_t first = *offset, inner;

    if (!may_begin(y, p, size))
        return false;
    c = walk_window(y, p, size, c);
    if (!is_proof(&c) && c.cut && c.base + size < y->s->size_bytes) {
        bool number = ends_number(p, before);

        c = walk_source(y, first);
        if (number && !c.first_known)
            return false;
    } else if (!is_proof(&c) || (!c.first_known && ends_number(p, before))) {
        return false;
    }
    if (!is_proof(&c))
        return false;
    if (!c.first_known && find_inside(y, first + 1, c.first_end, 1, &inner))
        *offset = inner;
    return true;
}

/* Moves over zeros, in which no key begins but at the last. */
static const unsigned char *
skip_zeros(const unsigned char *p, const unsigned char *end)
{
    uint64_t word;

    while (end - p > 9) {
        memcpy(&word, p + 1, sizeof word);
        if (word != 0)
            break;
        p += sizeof word;
    }
    while (end - p > 1 && p[0] == 0 && p[1] == 0)
        p++;
    return p;
}

/* One window; *at moves on. NOTHING: look further. */
static enum rdb_resync_found
scan(struct rdb_resync *y, uint64_t *at, uint64_t *commands)
{
    const unsigned char *begin = y->s->at, *end = y->s->end, *p;
    uint64_t base = *at;
    size_t keep = y->s->end_offset < y->s->size_bytes ? SOURCE_WANT_MAX / 2 : 0;

    for (p = begin; (size_t)(end - p) > keep; p++) {
        if (*p == 0)
            p = skip_zeros(p, end);
        if (!y->starts[*p])
            continue;
        *at = base + (uint64_t)(p - begin);
        if (*p == RDB_OPCODE_END) {
            if (rdb_resync_is_end(y, *at))
                return RDB_RESYNC_END;
            continue;
        }
        if (*p == '*') {
            if (*commands == 0 && is_command(p, (size_t)(end - p)))
                *commands = *at;
            continue;
        }
        if (is_place(y, p, (size_t)(end - p), (size_t)(p - begin), at))
            return RDB_RESYNC_ITEM;
        if (y->s->end != end || y->s->at != begin) {
            ++*at; /* a large value moved the window */
            return RDB_RESYNC_NOTHING;
        }
    }
    *at = base + (uint64_t)(p - begin);
    return RDB_RESYNC_NOTHING;
}

enum rdb_resync_found
rdb_resync_find(struct rdb_resync *y, uint64_t from, uint64_t *offset)
{
    uint64_t at = from, commands = 0;

    for (;;) {
        uint64_t begin = at;
        enum rdb_resync_found found;

        source_seek(y->s, at);
        source_want(y->s, SOURCE_WANT_MAX);
        if (y->s->at == y->s->end)
            break;
        found = scan(y, &at, &commands);
        *offset = at;
        if (found != RDB_RESYNC_NOTHING)
            return found;
        if (at == begin)
            break; /* the source failed */
        y->passed += at - begin;
        y->gave_up = y->spent > WALKED_AT_LEAST + y->passed * WALKED_PER_BYTE;
        if (y->gave_up)
            break;
    }
    *offset = commands != 0 ? commands : y->s->size_bytes;
    return commands != 0 ? RDB_RESYNC_COMMANDS : RDB_RESYNC_NOTHING;
}
