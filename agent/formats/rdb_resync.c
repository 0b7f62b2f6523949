#include "formats/rdb_resync.h"

#include <endian.h>
#include <string.h>

#include "formats/rdb_blob.h"
#include "formats/rdb_item.h"
#include "formats/rdb_opcode.h"
#include "formats/rdb_types.h"

/* What may be walked for each byte passed, and at first. */
enum { WALKED_PER_BYTE = 8 };
#define WALKED_AT_LEAST (UINT64_C(256) << 20)

/* Searches of so many bytes are not done again. */
enum { LONG_SEARCH = 1 << 20 };

/* Longer values are not searched for swallowed keys. */
enum { SEARCHED_MAX = 16 << 20 };

/* Names whose length takes 32 bits. Longer ones are not looked for. */
enum { LONG_NAME_MIN = 1 << 14, LONG_NAME_MAX = 1 << 20 };

/* Bytes of a name that are looked at first. */
enum { NAME_FIRST = 16 };

/* FD, seconds, was written until this version. */
enum { SECONDS_UNTIL = 2 };

void
rdb_resync_begin(struct rdb_resync *y, struct source *s,
                 const struct rdb_names *names, const struct rdb_result *like)
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

    *y = (struct rdb_resync){0};
    rdb_chain_begin(&y->chain, s, names, like);
    for (unsigned type = 0; type < RDB_OPCODE_FIRST; type++) {
        const struct rdb_types_entry *entry =
            rdb_types_find(like->valkey_magic, type);

        y->starts[type] = entry != NULL && entry->walk != NULL;
    }
    for (size_t i = 0; i < sizeof always; i++)
        y->starts[always[i]] = true;
    y->starts[RDB_ITEM_EXPIRE] = like->version <= SECONDS_UNTIL;
}

void
rdb_resync_end(struct rdb_resync *y)
{
    rdb_chain_end(&y->chain);
}

void
rdb_resync_allow(struct rdb_resync *y, uint8_t opcode)
{
    y->starts[opcode] = true;
    y->allowed |= (uint8_t)(1u << opcode % 8);
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

    rdb_chain_look_at(&y->chain, p + 1, size - 1);
    return rdb_blob_read(&y->chain.r, &code) && code.bytes != NULL &&
           code.size > 2 && memcmp(code.bytes, "#!", 2) == 0;
}

/* What the first characters of a name of that length say. */
static bool
may_be_name(const struct rdb_resync *y, const unsigned char *p, size_t size,
            size_t length)
{
    size_t first = length < NAME_FIRST ? length : NAME_FIRST;

    if (length == 0 || !rdb_names_are_text(y->chain.names))
        return length > 0;
    if (first > size)
        first = size;
    while (first > 0 && p[first - 1] >= 0x80)
        first--; /* the last character may be cut */
    return rdb_names_is_text(p, first);
}

