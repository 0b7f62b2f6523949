#include "formats/aof_reopen.h"

#include <string.h>
#include <strings.h>

static const char why_reopened[] =
    "a transaction that was never finished; what a server wrote behind it, "
    "once it was started again, is kept";
static const char why_nested[] =
    "a MULTI without its EXEC before another MULTI; the commands between are "
    "kept, as a server runs them";

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

static bool
is_multi(struct aof_peek *p, uint64_t offset)
{
    static const char multi[] = "*1\r\n$5\r\nMULTI\r\n";
    size_t have, size = sizeof multi - 1;
    const unsigned char *b = aof_peek_at(p, offset, size, &have);

    return have >= size && strncasecmp((const char *)b, multi, size) == 0;
}

const char *
aof_reopen_find(struct aof_peek *p, struct aof_keep_mark multi, bool known,
                uint64_t end, struct aof_keep_mark *place)
{
    struct aof_keep_mark at = multi, behind = multi;

    known &= multi.commands > 0; /* the first SELECT of a file tells nothing */
    while (at.offset != 0 && at.offset < end) {
        uint64_t command = pass_annotation(p, at.offset), index;

        if (is_select(p, command, &index)) {
            if (known && index == at.database) {
                *place = at;
                place->database = multi.database; /* the SELECT follows */
                return why_reopened;
            }
            at.database = index;
            known = true;
        } else if (at.offset > multi.offset && is_multi(p, command)) {
            *place = behind;
            return why_nested;
        }
        at.offset = pass_command(p, command);
        if (at.commands++ == multi.commands)
            behind = (struct aof_keep_mark){at.offset, at.commands,
                                            multi.database, multi.time};
    }
    return NULL;
}
