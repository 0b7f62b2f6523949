#include "formats/zipmap.h"

enum { END = 0xff, LONG = 0xfe, COUNT_UNKNOWN = 254 };

void
zipmap_begin(struct packed *p, const unsigned char *bytes, size_t size)
{
    *p = (struct packed){
        .bytes = bytes,
        .at = bytes + 1,
        .end = bytes + size,
        .told = *bytes,
    };
    if (bytes[size - 1] != END)
        packed_fail(p, PACKED_FATAL, "a zipmap does not end with FF");
}

static bool
end_of_map(struct packed *p)
{
    if (p->end - p->at > 1)
        return packed_fail(p, PACKED_UNSEEN, "a zipmap ends before its end");
    if (p->seen == 0)
        return packed_fail(p, PACKED_SEEN, "a zipmap without fields");
    if (p->told < COUNT_UNKNOWN && p->told != p->seen / 2)
        return packed_fail(p, PACKED_SEEN,
                           "the count of a zipmap is not its count");
    return false;
}

bool
zipmap_next(struct packed *p, struct packed_entry *e)
{
    size_t room = (size_t)(p->end - p->at) - 1, head, unused = 0;
    bool value = p->seen % 2 == 1;

    if (p->wrong != NULL)
        return false;
    if (!value && *p->at == END)
        return end_of_map(p);
    head = *p->at == LONG ? 5 : 1;
    if (*p->at == END || room < head + value)
        return packed_fail(p, PACKED_FATAL, "an entry of a zipmap is cut off");
    e->text = p->at + head + value;
    e->size = head == 1 ? *p->at : packed_number(p->at + 1, 4);
    if (head == 5 && e->size < LONG)
        return packed_fail(p, PACKED_FATAL,
                           "an entry of a zipmap has a size in the "
                           "long form that needs the short one");
    if (value)
        unused = p->at[head];
    if (e->size + unused > room - head - value)
        return packed_fail(p, PACKED_FATAL,
                           "an entry of a zipmap reaches beyond its end");
    p->at += head + value + e->size + unused;
    p->seen++;
    return true;
}
