#include "formats/aof_rewrite.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The longest line: see aof_item. */
enum { LINE_MAX_BYTES = 1023 };

/* The line at *at, passed, and its number as servers read it: by strtol. */
static int
read_line(struct aof_peek *p, uint64_t *at, int64_t *number, struct error *e)
{
    size_t have;
    const unsigned char *b = aof_peek_at(p, *at, LINE_MAX_BYTES, &have);
    const unsigned char *lf;
    char text[LINE_MAX_BYTES + 1] = "";

    if (p->error.kind != ERROR_NONE) {
        *e = p->error;
        return -1;
    }
    if (have > LINE_MAX_BYTES)
        have = LINE_MAX_BYTES;
    lf = have == 0 ? NULL : memchr(b, '\n', have);
    if (lf == NULL)
        return error_set(e, ERROR_CHANGED, "the file changed meanwhile");
    memcpy(text, b, (size_t)(lf - b));
    *number = strtoll(text + 1, NULL, 10);
    *at += (uint64_t)(lf - b) + 1;
    return 0;
}

static int
put_number(struct mend *m, char mark, int64_t number, struct error *e)
{
    char line[32];
    int size = snprintf(line, sizeof line, "%c%" PRId64 "\r\n", mark, number);

    return mend_put(m, line, (size_t)size, e);
}

static int
rewrite_command(struct aof_peek *p, struct mend *m, uint64_t *at,
                struct error *e)
{
    int64_t count = 0, size = 0;

    if (read_line(p, at, &count, e) != 0 || put_number(m, '*', count, e) != 0)
        return -1;
    for (int64_t i = 0; i < count; i++) {
        if (read_line(p, at, &size, e) != 0 ||
            put_number(m, '$', size, e) != 0 ||
            mend_keep(m, *at, (uint64_t)size, e) != 0 ||
            mend_put(m, "\r\n", 2, e) != 0)
            return -1;
        *at += (uint64_t)size + 2;
    }
    return 0;
}

static int
rewrite_item(struct aof_peek *p, struct mend *m, uint64_t *at, struct error *e)
{
    size_t have;
    uint64_t begin = *at;
    int64_t number;

    if (*aof_peek_at(p, begin, 1, &have) == '*')
        return rewrite_command(p, m, at, e);
    if (read_line(p, at, &number, e) != 0)
        return -1;
    return mend_keep(m, begin, *at - begin, e);
}

int
aof_rewrite(struct aof_peek *p, struct mend *m, uint64_t begin, uint64_t end,
            struct error *e)
{
    while (begin < end)
        if (rewrite_item(p, m, &begin, e) != 0)
            return -1;
    return 0;
}
