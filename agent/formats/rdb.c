/*
 * The walk alternates between opcodes and keys. It ends at the opcode 255, at
 * damage, or at something newer than this program; in the last case the
 * checksum can still be judged, as it needs no understanding.
 */
#include "formats/rdb.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "formats/rdb_deep.h"
#include "formats/rdb_lzf.h"
#include "formats/rdb_name.h"
#include "formats/rdb_opcode.h"
#include "formats/rdb_read.h"
#include "formats/rdb_string.h"
#include "formats/rdb_types.h"
#include "formats/rdb_weigh.h"

enum {
    MAGIC_SIZE = 9,
    CHECKSUM_SIZE = 8,
    VALKEY_VERSION_MIN = 80,
};

/* Types of releases to come; any other number was never one. */
enum { TYPES_SOME_DAY = 64 };

static const char *const checksum_names[] = {
    [RDB_CHECKSUM_NONE] = "none",
    [RDB_CHECKSUM_OK] = "ok",
    [RDB_CHECKSUM_BAD] = "bad",
    [RDB_CHECKSUM_DISABLED] = "disabled",
};

static bool
begins_like(const unsigned char *p, size_t n, const char *magic)
{
    size_t size = strlen(magic);

    return memcmp(p, magic, n < size ? n : size) == 0;
}

static bool
read_version(struct rdb_read *r, const unsigned char *digits, unsigned count)
{
    struct rdb_result *result = r->result;
    uint64_t offset = source_offset(r->s) - count;
    int version = 0, least = result->valkey_magic ? VALKEY_VERSION_MIN : 1;
    int most = result->valkey_magic ? RDB_VALKEY_VERSION_MAX : RDB_VERSION_MAX;

    for (unsigned i = 0; i < count; i++) {
        if (digits[i] < '0' || digits[i] > '9')
            return rdb_read_fail(r, "rdb-version", offset,
                                 "the version is not a number");
        version = version * 10 + digits[i] - '0';
    }
    if (version < least)
        return rdb_read_fail(r, "rdb-version", offset,
                             "there is no version %d of this magic", version);
    result->version = result->needs = version;
    if (version > most)
        return rdb_read_strange(r, "rdb-version", offset,
                                "version %d is newer than %d, the newest that "
                                "this program knows",
                                version, most);
    return true;
}

static bool
read_magic(struct rdb_read *r)
{
    bool whole = rdb_read_want(r, MAGIC_SIZE);
    const unsigned char *p = r->s->at;
    size_t n = (size_t)(r->s->end - p);
    uint64_t offset = source_offset(r->s);

    if (n >= 4 && begins_like(p, n, "VKCS")) {
        r->result->container = true;
        return rdb_read_strange(r, "rdb-container", offset,
                                "a compressed container of Valkey, which this "
                                "program does not read");
    }
    if (!whole && (begins_like(p, n, "REDIS") || begins_like(p, n, "VALKEY") ||
                   begins_like(p, n, "VKCS")))
        return rdb_read_cut(r, offset, "the magic");
    r->result->valkey_magic = begins_like(p, n, "VALKEY");
    if (!r->result->valkey_magic && !begins_like(p, n, "REDIS"))
        return rdb_read_fail(r, "rdb-magic", offset,
                             "does not begin with REDIS or VALKEY");
    r->s->at += MAGIC_SIZE;
    return r->result->valkey_magic ? read_version(r, p + 6, 3)
                                   : read_version(r, p + 5, 4);
}

/* Whether something follows that is no AOF behind its RDB. */
static bool
is_amid(struct source *s)
{
    return source_want(s, 1) && *s->at != '*' && *s->at != '#';
}

static bool
read_checksum(struct rdb_read *r)
{
    uint64_t found = rdb_read_checksum(r), offset = source_offset(r->s);
    struct rdb_result *result = r->result;
    uint64_t stored;

    if (!rdb_read_u64(r, &stored, "the checksum"))
        return false;
    if (stored == 0) {
        result->checksum = RDB_CHECKSUM_DISABLED;
        report_add(r->report, SEVERITY_INFO, "rdb-checksum-disabled",
                   (int64_t)offset,
                   "set rdbchecksum yes on the server, so that changed bytes "
                   "are noticed",
                   "written without a checksum");
        return true;
    }
    if (stored == found) {
        result->checksum = RDB_CHECKSUM_OK;
        return true;
    }
    result->checksum = RDB_CHECKSUM_BAD;
    return rdb_read_fail(r, "rdb-checksum", offset,
                         "the checksum is %016" PRIx64 ", but the bytes give "
                         "%016" PRIx64 "%s",
                         stored, found,
                         is_amid(r->s) ? "; more lies behind it, so a damaged "
                                         "byte may be taken for the end"
                                       : "");
}

