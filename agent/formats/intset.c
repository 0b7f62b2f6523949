#include "formats/intset.h"

#include "formats/packed.h"

const char *
intset_check_head(const unsigned char *head, uint64_t size)
{
    uint64_t width, count;

    if (size < INTSET_HEAD)
        return "an intset is shorter than its head";
    width = packed_number(head, 4);
    count = packed_number(head + 4, 4);
    if (width != 2 && width != 4 && width != 8)
        return "the width of an intset is not 2, 4 or 8";
    if (count * width + INTSET_HEAD != size)
        return "the count of an intset is not its count";
    return count == 0 ? "an intset without numbers" : NULL;
}

const char *
intset_check_order(const unsigned char *bytes)
{
    unsigned width = (unsigned)packed_number(bytes, 4);
    uint64_t count = packed_number(bytes + 4, 4);
    const unsigned char *p = bytes + INTSET_HEAD;
    int64_t last = packed_signed(p, width), next;

    for (uint64_t i = 1; i < count; i++) {
        p += width;
        next = packed_signed(p, width);
        if (next == last)
            return "an intset has a number twice";
        if (next < last)
            return "the numbers of an intset do not ascend";
        last = next;
    }
    return NULL;
}
