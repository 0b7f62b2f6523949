#include "formats/rdb_blob.h"

#include <endian.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "formats/lzf.h"
#include "formats/rdb_lzf.h"
#include "formats/rdb_string.h"

/* Packed bytes that hold the head, and room for copies that go over. */
enum { HEAD_PACKED = 64, SLACK = 64 };

enum part { HEAD, ENDS, WHOLE };

static bool
is_too_large(const struct rdb_read *r, uint64_t size)
{
    return size > (r->deep != NULL ? RDB_BLOB_DEEP_MAX : RDB_BLOB_MAX);
}

static unsigned char *
buffer_of(struct rdb_read *r, size_t size)
{
    if (size > r->buffer_size) {
        r->buffer = memory_resize(r->buffer, size, 1);
        r->buffer_size = size;
    }
    return r->buffer;
}

/* Whether n bytes lie in a row at s->at. */
static bool
is_in_window(struct rdb_read *r, uint64_t n)
{
    if ((uint64_t)(r->s->end - r->s->at) >= n)
        return true;
    return n <= SOURCE_WANT_MAX && rdb_read_want(r, (size_t)n);
}

static bool
copy(struct rdb_read *r, unsigned char *out, size_t n, uint64_t start)
{
    struct source *s = r->s;

    if (s->size_bytes != UINT64_MAX && n > s->size_bytes - source_offset(s))
        return rdb_read_cut(r, start, "a string");
    while (n > 0) {
        size_t room = (size_t)(s->end - s->at);

        if (room == 0) {
            if (!rdb_read_more(r, 1))
                return rdb_read_cut(r, start, "a string");
            continue;
        }
        room = room < n ? room : n;
        memcpy(out, s->at, room);
        s->at += room;
        out += room;
        n -= room;
    }
    return true;
}

static void
set_ends(struct rdb_blob *b)
{
    size_t n = b->size < RDB_BLOB_HEAD ? b->size : RDB_BLOB_HEAD;

    if (n == 0)
        return;
    memcpy(b->head, b->bytes, n);
    b->last = b->bytes[b->size - 1];
    b->last_known = true;
}

/* A number: its text. */
static bool
read_number(struct rdb_read *r, struct rdb_blob *b, unsigned width)
{
    const unsigned char *p = rdb_read_raw(r, 1 + width, "a number");
    uint32_t bits = 0;
    int size;

    if (p == NULL)
        return false;
    memcpy(&bits, p + 1, width);
    bits = le32toh(bits) << (32 - 8 * width);
    size = snprintf((char *)b->head, sizeof b->head, "%" PRId32,
                    (int32_t)bits >> (32 - 8 * width));
    b->size = (uint64_t)size;
    b->bytes = b->head;
    b->last = b->head[size - 1];
    b->last_known = true;
    return true;
}

/* What is too large, or of which the head is enough. */
static bool
skim_plain(struct rdb_read *r, struct rdb_blob *b)
{
    size_t head = b->size < RDB_BLOB_HEAD ? b->size : RDB_BLOB_HEAD;
    const unsigned char *p;

    if (b->size == 0)
        return true;
    if (!rdb_read_want(r, head))
        return rdb_read_cut(r, b->start, "a string");
    memcpy(b->head, r->s->at, head);
    if (!rdb_read_skip(r, b->size - 1, b->start, "a string") ||
        (p = rdb_read_raw(r, 1, "a string")) == NULL)
        return false;
    b->last = *p;
    b->last_known = true;
    return true;
}

static bool
read_plain(struct rdb_read *r, struct rdb_blob *b, bool whole)
{
    if (b->size > RDB_STRING_MAX)
        return rdb_read_fail(r, "rdb-length", b->start,
                             "a string of %" PRIu64 " bytes is longer than any "
                             "server can hold",
                             b->size);
    if (is_in_window(r, b->size)) {
        b->bytes = r->s->at;
        r->s->at += b->size;
        set_ends(b);
        return true;
    }
    if (!whole || is_too_large(r, b->size))
        return skim_plain(r, b);
    b->bytes = buffer_of(r, b->size);
    if (!copy(r, r->buffer, b->size, b->start))
        return false;
    set_ends(b);
    return true;
}

/* The head of LZF; its last byte is the string's if a run is last. */
static bool
skim_lzf(struct rdb_read *r, struct rdb_blob *b, uint64_t packed)
{
    size_t head = packed < HEAD_PACKED ? (size_t)packed : HEAD_PACKED;

    if (!rdb_read_want(r, head))
        return rdb_read_cut(r, b->start, "a compressed string");
    lzf_unpack(r->s->at, head, b->head,
               b->size < RDB_BLOB_HEAD ? b->size : RDB_BLOB_HEAD);
    return rdb_lzf_skip(r, b->start, packed, b->size);
}

static bool
read_lzf(struct rdb_read *r, struct rdb_blob *b, enum part part)
{
    uint64_t packed, start = b->start;
    const unsigned char *from;
    struct lzf lzf = {0};
    unsigned char *out;
    bool here;

    r->s->at++;
    if (!rdb_string_packed(r, start, &packed, &b->size))
        return false;
    here = is_in_window(r, packed);
    if (part == HEAD || is_too_large(r, b->size + packed) ||
        (part == ENDS && !(here && r->s->at[packed - 1] != 0xff)))
        return skim_lzf(r, b, packed);
    out = buffer_of(r, b->size + SLACK + (here ? 0 : packed));
    from = here ? r->s->at : out + b->size + SLACK;
    if (here)
        r->s->at += packed;
    else if (!copy(r, out + b->size + SLACK, packed, start))
        return false;
    if (!lzf_unpack_whole(from, packed, out, b->size)) {
        b->broken = true;
        bool only_short = lzf_walk(&lzf, from, from + packed) ==
                              from + packed &&
                          !lzf.broken && lzf.pending == 0 && lzf.made < b->size;

        return rdb_lzf_broken(r, start, b->size, only_short);
    }
    b->bytes = out;
    set_ends(b);
    return true;
}

static bool
read(struct rdb_read *r, struct rdb_blob *b, enum part part)
{
    unsigned c;

    *b = (struct rdb_blob){.start = source_offset(r->s)};
    if (!rdb_read_want(r, 1))
        return rdb_read_cut(r, b->start, "a string");
    c = *r->s->at;
    if (c >= 0xc0 && c <= 0xc2)
        return read_number(r, b, 1u << (c & 3));
    if (c == 0xc3)
        return read_lzf(r, b, part);
    if (c > 0xc3)
        return rdb_read_fail(r, "rdb-length", b->start,
                             "the byte %02x does not begin a string", c);
    return rdb_read_number(r, &b->size) && read_plain(r, b, part == WHOLE);
}

bool
rdb_blob_read(struct rdb_read *r, struct rdb_blob *b)
{
    return read(r, b, WHOLE);
}

bool
rdb_blob_read_head(struct rdb_read *r, struct rdb_blob *b)
{
    return read(r, b, HEAD);
}

bool
rdb_blob_read_ends(struct rdb_read *r, struct rdb_blob *b)
{
    return read(r, b, ENDS);
}