/* A byte that is neither a type nor an opcode that we know. */
static bool
refuse_byte(struct rdb_read *r, unsigned byte, uint64_t offset)
{
    static const unsigned char enterprise[] = {100, 101, 102, 107, 121};
    const struct rdb_result *result = r->result;
    bool newest = result->valkey_magic || result->version == RDB_VERSION_MAX;

    if (memchr(enterprise, (int)byte, sizeof enterprise) != NULL) {
        r->result->enterprise = true;
        return rdb_read_strange(r, "rdb-enterprise", offset,
                                "byte %u is an extension of Redis Enterprise",
                                byte);
    }
    if (newest && byte > 22 && byte < TYPES_SOME_DAY)
        return rdb_read_strange(r, "rdb-type", offset,
                                "type %u is newer than this program", byte);
    return rdb_read_fail(r, "rdb-type", offset, "there is no type or opcode %u",
                         byte);
}

static void
tell_newer_type(struct rdb_read *r, unsigned type,
                const struct rdb_types_entry *entry)
{
    r->told_newer = true;
    report_add(r->report, SEVERITY_WARNING, "rdb-type", (int64_t)r->key.offset,
               "servers load it; but no server writes that: look where the "
               "file comes from",
               "type %u (%s) came with version %d, and the file is version %d",
               type, entry->name, entry->since, r->result->version);
}

/* Reads the name; same: as that of the key before. */
static bool
read_name(struct rdb_read *r, bool *same)
{
    uint64_t start = source_offset(r->s), skipped, size;

    *same = false;
    if (r->deep != NULL)
        return rdb_deep_name(r);
    rdb_read_want(r, RDB_READ_NAME_MAX); /* else there is no more */
    if (!rdb_string_skip(r, &skipped))
        return false;
    size = source_offset(r->s) - start;
    if (size > RDB_READ_NAME_MAX) {
        r->name_size = 0;
        return true;
    }
    *same = size == r->name_size && r->name_db == r->key.db &&
            memcmp(r->s->at - size, r->name, size) == 0;
    r->name = r->s->at - size;
    r->name_size = size;
    r->name_db = r->key.db;
    return true;
}

/* A key without elements is not there, to servers. */
static void
note_name(struct rdb_read *r, bool same)
{
    if (r->deep != NULL)
        rdb_deep_key(r);
    else if (r->key.empty)
        r->name_size = 0;
    else if (same)
        rdb_read_note(r, RDB_BY_ALL, "rdb-duplicate-key", r->key.offset,
                      "the key is the same as the one before it");
}

static void
count_key(struct rdb_read *r, const struct rdb_options *options, unsigned type)
{
    struct rdb_result *result = r->result;

    result->keys++;
    result->expires += r->key.expire_ms != -1;
    result->expired += r->key.expire_ms != -1 &&
                       r->key.expire_ms < options->now_ms;
    if (r->key.empty && result->empty_keys++ == 0)
        r->first_empty = r->key.offset;
    if (options->key_seen != NULL)
        rdb_lzf_flush(r); /* is the key good? */
    if (options->key_seen != NULL && !r->spoiled) {
        r->key.type = (uint8_t)type;
        r->key.end_offset = source_offset(r->s);
        options->key_seen(options->context, &r->key);
    }
    r->key.expire_ms = -1;
    r->pending = false;
}

/* Behind a first zero: a key "" with the value "", and the same key again. */
static bool
are_zeros(struct rdb_read *r)
{
    static const unsigned char zeros[4];

    return r->key.expire_ms == -1 && rdb_read_want(r, sizeof zeros) &&
           memcmp(r->s->at, zeros, sizeof zeros) == 0;
}

