#include "formats/footprint.h"

#include <string.h>

/* Objects and what is in them, on 64-bit machines. */
enum {
    OBJECT = 16,
    POINTER = 8,
    EXPIRY = 8,
    ENTRY = 24,          /* of a dict: key, value, next */
    ENTRY_NO_VALUE = 16, /* redis 8.2: key with its value, next */
    SLOTS_MIN = 4,
    PAGE = 4096,
    QUICKLIST = 40,
    BUCKET = 64,
    BUCKET_ENTRIES = 7,
    HASHTABLE = 72, /* valkey's */
    SORTED_SET = 16,
    SKIPLIST = 32,
    SKIPLIST_HEADER = 24 + 32 * 16,
    SKIPLIST_NODE = 24,        /* name, score, back */
    SKIPLIST_NODE_EMBEDS = 17, /* score, back, size of the head */
    SKIPLIST_LEVEL = 16,
    SKIPLIST_LEVELS = 12, /* of which more have one in 16 million */
    FIELD_EXPIRY = 16,    /* of redis 7.4 */
    FIELD_INDEX = 16,     /* of valkey 9, by expiry */
    EMBEDDED_MAX = 44,
    EMBEDDED_OBJECT_MAX = 64,
    EMBEDDED_OBJECT_MAX_9 = 128,
    EMBEDDED_FIELD_MAX = 128,
    RESERVED_NAME = 128, /* names so long have room for an expiry */
    STREAM_NODE = 4096,
    PENDING = 24,
    LISTPACK_TIMED = 32,
};

/* Newest first, redis and valkey. */
static const struct footprint all[] = {
    {.valkey = true,
     .major = 9,
     .embeds = true,
     .drops = true,
     .blocks = true,
     .small_lists = true,
     .list_node = 40,
     .stream = 80,
     .group = 40,
     .consumer = 32},
    {.valkey = true,
     .major = 8,
     .minor = 1,
     .embeds = true,
     .blocks = true,
     .small_lists = true,
     .list_node = 40,
     .stream = 80,
     .group = 40,
     .consumer = 32},
    {.valkey = true,
     .small_lists = true,
     .dict = 56,
     .list_node = 40,
     .entry = ENTRY,
     .stream = 80,
     .group = 40,
     .consumer = 32},
    {.major = 8,
     .minor = 2,
     .embeds = true,
     .small_lists = true,
     .dict = 56,
     .list_node = 40,
     .entry = ENTRY,
     .stream = 80,
     .group = 40,
     .consumer = 32},
    {.major = 7,
     .minor = 2,
     .small_lists = true,
     .dict = 56,
     .list_node = 40,
     .entry = ENTRY,
     .stream = 80,
     .group = 40,
     .consumer = 32},
    {.major = 7,
     .dict = 56,
     .list_node = 40,
     .entry = ENTRY,
     .stream = 80,
     .group = 40,
     .consumer = 24},
    {.exact = true,
     .dict = 96,
     .list_node = 32,
     .entry = ENTRY,
     .group = 32,
     .consumer = 24},
};

void
footprint_of(struct footprint *f, const struct release *release, bool pages)
{
    const struct footprint *one = all;

    while (one->valkey != release->valkey ||
           !release_at_least(release, one->major, one->minor))
        one++;
    *f = *one;
    f->pages = pages;
}

bool
footprint_has_pages(const char *allocator)
{
    static const char jemalloc[] = "jemalloc-";
    struct release r;

    if (strncmp(allocator, jemalloc, strlen(jemalloc)) != 0 ||
        !release_read(&r, allocator + strlen(jemalloc)))
        return false;
    return release_at_least(&r, 5, 4) ||
           (release_at_least(&r, 5, 3) && r.patch >= 1);
}

uint64_t
footprint_block(const struct footprint *f, uint64_t size)
{
    uint64_t step = 16;

    if (size <= 8)
        return 8;
    /* jemalloc: four sizes between a power of two and the next. */
    if (size > 128)
        step = UINT64_C(1) << (61 - __builtin_clzll(size - 1));
    if (f->pages && step > PAGE)
        step = PAGE;
    return (size + step - 1) / step * step;
}

/* A string with its head and the NUL behind it (sds). */
static uint64_t
with_head(uint64_t size)
{
    if (size < 32)
        return size + 2;
    if (size < 256)
        return size + 4;
    if (size < 65536)
        return size + 6;
    return size + (size <= UINT32_MAX ? 10 : 18);
}

uint64_t
footprint_text(const struct footprint *f, uint64_t size)
{
    return footprint_block(f, with_head(size));
}

uint64_t
footprint_key(const struct footprint *f, uint64_t name, bool expires)
{
    uint64_t object = OBJECT + 1 + with_head(name);

    if (!f->embeds)
        return OBJECT + f->entry + footprint_text(f, name);
    if (expires || name >= RESERVED_NAME)
        object += EXPIRY;
    return footprint_block(f, object) + (f->blocks ? 0 : ENTRY_NO_VALUE);
}

