#include "formats/rdb_names.h"

#include <ctype.h>

#include "formats/twins.h"

/* So many bytes are a beginning. */
enum { START_BYTES = 4 };

/* So much of a name is its shape; below SHORT its length is exact. */
enum { SHAPE_BYTES = 64, SHORT = 8 };

/* So many that are no text are believed to be damage in any file. */
enum { ODD_ALWAYS = 2 };

/* Fewer names teach nothing. */
enum { FEW = 16 };

/* What less than 1 name in so many is, no other is taken for: one that begins
 * like none before, of one shape, of no text; of one shape, if it begins like
 * others. */
enum { NEW_SHARE = 20, SHAPE_SHARE = 100, ODD_SHARE = 100, RARE_SHARE = 1000 };

/* Bytes of the UTF-8 character that begins there; 0: none does. */
static size_t
character(const unsigned char *p, size_t size)
{
    size_t n = *p < 0x80                 ? 1
               : *p >= 0xc2 && *p < 0xe0 ? 2
               : *p >= 0xe0 && *p < 0xf0 ? 3
               : *p >= 0xf0 && *p < 0xf5 ? 4
                                         : 0;

    if (n > size || (n == 1 && iscntrl(*p) && !isspace(*p)))
        return 0;
    for (size_t i = 1; i < n; i++)
        if ((p[i] & 0xc0) != 0x80)
            return 0;
    return n;
}

/* As many as there are, but no more are looked for than most. */
static size_t
count_odd(const void *bytes, size_t size, size_t most)
{
    const unsigned char *p = bytes;
    size_t odd = 0;

    while (size > 0 && odd < most) {
        size_t n = *p >= ' ' && *p < 0x7f ? 1 : character(p, size);

        odd += n == 0;
        n = n == 0 ? 1 : n;
        p += n;
        size -= n;
    }
    return odd;
}

size_t
rdb_names_odd_bytes(const void *bytes, size_t size)
{
    return count_odd(bytes, size, SIZE_MAX);
}

bool
rdb_names_is_text(const void *bytes, size_t size)
{
    return count_odd(bytes, size, 1) == 0;
}

static size_t
start_of(const void *name, size_t size)
{
    return twins_hash(name, size < START_BYTES ? size : START_BYTES) %
           RDB_NAMES_STARTS;
}

/* Length, roughly; kinds of characters; which marks are between them. */
static size_t
shape_of(const void *name, size_t size)
{
    const unsigned char *p = name;
    uint64_t shape[2] = {size < SHORT ? size : SHORT + size / 4, 0};

    for (size_t i = 0; i < size && i < SHAPE_BYTES; i++) {
        bool mark = !isalnum(p[i]) && p[i] < 128;

        shape[1] |= UINT64_C(1) << (mark            ? p[i] % 60
                                    : islower(p[i]) ? 60
                                    : isupper(p[i]) ? 61
                                    : isdigit(p[i]) ? 62
                                                    : 63);
    }
    return twins_hash(shape, sizeof shape) % RDB_NAMES_SHAPES;
}

void
rdb_names_learn(struct rdb_names *n, const void *name, size_t size)
{
    uint32_t *start = &n->starts[start_of(name, size)];
    uint32_t *shape = &n->shapes[shape_of(name, size)];

    n->count++;
    n->odd += !rdb_names_is_text(name, size);
    n->different += *start == 0;
    n->single += *start == 0;
    n->single -= *start == 1;
    *start += *start < UINT32_MAX;
    *shape += *shape < UINT32_MAX;
}

/* So many beginnings that they tell nothing. */
static bool
is_crowded(const struct rdb_names *n)
{
    return n->different > RDB_NAMES_STARTS / 4;
}

bool
rdb_names_is_known(const struct rdb_names *n, const void *name, size_t size)
{
    bool crowded = is_crowded(n);
    uint64_t alike;

    if (size == 0 || (!crowded && n->starts[start_of(name, size)] == 0))
        return false;
    alike = n->shapes[shape_of(name, size)];
    return alike * (crowded ? SHAPE_SHARE : RARE_SHARE) >= n->count;
}

bool
rdb_names_are_few(const struct rdb_names *n)
{
    return n->count < FEW;
}

bool
rdb_names_are_text(const struct rdb_names *n)
{
    return n->odd * 2 < n->count &&
           n->odd * ODD_SHARE <= n->count + ODD_ALWAYS * ODD_SHARE;
}

bool
rdb_names_is_like(const struct rdb_names *n, const void *name, size_t size)
{
    if (size == 0)
        return false;
    if (rdb_names_are_text(n) && !rdb_names_is_text(name, size))
        return false;
    if (rdb_names_are_few(n))
        return true;
    if (!is_crowded(n) && n->starts[start_of(name, size)] > 0)
        return true;
    if (!is_crowded(n) && n->single * NEW_SHARE < n->count)
        return false;
    return n->shapes[shape_of(name, size)] * (uint64_t)SHAPE_SHARE >= n->count;
}