/* Reads a key; its type has been read at offset. */
static bool
walk_key(struct rdb_read *r, const struct rdb_options *options, unsigned type,
         uint64_t offset)
{
    const struct rdb_types_entry *entry =
        rdb_types_find(r->result->valkey_magic, type);
    bool same;

    if (!r->pending)
        r->key.offset = offset;
    if (entry == NULL)
        return refuse_byte(r, type, offset);
    if (type == 0 && are_zeros(r))
        return rdb_read_fail(r, "rdb-zeros", offset,
                             "zero bytes, as a power cut leaves them");
    if (entry->walk == NULL)
        return rdb_read_fail(r, "rdb-type", offset,
                             "type %u (%s) is refused by every server", type,
                             entry->name);
    rdb_read_need(r, entry->since);
    if (entry->since > r->result->version && !r->told_newer)
        tell_newer_type(r, type, entry);
    if (options->key_seen != NULL)
        rdb_name_keep(r);
    r->key.empty = r->key.uncounted = r->spoiled = false;
    r->key.elements = 0;
    if (!read_name(r, &same))
        return false;
    r->key.value_offset = source_offset(r->s);
    r->inside = entry->name;
    if (r->weigh != NULL)
        rdb_weigh_begin(r);
    if (!entry->walk(r, entry->detail))
        return false;
    if (r->weigh != NULL)
        rdb_weigh_end(r, type);
    r->inside = NULL;
    note_name(r, same);
    count_key(r, options, type);
    return true;
}

/* All between the magic and the checksum. */
static bool
walk_body(struct rdb_read *r, const struct rdb_options *options)
{
    for (;;) {
        uint64_t offset = source_offset(r->s);
        unsigned byte;
        bool good;

        if (r->s->at >= r->ahead)
            rdb_read_ahead(r);
        if (!rdb_read_want(r, 1))
            return rdb_read_cut(r, offset, NULL);
        byte = *r->s->at++;
        if (byte == RDB_OPCODE_END)
            return true;
        if (byte >= RDB_OPCODE_FIRST)
            good = rdb_opcode_read(r, byte, offset);
        else
            good = walk_key(r, options, byte, offset);
        if (!good)
            return false;
    }
}

/* What we do not understand up to the checksum, if the end is known. */
static bool
judge_unknown(struct rdb_read *r)
{
    uint64_t left = r->s->size_bytes - source_offset(r->s);

    if (r->s->size_bytes == UINT64_MAX || r->result->container ||
        r->result->version < RDB_CHECKSUM_SINCE)
        return true;
    if (left >= CHECKSUM_SIZE &&
        !rdb_read_skip(r, left - CHECKSUM_SIZE, source_offset(r->s),
                       "the data"))
        return false;
    if (!read_checksum(r))
        return false;
    if (r->result->checksum == RDB_CHECKSUM_OK)
        r->result->end_offset = source_offset(r->s);
    return true;
}

static void
walk(struct rdb_read *r, const struct rdb_options *options)
{
    struct rdb_result *result = r->result;

    if (read_magic(r) && walk_body(r, options)) {
        bool has_checksum = result->version >= RDB_CHECKSUM_SINCE;

        if (!has_checksum || read_checksum(r) ||
            result->checksum == RDB_CHECKSUM_BAD)
            result->end_offset = source_offset(r->s);
    } else if (r->strange) {
        judge_unknown(r);
    }
    if (result->empty_keys > 0)
        report_add(r->report, SEVERITY_WARNING, "rdb-empty-key",
                   (int64_t)r->first_empty,
                   "nothing needs to be done: servers skip them at load",
                   "%" PRIu64 " keys have no elements; the first is here",
                   result->empty_keys);
}

int
rdb_walk(struct source *s, const struct rdb_options *options,
         struct report *report, struct rdb_result *result, struct error *e)
{
    static const struct rdb_options none;
    const struct rdb_options *o = options != NULL ? options : &none;
    struct rdb_weigh weigh = {.pages = o->pages};
    struct rdb_read r;
    int rc;

    *result = (struct rdb_result){
        .verdict = VERDICT_SOUND, .created = -1, .used_memory = -1};
    rdb_read_begin(&r, s, report, result);
    if (o->deep)
        rdb_deep_begin(&r);
    r.weigh = o->weigh && !o->deep ? &weigh : NULL;
    walk(&r, o);
    rdb_lzf_flush(&r);
    rc = rdb_deep_end(&r, e);
    rdb_deep_free(&r);
    rdb_lzf_free(&r);
    free(r.buffer);
    if (rc != 0)
        return -1;
    if (s->error.kind == ERROR_NONE)
        return 0;
    result->verdict = VERDICT_UNKNOWN;
    *e = s->error;
    return -1;
}

const char *
rdb_checksum_name(enum rdb_checksum c)
{
    return checksum_names[c];
}
