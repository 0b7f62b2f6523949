#include "formats/rdb_members.h"

#include "formats/rdb_deep.h"
#include "formats/rdb_packed.h"
#include "formats/rdb_string.h"
#include "formats/rdb_weigh.h"

/* Times of hash fields have 48 bits; one more says that there is none. */
#define FIELD_TIME_MAX ((UINT64_C(1) << 48) - 1)

/* A hash within both is kept as a list of pairs. */
enum { SMALL_HASH = 128, SMALL_VALUE = 64 };

/* The count of a value; none makes the key empty. */
static bool
read_elements(struct rdb_read *r, uint64_t *n)
{
    if (!rdb_read_count(r, n))
        return false;
    r->key.empty = *n == 0;
    r->key.elements = *n;
    return true;
}

void
rdb_members_begin(struct rdb_read *r)
{
    if (r->deep != NULL)
        rdb_deep_begin_members(r, 0);
}

void
rdb_members_end(struct rdb_read *r)
{
    if (r->deep != NULL)
        rdb_deep_end_members(r, 0, RDB_BY_LOOKING, "the member");
}

/* A field and its value; timed: it has an expiry. */
static bool
walk_field(struct rdb_read *r, bool timed)
{
    if (r->weigh != NULL)
        return rdb_weigh_fields(r, 1, timed);
    if (r->deep == NULL)
        return rdb_string_skip_many(r, 2);
    return rdb_deep_member(r, 0) && rdb_string_skip_many(r, 1);
}

static void
end_fields(struct rdb_read *r, uint64_t n)
{
    if (r->deep != NULL)
        rdb_deep_end_members(r, 0, n > SMALL_HASH ? RDB_BY_ALL : RDB_BY_9_1,
                             "the field");
}

/* A time of a field: absolute, or 1 more than its distance from base. */
static bool
read_field_time(struct rdb_read *r, uint64_t base, bool *timed)
{
    uint64_t start = source_offset(r->s), time;

    if (!rdb_read_number(r, &time))
        return false;
    *timed = time > 0;
    if (time > FIELD_TIME_MAX || base + time > FIELD_TIME_MAX + 1)
        return rdb_read_spoiled(r, start,
                                "the expiry of a field is out of range");
    return true;
}

/* The least expiry of a hash. */
static bool
read_least_time(struct rdb_read *r, uint64_t *least)
{
    uint64_t start = source_offset(r->s);

    if (!rdb_read_u64(r, least, "an expiry"))
        return false;
    if (*least > FIELD_TIME_MAX + 1)
        return rdb_read_spoiled(r, start,
                                "the expiry of a hash is out of range");
    return true;
}

/* Fields with times of Redis; before 7.4 was final, without a common base. */
bool
rdb_members_walk_times(struct rdb_read *r, unsigned has_base)
{
    uint64_t n, left, base = 0;
    bool timed;

    if (has_base && !read_least_time(r, &base))
        return false;
    if (!read_elements(r, &n))
        return false;
    rdb_members_begin(r);
    for (left = n; left > 0; left--)
        if (!read_field_time(r, base, &timed) || !walk_field(r, timed))
            return false;
    end_fields(r, n);
    return true;
}

bool
rdb_members_walk_packed(struct rdb_read *r, unsigned kind)
{
    uint64_t least;

    return read_least_time(r, &least) &&
           rdb_packed_read(r, kind, &r->key.empty);
}

/* Fields with times of Valkey: name, value, time. */
bool
rdb_members_walk_valkey(struct rdb_read *r, unsigned detail)
{
    uint64_t n, left, time;

    (void)detail;
    if (!read_elements(r, &n))
        return false;
    rdb_members_begin(r);
    for (left = n; left > 0; left--) {
        if (!walk_field(r, true) || !rdb_read_u64(r, &time, "an expiry"))
            return false;
        if (time > INT64_MAX && time != UINT64_MAX) /* -1: none */
            rdb_read_spoiled(r, source_offset(r->s) - sizeof time,
                             "the expiry of a field is out of range");
    }
    end_fields(r, n);
    return true;
}

/* Servers take a small hash as it is, and see a field that comes twice when
 * they make a table of it. */
bool
rdb_members_walk(struct rdb_read *r, unsigned strings)
{
    uint64_t n, left, size, longest = 0;
    bool table;

    if (!read_elements(r, &n))
        return false;
    if (r->weigh != NULL)
        return strings == 1 ? rdb_weigh_members(r, n)
                            : rdb_weigh_fields(r, n, false);
    if (r->deep == NULL)
        return rdb_string_skip_many(r, n * strings);
    rdb_deep_begin_members(r, 0);
    for (left = n; left > 0; left--) {
        if (!rdb_deep_member(r, 0) ||
            (strings > 1 && !rdb_string_skip(r, &size)))
            return false;
        longest = strings > 1 && size > longest ? size : longest;
    }
    table = n > SMALL_HASH || longest > SMALL_VALUE;
    rdb_deep_end_members(r, 0,
                         strings == 1 ? RDB_BY_LOOKING
                         : table      ? RDB_BY_ALL
                                      : RDB_BY_9_1,
                         strings == 1 ? "the member" : "the field");
    return true;
}
