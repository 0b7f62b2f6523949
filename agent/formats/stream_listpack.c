#include "formats/stream_listpack.h"

#include "formats/listpack.h"

enum { DELETED = 1, SAME_FIELDS = 2 };

static bool
read_number(struct packed *p, int64_t *n)
{
    struct packed_entry e;

    if (!listpack_next(p, &e)) {
        if (p->wrong == NULL)
            p->wrong = "a stream node ends inside an entry";
        return false;
    }
    if (e.text != NULL)
        return packed_fail(p, PACKED_SEEN,
                           "a stream node has a text where a number should "
                           "be");
    *n = e.number;
    return true;
}

static bool
skip(struct packed *p, int64_t n)
{
    struct packed_entry e;

    if (n < 0)
        return packed_fail(p, PACKED_SEEN, "a stream node has a count below 0");
    for (; n > 0; n--)
        if (!listpack_next(p, &e)) {
            if (p->wrong == NULL)
                p->wrong = "a stream node ends inside an entry";
            return false;
        }
    return true;
}

static bool
read_entry(struct packed *p, int64_t master_fields, int64_t *deleted)
{
    int64_t flags, difference, fields = master_fields, elements, told;
    uint64_t start = p->seen;

    if (!read_number(p, &flags) || !read_number(p, &difference) ||
        !read_number(p, &difference))
        return false;
    if ((flags & SAME_FIELDS) == 0 &&
        (!read_number(p, &fields) || !skip(p, fields)))
        return false;
    if (!skip(p, fields))
        return false;
    elements = (int64_t)(p->seen - start);
    if (!read_number(p, &told))
        return false;
    if (told != elements)
        return packed_fail(p, PACKED_SEEN,
                           "an entry of a stream has a wrong count of its "
                           "elements");
    *deleted += (flags & DELETED) != 0;
    return true;
}

static bool
read_node(struct packed *p, int64_t *live)
{
    int64_t gone, fields, zero, deleted = 0, entries = 0;
    struct packed_entry e;

    if (!read_number(p, live) || !read_number(p, &gone) ||
        !read_number(p, &fields) || !skip(p, fields) || !read_number(p, &zero))
        return false;
    if (zero != 0)
        return packed_fail(p, PACKED_SEEN,
                           "the master entry of a stream node has no end");
    if (*live < 0 || gone < 0 || *live > INT32_MAX || gone > INT32_MAX)
        return packed_fail(p, PACKED_SEEN, "a stream node has a count below 0");
    for (; entries < *live + gone; entries++)
        if (!read_entry(p, fields, &deleted))
            return false;
    if (listpack_next(p, &e))
        return packed_fail(p, PACKED_SEEN,
                           "a stream node has more entries than it counts");
    if (p->wrong == NULL && deleted != gone)
        return packed_fail(p, PACKED_UNSEEN,
                           "a stream node has a wrong count of deleted "
                           "entries");
    return p->wrong == NULL;
}

const char *
stream_listpack_check(const unsigned char *bytes, size_t size, int64_t *live)
{
    struct packed p;

    *live = 0;
    listpack_begin(&p, bytes, size);
    read_node(&p, live);
    return p.wrong;
}
