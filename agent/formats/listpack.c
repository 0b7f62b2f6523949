#include "formats/listpack.h"

enum { END = 0xff, BACK_MAX = 5 };

const char *
listpack_check_head(const unsigned char *head, uint64_t size,
                    unsigned char last)
{
    if (size < LISTPACK_MIN)
        return "a listpack is shorter than its head";
    if (packed_number(head, 4) != size)
        return "the size in the head of a listpack is not its size";
    if (last != END)
        return "a listpack does not end with FF";
    return NULL;
}

void
listpack_begin(struct packed *p, const unsigned char *bytes, size_t size)
{
    *p = (struct packed){
        .bytes = bytes,
        .at = bytes + LISTPACK_HEAD,
        .end = bytes + size,
        .told = packed_number(bytes + 4, 2),
    };
}

/* Size of head and data of an entry, 0 when it is none; at + 5 is readable or
 * room says that it is not. */
static size_t
read_entry(const unsigned char *at, size_t room, struct packed_entry *e)
{
    static const unsigned char widths[] = {2, 3, 4, 8};
    unsigned c = *at;
    size_t head;

    e->text = NULL;
    if (c < 0x80) {
        e->number = c;
        return 1;
    }
    if (c < 0xc0) {
        e->text = at + 1;
        e->size = c & 0x3f;
        return 1 + (c & 0x3f);
    }
    if (c < 0xe0) {
        if (room < 2)
            return 0;
        e->number = (int64_t)((c & 0x1f) << 8 | at[1]);
        if (e->number >= 1 << 12)
            e->number -= 1 << 13;
        return 2;
    }
    if (c > 0xf0) {
        if (c > 0xf4 || room < 1u + widths[c - 0xf1])
            return 0;
        e->number = packed_signed(at + 1, widths[c - 0xf1]);
        return 1u + widths[c - 0xf1];
    }
    head = c == 0xf0 ? 5 : 2;
    if (room < head)
        return 0;
    e->text = at + head;
    e->size = head == 5 ? packed_number(at + 1, 4)
                        : (uint64_t)((c & 0x0f) << 8 | at[1]);
    return head + e->size;
}

/* Whether the way back is written as servers write it. */
static bool
read_back(const unsigned char *at, size_t size, size_t *back)
{
    size_t n = 1, read = 0;

    while (n < BACK_MAX && size >> (7 * n) != 0)
        n++;
    *back = n;
    for (size_t i = 0; i < n; i++) {
        if ((at[i] >= 0x80) != (i > 0))
            return false;
        read = read << 7 | (at[i] & 0x7f);
    }
    return read == size;
}

bool
listpack_next(struct packed *p, struct packed_entry *e)
{
    size_t room = (size_t)(p->end - p->at) - 1, size, back = 1;

    if (*p->at == END) {
        if (room > 0)
            return packed_fail(p, PACKED_SEEN,
                               "a listpack ends before its end");
        if (p->told != LISTPACK_COUNT_UNKNOWN && p->told != p->seen)
            return packed_fail(p, PACKED_SEEN,
                               "the count of a listpack is not its count");
        return false;
    }
    size = room > 0 ? read_entry(p->at, room, e) : 0;
    if (size == 0)
        return packed_fail(p, PACKED_SEEN,
                           "an entry of a listpack has no known encoding");
    while (back < BACK_MAX && size >> (7 * back) != 0)
        back++;
    if (size + back > room)
        return packed_fail(p, PACKED_SEEN,
                           "an entry of a listpack reaches beyond its end");
    if (size < 128 ? p->at[size] != size
                   : !read_back(p->at + size, size, &back))
        return packed_fail(p, PACKED_SEEN,
                           "an entry of a listpack has a wrong way back");
    p->at += size + back;
    p->seen++;
    return true;
}
