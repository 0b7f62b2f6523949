#include "formats/rdb_module.h"

#include <inttypes.h>

#include "formats/rdb_string.h"

enum {
    PART_END,
    PART_SIGNED,
    PART_UNSIGNED,
    PART_FLOAT,
    PART_DOUBLE,
    PART_STRING
};

enum { NAME_CHARACTERS = 9, CHARACTER_BITS = 6, VERSION_BITS = 10 };

static void
write_name(char name[NAME_CHARACTERS + 1], uint64_t id)
{
    static const char set[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                              "abcdefghijklmnopqrstuvwxyz0123456789-_";

    id >>= VERSION_BITS;
    name[NAME_CHARACTERS] = '\0';
    for (int i = NAME_CHARACTERS - 1; i >= 0; i--) {
        name[i] = set[id & 63];
        id >>= CHARACTER_BITS;
    }
}

/* Each module is told once, as a server without it refuses the file. */
static void
tell_module(struct rdb_read *r, uint64_t id, uint64_t offset, const char *what)
{
    char name[NAME_CHARACTERS + 1];

    r->result->modules++;
    for (size_t i = 0; i < r->module_count; i++)
        if (r->module_ids[i] == id)
            return;
    if (r->module_count == RDB_READ_MODULES_MAX)
        return;
    r->module_ids[r->module_count++] = id;
    write_name(name, id);
    report_add(r->report, SEVERITY_INFO, "rdb-module", (int64_t)offset,
               "restore it only to a server that has loaded this module",
               "%s of the module type %s, encoding %" PRIu64, what, name,
               id & ((1u << VERSION_BITS) - 1));
}

static bool
read_parts(struct rdb_read *r)
{
    uint64_t kind = PART_SIGNED, start, size;

    while (kind != PART_END) {
        bool good = true;

        start = source_offset(r->s);
        if (!rdb_read_count(r, &kind))
            return false;
        if (kind == PART_SIGNED || kind == PART_UNSIGNED)
            good = rdb_read_numbers(r, 1);
        else if (kind == PART_FLOAT || kind == PART_DOUBLE)
            good = rdb_read_raw(r, kind == PART_FLOAT ? 4 : 8,
                                "a number of a module") != NULL;
        else if (kind == PART_STRING)
            good = rdb_string_skip(r, &size);
        else if (kind != PART_END)
            good = rdb_read_fail(
                r, "rdb-value", start,
                "a part of a module of kind %" PRIu64 ", not 0 to 5", kind);
        if (!good)
            return false;
    }
    return true;
}

bool
rdb_module_walk(struct rdb_read *r, unsigned detail)
{
    uint64_t id, start = source_offset(r->s);

    (void)detail;
    if (!rdb_read_number(r, &id))
        return false;
    tell_module(r, id, start, "a value");
    return read_parts(r);
}

bool
rdb_module_aux(struct rdb_read *r)
{
    uint64_t id, kind, start = source_offset(r->s);

    if (!rdb_read_number(r, &id))
        return false;
    tell_module(r, id, start, "data");
    start = source_offset(r->s);
    if (!rdb_read_number(r, &kind))
        return false;
    if (kind != PART_UNSIGNED)
        return rdb_read_fail(r, "rdb-value", start,
                             "module data begins with kind %" PRIu64 ", not 2",
                             kind);
    return rdb_read_numbers(r, 1) && read_parts(r);
}

bool
rdb_module_key_meta(struct rdb_read *r)
{
    uint64_t n;

    if (!rdb_read_count(r, &n))
        return false;
    for (; n > 0; n--)
        if (rdb_read_raw(r, 4, "metadata of a key") == NULL || !read_parts(r))
            return false;
    return true;
}