/* A length of 32 bits, p: of any bytes it is one too large to be looked at. */
static bool
is_long_name(const unsigned char *p, size_t size)
{
    uint32_t length;

    if (size < sizeof length)
        return false;
    memcpy(&length, p, sizeof length);
    length = be32toh(length);
    return length >= LONG_NAME_MIN && length <= LONG_NAME_MAX;
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
               rdb_names_is_text(p + 2, p[1]);
    default:
        break;
    }
    if (*p >= RDB_OPCODE_FIRST)
        return true;
    if (p[1] < 0x40) /* a short name */
        return may_be_name(y, p + 2, size - 2, p[1]);
    if (p[1] < 0x80)
        return may_be_name(y, p + 3, size - 3, (p[1] & 0x3fu) << 8 | p[2]);
    if (p[1] == 0x80)
        return is_long_name(p + 2, size - 2);
    return p[1] >= 0xc0 && p[1] <= 0xc3;
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
    source_seek(y->chain.s, from);
    source_want(y->chain.s, SOURCE_WANT_MAX);
    room = (size_t)(y->chain.s->end - y->chain.s->at);
    if (room < size)
        return false;
    p = y->chain.s->at;
    y->passed += size;
    for (size_t i = 0; i + 3 <= size; i++) {
        struct rdb_chain c = {.base = from + i, .fence = to, .known = true};

        if (!y->starts[p[i]] ||
            (p[i] >= RDB_OPCODE_FIRST && p[i] != RDB_ITEM_EXPIRE_MS) ||
            !may_begin(y, p + i, room - i))
            continue;
        c = rdb_chain_walk(&y->chain, p + i, room - i, c);
        if (!rdb_chain_is_inside(&c, keys))
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

/* Whether to go on at p, or at what it swallowed. */
static bool
is_place(struct rdb_resync *y, const unsigned char *p, size_t size,
         size_t before, uint64_t *offset)
{
    struct rdb_chain c = {.base = *offset};
    uint64_t first = *offset, inner;
    bool number = ends_number(p, before);

    if (!may_begin(y, p, size))
        return false;
    c = rdb_chain_walk(&y->chain, p, size, c);
    if (!rdb_chain_is_proof(&y->chain, &c) && c.cut &&
        c.base + size < y->chain.s->size_bytes)
        c = rdb_chain_walk_source(&y->chain, first);
    if (!rdb_chain_is_proof(&y->chain, &c) || (number && !c.first_known))
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

/* Over a hole of a sparse file, but for its last byte: it may be the type of a
 * key that begins behind. */
static uint64_t
skip_hole(const struct source *s, uint64_t at)
{
    uint64_t data = source_data(s, at);

    return data > at ? data - 1 : at;
}

/* One window; *at moves on. NOTHING: look further. */
static enum rdb_resync_found
scan(struct rdb_resync *y, uint64_t *at, uint64_t *commands)
{
    const unsigned char *begin = y->chain.s->at, *end = y->chain.s->end, *p;
    uint64_t base = *at;
    size_t keep = y->chain.s->end_offset < y->chain.s->size_bytes
                      ? SOURCE_WANT_MAX / 2
                      : 0;

    for (p = begin; (size_t)(end - p) > keep; p++) {
        if (*p == 0)
            p = skip_zeros(p, end);
        if (!y->starts[*p])
            continue;
        *at = base + (uint64_t)(p - begin);
        if (*p == RDB_OPCODE_END) {
            if (rdb_chain_is_end(&y->chain, *at))
                return RDB_RESYNC_END;
            continue;
        }
        if (*p == '*') {
            if (*commands == 0 && rdb_chain_is_command(p, (size_t)(end - p)))
                *commands = *at;
            continue;
        }
        if (is_place(y, p, (size_t)(end - p), (size_t)(p - begin), at))
            return RDB_RESYNC_ITEM;
        if (y->chain.s->end != end || y->chain.s->at != begin) {
            ++*at; /* a large value moved the window */
            return RDB_RESYNC_NOTHING;
        }
    }
    *at = base + (uint64_t)(p - begin);
    return RDB_RESYNC_NOTHING;
}

static enum rdb_resync_found
search(struct rdb_resync *y, uint64_t from, uint64_t *offset)
{
    uint64_t at = from, commands = 0;

    for (;;) {
        enum rdb_resync_found found;
        uint64_t begin;

        at = begin = skip_hole(y->chain.s, at);
        source_seek(y->chain.s, at);
        source_want(y->chain.s, SOURCE_WANT_MAX);
        if (y->chain.s->at == y->chain.s->end)
            break;
        found = scan(y, &at, &commands);
        *offset = at;
        if (found != RDB_RESYNC_NOTHING)
            return found;
        if (at == begin)
            break; /* the source failed */
        y->passed += at - begin;
        y->gave_up = y->chain.spent >
                     WALKED_AT_LEAST + y->passed * WALKED_PER_BYTE;
        if (y->gave_up)
            break;
    }
    *offset = commands != 0 ? commands : y->chain.s->size_bytes;
    return commands != 0 ? RDB_RESYNC_COMMANDS : RDB_RESYNC_NOTHING;
}

/* A search of before that would find the same; NULL: there was none. */
static const struct rdb_resync_search *
recall(const struct rdb_resync *y, const struct rdb_resync_search *like)
{
    for (unsigned i = 0; y->memory != NULL && i < y->memory->count; i++) {
        const struct rdb_resync_search *known = &y->memory->searches[i];

        if (known->from == like->from && known->db == like->db &&
            known->names == like->names && known->allowed == like->allowed)
            return known;
    }
    return NULL;
}

static void
remember(struct rdb_resync_memory *memory, const struct rdb_resync_search *this)
{
    if (memory != NULL && this->passed >= LONG_SEARCH &&
        memory->count < RDB_RESYNC_SEARCHES)
        memory->searches[memory->count++] = *this;
}

enum rdb_resync_found
rdb_resync_find(struct rdb_resync *y, uint64_t from, uint64_t *offset)
{
    struct rdb_resync_search this = {
        .from = from,
        .db = y->chain.db,
        .names = y->chain.names->count,
        .allowed = y->allowed,
        .spent = y->chain.spent,
        .passed = y->passed,
    };
    const struct rdb_resync_search *known = recall(y, &this);

    if (known == NULL) {
        this.found = search(y, from, &this.offset);
        this.gave_up = y->gave_up;
        this.spent = y->chain.spent - this.spent;
        this.passed = y->passed - this.passed;
        remember(y->memory, &this);
        *offset = this.offset;
        return this.found;
    }
    y->chain.spent += known->spent;
    y->passed += known->passed;
    y->gave_up = known->gave_up;
    *offset = known->offset;
    return known->found;
}
