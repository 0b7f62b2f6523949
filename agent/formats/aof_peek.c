#include "formats/aof_peek.h"

#include <string.h>

/* "$" and sixteen digits: more than any file holds. */
enum { DIGITS_MAX = 16, NUMBER_BYTES = 1 + DIGITS_MAX + 2 };

const unsigned char *
aof_peek_at(struct aof_peek *p, uint64_t offset, size_t want, size_t *have)
{
    if (offset < p->offset || offset - p->offset > p->size ||
        p->size - (offset - p->offset) < want) {
        p->offset = offset;
        if (p->error.kind != ERROR_NONE ||
            source_read_at(p->from, p->bytes, sizeof p->bytes, offset, &p->size,
                           &p->error) != 0)
            p->size = 0;
    }
    *have = p->size - (size_t)(offset - p->offset);
    return p->bytes + (offset - p->offset);
}

size_t
aof_peek_number(struct aof_peek *p, uint64_t offset, unsigned char mark,
                uint64_t *value)
{
    size_t have, i = 1;
    const unsigned char *b = aof_peek_at(p, offset, NUMBER_BYTES, &have);

    *value = 0;
    if (have < 4 || b[0] != mark)
        return 0;
    for (; i <= DIGITS_MAX && i < have && b[i] >= '0' && b[i] <= '9'; i++)
        *value = *value * 10 + (uint64_t)(b[i] - '0');
    if (i == 1 || have - i < 2 || b[i] != '\r' || b[i + 1] != '\n')
        return 0;
    return i + 2;
}

uint64_t
aof_peek_argument(struct aof_peek *p, uint64_t offset)
{
    uint64_t length, end;
    size_t line = aof_peek_number(p, offset, '$', &length), have;
    const unsigned char *b;

    if (line == 0)
        return 0;
    end = offset + line + length;
    if (end + 2 > p->from->size_bytes)
        return UINT64_MAX;
    b = aof_peek_at(p, end, 2, &have);
    return have >= 2 && memcmp(b, "\r\n", 2) == 0 ? end + 2 : 0;
}
