/*
 * The bytes of arguments are not looked at: the time goes into the chain "load
 * a length, add it, load the next length". So a header is judged and read from
 * one eight-byte load that also holds the line end of the argument before it,
 * which of its three common forms it has is left to the branch predictor, and
 * the memory ahead is asked for early.
 */
#include "formats/aof_fast.h"

#include <endian.h>
#include <string.h>

enum {
    MARGIN = 32,    /* what a step looks at, and no offset overflows */
    AHEAD = 8192,   /* asked for early: measured, 4 to 16 KiB do as well */
    LINE = 64,      /* what one request brings in */
    DIGITS_MAX = 9, /* longer numbers are not for this file */
};

/* Left to itself the compiler makes calls of them, and is a third slower. */
#define INLINE static inline __attribute__((always_inline))

/* The last four letters, in lower case, of EXEC and MULTI. */
#define TAIL_EXEC 0x63657865u
#define TAIL_MULTI 0x69746c75u

static inline uint64_t
load64(const unsigned char *at)
{
    uint64_t value;

    memcpy(&value, at, sizeof value);
    return le64toh(value);
}

static inline uint32_t
load32(const unsigned char *at)
{
    uint32_t value;

    memcpy(&value, at, sizeof value);
    return le32toh(value);
}

/* "\r\n$1234\r\n" and longer: where the argument begins; 0 for another form. */
static size_t
begin_of_long(const unsigned char *b, size_t at, size_t *size)
{
    size_t i = 3, value = 0;

    if ((load32(b + at) & 0xffffff) != 0x240a0d)
        return 0;
    for (; i < 3 + DIGITS_MAX && b[at + i] >= '0' && b[at + i] <= '9'; i++)
        value = value * 10 + (size_t)(b[at + i] - '0');
    if (i == 3 || b[at + i] != '\r' || b[at + i + 1] != '\n')
        return 0;
    *size = value;
    return at + i + 2;
}

/*
 * at is where a line ends; "$12\r\n" follows. Where the argument begins, and
 * its size; 0 when the form is another.
 */
INLINE size_t
begin_of_argument(const unsigned char *b, size_t at, size_t *size)
{
    uint64_t word = load64(b + at);
    uint64_t digits = (word >> 24) - 0x303030;

    if ((word & 0xffff00ffffff) == 0x0a0d00240a0d && (digits & 0xff) < 10) {
        *size = digits & 0xff;
        return at + 6;
    }
    if ((word & 0xffff0000ffffff) == 0x0a0d0000240a0d &&
        (((digits + 0x7676) | digits) & 0x8080) == 0) {
        *size = (digits & 0xff) * 10 + (digits >> 8 & 0xff);
        return at + 7;
    }
    if ((word & 0xffff000000ffffff) == 0x0a0d000000240a0d &&
        (((digits + 0x767676) | digits) & 0x808080) == 0) {
        *size = (digits & 0xff) * 100 + (digits >> 8 & 0xff) * 10 +
                (digits >> 16 & 0xff);
        return at + 8;
    }
    return begin_of_long(b, at, size);
}

/* "*1\r\n" or "*12\r\n": where that line ends; 0 for another form. */
INLINE size_t
end_of_count(const unsigned char *b, size_t at, size_t *count)
{
    uint64_t word = load64(b + at);
    uint64_t digits = (word >> 8) - 0x3030;

    if ((word & 0xffff00ff) == 0x0a0d002a && (digits & 0xff) - 1 < 9) {
        *count = digits & 0xff;
        return at + 2;
    }
    if ((word & 0xffff0000ff) == 0x0a0d00002a &&
        (((digits + 0x7676) | digits) & 0x8080) == 0) {
        *count = (digits & 0xff) * 10 + (digits >> 8 & 0xff);
        return *count == 0 ? 0 : at + 3;
    }
    return 0;
}

/* Passes the other arguments; where the command ends, 0 if not plainly. */
INLINE size_t
end_of_command(const unsigned char *b, size_t at, size_t limit, size_t count)
{
    size_t size, begin;

    while (--count > 0) {
        begin = begin_of_argument(b, at, &size);
        at = begin + size;
        if (begin == 0 || at >= limit)
            return 0;
    }
    return b[at] == '\r' && b[at + 1] == '\n' ? at + 2 : 0;
}

/*
 * Asks for every line up to AHEAD bytes in front: which of them will be looked
 * at is not known yet, and what the processor guesses by itself is too little.
 */
INLINE size_t
fetch_ahead(const unsigned char *b, size_t at, size_t fetched)
{
    if (fetched < at)
        fetched = at;
    for (; fetched < at + AHEAD; fetched += LINE)
        __builtin_prefetch(b + fetched);
    return fetched;
}

/* c's offsets are from the window's first byte, which lies at start. */
static void
complete(struct aof_item_scan *a, uint64_t start, uint64_t *commands,
         struct aof_command *c)
{
    a->result->commands += *commands;
    *commands = 0;
    /* Before the first of them an annotation may lie. */
    if (c->offset > 0)
        a->command_end = start + c->offset;
    c->offset += start;
    c->end_offset += start;
    if (c->name_size > AOF_NAME_MAX)
        c->name_size = AOF_NAME_MAX;
    aof_item_complete(a, c);
}

void
aof_fast_commands(struct aof_item_scan *a)
{
    const unsigned char *b = a->s->at;
    size_t have = (size_t)(a->s->end - b), limit, at = 0, fetched = 0;
    uint64_t start = source_offset(a->s), last = 0, commands = 0;
    bool told = a->options->command_seen != NULL;

    if (have <= MARGIN)
        return;
    limit = have - MARGIN;
    while (at < limit) {
        size_t count, size, name, end = end_of_count(b, at, &count);
        uint32_t tail;

        if (end == 0 || (name = begin_of_argument(b, end, &size)) == 0 ||
            name + size >= limit)
            break;
        fetched = fetch_ahead(b, at, fetched);
        if (!aof_command_is_fine(a->judge, b + name, (uint32_t)size, count))
            break;
        tail = load32(b + name + size - 4) | 0x20202020;
        end = end_of_command(b, name + size, limit, count);
        if (end == 0)
            break;
        if (told || tail == TAIL_EXEC || tail == TAIL_MULTI)
            complete(a, start, &commands,
                     &(struct aof_command){.offset = at,
                                           .end_offset = end,
                                           .argc = count,
                                           .name = (const char *)b + name,
                                           .name_size = (uint32_t)size});
        else
            commands++;
        last = at;
        at = end;
    }
    if (at == 0)
        return;
    a->result->commands += commands;
    a->command_begin = start + last;
    a->command_end = start + at;
    a->s->at += at;
}
