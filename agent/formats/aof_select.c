#include "formats/aof_select.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/error.h"
#include "base/text.h"

/* A server has at most 2^31 databases. */
enum { DIGITS_MAX = 10, TAIL_MAX = 48 };

static bool
is_nearly_select(const char *name)
{
    unsigned wrong = 0;

    for (unsigned i = 0; i < 6; i++)
        wrong += strncasecmp(name + i, &"select"[i], 1) != 0;
    return wrong <= 1;
}

bool
aof_select_find(const struct source *from, uint64_t begin, uint64_t end,
                uint64_t *database)
{
    char tail[TAIL_MAX + 1] = "", form[32];
    size_t size = end - begin < TAIL_MAX ? (size_t)(end - begin) : TAIL_MAX;
    size_t got;
    struct error e = {0};

    if (source_read_at(from, tail, size, end - size, &got, &e) != 0 ||
        got < size)
        return false;
    for (size_t digits = 1; digits <= DIGITS_MAX; digits++) {
        /* "$6\r\nSELECT\r\n$1\r\n3\r\n" */
        size_t number = size - 2 - digits, words;
        size_t middle =
            (size_t)snprintf(form, sizeof form, "\r\n$%zu\r\n", digits);

        if (size < 4 + 6 + middle + digits + 2)
            return false;
        words = number - middle - 6 - 4;
        if (memcmp(tail + size - 2, "\r\n", 2) != 0 ||
            memcmp(tail + number - middle, form, middle) != 0 ||
            memcmp(tail + words, "$6\r\n", 4) != 0 ||
            !is_nearly_select(tail + words + 4))
            continue;
        tail[size - 2] = '\0';
        return text_number(tail + number, INT32_MAX, database);
    }
    return false;
}
