#include "formats/aof_reopen.h"

#include <string.h>

/* A SELECT as servers write it; what it selects becomes *database. */
static bool
is_select(struct aof_peek *p, uint64_t offset, uint64_t *database)
{
    static const char begin[] = "*2\r\n$6\r\nSELECT\r\n";
    size_t have, size, at = sizeof begin - 1;
    const unsigned char *b = aof_peek_at(p, offset, at, &have);
    uint64_t digits, index = 0;

    if (have < at || memcmp(b, begin, at) != 0)
        return false;
    size = aof_peek_number(p, offset + at, '$', &digits);
    if (size == 0 || digits == 0 || digits > 10)
        return false;
    at += size;
    b = aof_peek_at(p, offset, at + digits, &have);
    if (have < at + digits)
        return false;
    for (uint64_t i = 0; i < digits; i++) {
        if (b[at + i] < '0' || b[at + i] > '9')
            return false;
        index = index * 10 + (uint64_t)(b[at + i] - '0');
    }
    *database = index;
    return true;
}

/* Behind the annotation that stands at offset; offset: there is none. */
static uint64_t
pass_annotation(struct aof_peek *p, uint64_t offset)
{
    enum { LINE_MAX_BYTES = 32 };
    size_t have;
    const unsigned char *b = aof_peek_at(p, offset, LINE_MAX_BYTES, &have);
    const unsigned char *lf;

    if (have > LINE_MAX_BYTES)
        have = LINE_MAX_BYTES;
    lf = have > 0 && *b == '#' ? memchr(b, '\n', have) : NULL;
    return lf == NULL ? offset : offset + (uint64_t)(lf - b) + 1;
}

/* Behind the command that stands at offset; 0: none, of that form. */
static uint64_t
pass_command(struct aof_peek *p, uint64_t offset)
{
    uint64_t count;
    size_t line = aof_peek_number(p, offset, '*', &count);

    if (line == 0)
        return 0;
    offset += line;
    while (count-- > 0 && offset != 0 && offset != UINT64_MAX)
        offset = aof_peek_argument(p, offset);
    return offset == UINT64_MAX ? 0 : offset;
}

bool
aof_reopen_find(struct aof_peek *p, struct aof_keep_mark multi, uint64_t end,
                struct aof_keep_mark *place)
{
    struct aof_keep_mark at = multi;
    /* The first SELECT of a file tells nothing. */
    bool known = multi.commands > 0;

    while (at.offset != 0 && at.offset < end) {
        uint64_t command = pass_annotation(p, at.offset), index;

        if (is_select(p, command, &index)) {
            if (known && index == at.database) {
                *place = at;
                place->database = multi.database; /* the SELECT follows */
                return true;
            }
            at.database = index;
            known = true;
        }
        at.offset = pass_command(p, command);
        at.commands++;
    }
    return false;
}
