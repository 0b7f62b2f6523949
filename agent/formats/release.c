#include "formats/release.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"

/* Parts of a version number are small; longer digits are no version. */
enum { PART_MAX = 9999, PART_DIGITS = 4 };

/*
 * The newest RDB version that a release of redis reads, from this one on.
 * Source: redis/src/rdb.h of each release.
 */
static const struct {
    int major, minor, version;
} redis_limits[] = {
    {8, 8, 14}, {8, 6, 13}, {7, 4, 12}, {7, 2, 11}, {7, 0, 10}, {5, 0, 9},
    {4, 0, 8},  {3, 2, 7},  {2, 6, 6},  {2, 4, 2},  {0, 0, 1},
};

/* The same for valkey; those with magic "VALKEY" begin at 80. */
enum {
    VALKEY_FIRST_OWN = 80,
    VALKEY_90_LIMIT = 80,
    VALKEY_92_LIMIT = 81,
    VALKEY_REDIS_LIMIT = 11,
};

static bool
read_part(const char **at, char end, int *out)
{
    char part[PART_DIGITS + 1];
    size_t size = strcspn(*at, ".");
    uint64_t value;

    if (size >= sizeof part || (*at)[size] != end)
        return false;
    memcpy(part, *at, size);
    part[size] = '\0';
    if (!text_number(part, PART_MAX, &value))
        return false;
    *out = (int)value;
    *at += size + (end != '\0');
    return true;
}

bool
release_read(struct release *r, const char *text)
{
    struct release read = {.valkey = strncmp(text, "valkey-", 7) == 0};

    if (read.valkey)
        text += 7;
    else if (strncmp(text, "redis-", 6) == 0)
        text += 6;
    if (!read_part(&text, '.', &read.major) ||
        !read_part(&text, '.', &read.minor) ||
        !read_part(&text, '\0', &read.patch))
        return false;
    *r = read;
    return true;
}

void
release_write(char out[RELEASE_TEXT_SIZE], const struct release *r)
{
    snprintf(out, RELEASE_TEXT_SIZE, "%s %d.%d.%d",
             r->valkey ? "valkey" : "redis", r->major, r->minor, r->patch);
}

struct release
release_newest(void)
{
    return (struct release){.major = 8, .minor = 8};
}

bool
release_at_least(const struct release *r, int major, int minor)
{
    return r->major > major || (r->major == major && r->minor >= minor);
}

bool
release_walks_values(const struct release *r)
{
    return r->valkey && release_at_least(r, 9, 1);
}

bool
release_has_manifest(const struct release *r)
{
    return r->valkey || release_at_least(r, 7, 0);
}

static bool
valkey_loads(const struct release *r, int version, bool valkey_magic)
{
    int limit = release_at_least(r, 9, 2) ? VALKEY_92_LIMIT : VALKEY_90_LIMIT;

    if (!valkey_magic)
        return version <= VALKEY_REDIS_LIMIT;
    return release_at_least(r, 9, 0) && version >= VALKEY_FIRST_OWN &&
           version <= limit;
}

bool
release_loads_rdb(const struct release *r, int version, bool valkey_magic)
{
    size_t i = 0;

    if (version < 1)
        return false;
    if (r->valkey)
        return valkey_loads(r, version, valkey_magic);
    if (valkey_magic)
        return false;
    while (!release_at_least(r, redis_limits[i].major, redis_limits[i].minor))
        i++;
    return version <= redis_limits[i].version;
}
