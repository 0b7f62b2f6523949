#include "formats/rdb_prefix.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

enum { PARTS = 2, HEX_ID_MIN = 8 };

static bool
is_id(const char *part, size_t size)
{
    size_t digits = 0;

    for (size_t i = 0; i < size; i++) {
        unsigned char c = (unsigned char)part[i];

        if (!isxdigit(c) && c != '-')
            return false;
        digits += isdigit(c) != 0;
    }
    return digits > 0 && (digits == size || size >= HEX_ID_MIN);
}

size_t
rdb_prefix_write(char *out, size_t size, const char *name, size_t name_size,
                 char separator)
{
    const char id[2] = {'*', separator};
    size_t made = 0;

    for (unsigned part = 0; part < PARTS; part++) {
        const char *end = memchr(name, separator, name_size), *from = name;
        size_t n, whole;

        if (end == NULL)
            break;
        whole = n = (size_t)(end - name) + 1;
        if (is_id(name, n - 1)) {
            from = id;
            n = sizeof id;
        }
        if (n > size - made)
            n = size - made;
        memcpy(out + made, from, n);
        made += n;
        name += whole;
        name_size -= whole;
    }
    return made;
}