/* Name, expiry and value in one block; 0: they do not fit. */
static uint64_t
embed(const struct footprint *f, uint64_t name, bool expires, uint64_t size)
{
    uint64_t object = OBJECT - (f->drops ? POINTER : 0U) + 1 + with_head(name) +
                      4 + size + (expires ? EXPIRY : 0U);
    uint64_t most = f->drops ? EMBEDDED_OBJECT_MAX_9 : EMBEDDED_OBJECT_MAX;

    return object > most ? 0 : footprint_block(f, object);
}

uint64_t
footprint_string(const struct footprint *f, uint64_t name, bool expires,
                 uint64_t size, bool number)
{
    uint64_t key = footprint_key(f, name, expires), together;

    if (number)
        return key;
    if (f->embeds) {
        together = embed(f, name, expires, size);
        if (together > 0)
            return together + (f->blocks ? 0 : ENTRY_NO_VALUE);
    } else if (size <= EMBEDDED_MAX) {
        together = OBJECT + 4 + size;
        return key - OBJECT +
               (f->exact ? together - 2 : footprint_block(f, together));
    }
    return key + footprint_text(f, size);
}

uint64_t
footprint_packed(const struct footprint *f, uint64_t size)
{
    return f->exact ? size : footprint_block(f, size);
}

uint64_t
footprint_list(const struct footprint *f, uint64_t nodes, uint64_t packed,
               bool whole)
{
    if (f->small_lists && nodes == 1 && whole)
        return packed;
    return QUICKLIST + nodes * f->list_node + packed;
}

/* Full buckets are followed by others, that hold one entry more than the last
 * of those before; how many fall to each is by chance (Poisson's). */
static uint64_t
expect_followers(uint64_t buckets, uint64_t entries)
{
    double load = (double)entries / (double)buckets;
    double chance = 1, chances = 1, followers = 0;

    for (unsigned n = 1; n <= 4 * BUCKET_ENTRIES; n++) {
        chance *= load / n;
        chances += chance;
        if (n > BUCKET_ENTRIES) {
            unsigned more = (n - 2) / (BUCKET_ENTRIES - 1);

            followers += chance * more;
        }
    }
    return (uint64_t)(followers / chances * (double)buckets);
}

static uint64_t
buckets_of(uint64_t entries)
{
    uint64_t buckets = 1;

    while (buckets * BUCKET_ENTRIES < entries)
        buckets *= 2;
    return buckets;
}

uint64_t
footprint_table(const struct footprint *f, uint64_t entries)
{
    uint64_t slots = SLOTS_MIN, buckets;

    if (!f->blocks) {
        while (slots < entries)
            slots *= 2;
        return f->dict + slots * POINTER + entries * f->entry;
    }
    buckets = buckets_of(entries);
    if (buckets > 1)
        buckets += expect_followers(buckets, entries);
    return HASHTABLE + BUCKET * buckets;
}

uint64_t
footprint_skiplist(const struct footprint *f)
{
    /* Valkey 9 has them in one, and counts what it asked for. */
    if (f->drops)
        return SORTED_SET + SKIPLIST_HEADER;
    return SORTED_SET + SKIPLIST + footprint_block(f, SKIPLIST_HEADER);
}

/* Each level is given to a fourth of those that have the one below. */
static uint64_t
expect_levels(const struct footprint *f, uint64_t size)
{
    double chance = 0.75, sum = 0;

    for (unsigned level = 1; level <= SKIPLIST_LEVELS; level++) {
        sum += chance *
               (double)footprint_block(f, size + level * SKIPLIST_LEVEL);
        chance /= 4;
    }
    return (uint64_t)(sum + 0.5);
}

uint64_t
footprint_skiplist_member(const struct footprint *f, uint64_t size)
{
    if (f->drops)
        return expect_levels(f, SKIPLIST_NODE_EMBEDS + with_head(size));
    return footprint_text(f, size) + expect_levels(f, SKIPLIST_NODE);
}

uint64_t
footprint_field(const struct footprint *f, uint64_t name, uint64_t value,
                bool timed)
{
    uint64_t head = with_head(name), index = 0;

    if (!f->blocks)
        return footprint_block(f, head + (timed ? FIELD_EXPIRY : 0)) +
               footprint_text(f, value);
    if (timed) {
        head += EXPIRY;
        index = FIELD_INDEX;
    }
    if (head + with_head(value) <= EMBEDDED_FIELD_MAX)
        return index + footprint_block(f, head + with_head(value));
    return index + footprint_block(f, POINTER + head) +
           footprint_text(f, value);
}

uint64_t
footprint_timed(void)
{
    return LISTPACK_TIMED;
}

uint64_t
footprint_stream(const struct footprint *f)
{
    return f->stream;
}

uint64_t
footprint_group(const struct footprint *f)
{
    return f->group;
}

uint64_t
footprint_consumer(const struct footprint *f, uint64_t name)
{
    return f->consumer + name;
}

uint64_t
footprint_pending(void)
{
    return PENDING;
}

uint64_t
footprint_reserve(const struct footprint *f, uint64_t size)
{
    uint64_t has = footprint_packed(f, size);

    return f->exact || has >= STREAM_NODE ? 0 : STREAM_NODE - has;
}

bool
footprint_counts_blocks(const struct footprint *f)
{
    return f->blocks;
}
