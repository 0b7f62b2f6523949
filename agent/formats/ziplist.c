#include "formats/ziplist.h"

enum { END = 0xff, LONG_BEFORE = 0xfe };

const char *
ziplist_check_head(const unsigned char *head, uint64_t size, unsigned char last)
{
    if (size < ZIPLIST_MIN)
        return "a ziplist is shorter than its head";
    if (packed_number(head, 4) != size)
        return "the size in the head of a ziplist is not its size";
    if (last != END)
        return "a ziplist does not end with FF";
    if (packed_number(head + 4, 4) > size - 1)
        return "the last entry of a ziplist lies beyond its end";
    return NULL;
}

void
ziplist_begin(struct packed *p, const unsigned char *bytes, size_t size)
{
    *p = (struct packed){
        .bytes = bytes,
        .at = bytes + ZIPLIST_HEAD,
        .end = bytes + size,
        .told = packed_number(bytes + 8, 2),
    };
}

/* Bytes of a number's data by its encoding; -1: there is no such encoding. */
static int
number_size(unsigned c)
{
    switch (c) {
    case 0xc0:
        return 2;
    case 0xd0:
        return 4;
    case 0xe0:
        return 8;
    case 0xf0:
        return 3;
    case 0xfe:
        return 1;
    default:
        return c > 0xf0 && c < 0xfe ? 0 : -1;
    }
}

/* Encoding and data at a place with that much room; 0: none, or too long. */
static size_t
read_value(const unsigned char *at, size_t room, struct packed_entry *e)
{
    unsigned c = *at;
    size_t head = c < 0x40 ? 1 : c < 0x80 ? 2 : 5;
    int width;

    e->text = NULL;
    if (c >= 0xc0) {
        width = number_size(c);
        if (width < 0 || room < 1 + (size_t)width)
            return 0;
        e->number = width > 0 ? packed_signed(at + 1, (unsigned)width)
                              : (int64_t)(c & 0x0f) - 1;
        return 1 + (size_t)width;
    }
    if (room < head)
        return 0;
    e->text = at + head;
    e->size = c & 0x3f;
    if (head == 2)
        e->size = e->size << 8 | at[1];
    if (head == 5)
        e->size = (uint64_t)at[1] << 24 | (uint64_t)at[2] << 16 |
                  (uint64_t)at[3] << 8 | at[4];
    return e->size > room - head ? 0 : head + e->size;
}

static bool
end_of_list(struct packed *p)
{
    size_t last = (size_t)(p->at - p->bytes) - p->previous;

    if (p->end - p->at > 1)
        return packed_fail(p, PACKED_SEEN, "a ziplist ends before its end");
    if (p->seen > 0 && packed_number(p->bytes + 4, 4) != last)
        return packed_fail(p, PACKED_SEEN,
                           "the head of a ziplist points beside its last "
                           "entry");
    if (p->told != ZIPLIST_COUNT_UNKNOWN && p->told != p->seen)
        return packed_fail(p, PACKED_SEEN,
                           "the count of a ziplist is not its count");
    return false;
}

bool
ziplist_next(struct packed *p, struct packed_entry *e)
{
    size_t room = (size_t)(p->end - p->at) - 1, head, size, before;

    if (*p->at == END)
        return end_of_list(p);
    head = *p->at == LONG_BEFORE ? 5 : 1;
    if (room <= head)
        return packed_fail(p, PACKED_FATAL,
                           "an entry of a ziplist lies at its end");
    before = head == 1 ? *p->at : (size_t)packed_number(p->at + 1, 4);
    if (before != p->previous)
        return packed_fail(p, PACKED_FATAL,
                           "an entry of a ziplist has a wrong size for the "
                           "one before it");
    size = read_value(p->at + head, room - head, e);
    if (size == 0)
        return packed_fail(p, PACKED_FATAL,
                           "an entry of a ziplist reaches beyond its end or "
                           "has no known encoding");
    p->previous = head + size;
    p->at += p->previous;
    p->seen++;
    return true;
}
