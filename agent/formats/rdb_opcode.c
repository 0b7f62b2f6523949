#include "formats/rdb_opcode.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "formats/rdb_function.h"
#include "formats/rdb_module.h"
#include "formats/rdb_string.h"

enum {
    VALKEY_UPDATE = 242,
    KEY_META = 243, /* to Valkey, from 80 on: a slot being imported */
    SLOT_INFO = 244,
    FUNCTION = 245,
    FUNCTION_OLD = 246,
    MODULE_AUX = 247,
    IDLE = 248,
    FREQUENCY = 249,
    AUX = 250,
    RESIZE = 251,
    EXPIRE_MS = 252,
    EXPIRE = 253,
    SELECT = 254,
};

/* Versions of the RDB that brought them. */
enum { FUNCTION_SINCE = 10, SLOT_INFO_SINCE = 12, KEY_META_SINCE = 13 };

enum { AUX_TEXT_SIZE = 64 };

/* "redis 7.0.15"; what is not plain text is not believed. */
static void
note_server(struct rdb_result *result, const char *name, const char *release)
{
    for (const char *p = release; *p != '\0'; p++)
        if (!isgraph((unsigned char)*p))
            return;
    if (snprintf(result->server, sizeof result->server, "%s %s", name,
                 release) >= (int)sizeof result->server)
        result->server[0] = '\0';
}

static bool
read_aux(struct rdb_read *r)
{
    char name[AUX_TEXT_SIZE], value[AUX_TEXT_SIZE];
    struct rdb_result *result = r->result;

    if (!rdb_string_text(r, name, sizeof name) ||
        !rdb_string_text(r, value, sizeof value))
        return false;
    if (value[0] == '\0')
        return true;
    if (strcasecmp(name, "redis-ver") == 0)
        note_server(result, "redis", value);
    else if (strcasecmp(name, "valkey-ver") == 0)
        note_server(result, "valkey", value);
    else if (strcasecmp(name, "ctime") == 0)
        result->created = strtoll(value, NULL, 10);
    else if (strcasecmp(name, "used-mem") == 0)
        result->used_memory = strtoll(value, NULL, 10);
    return true;
}

static bool
read_select(struct rdb_read *r)
{
    if (!rdb_read_count(r, &r->key.db))
        return false;
    if (r->key.db >= r->result->databases)
        r->result->databases = r->key.db + 1;
    return true;
}

/* Little endian; before version 9 in the order of the host, taken as such. */
static bool
read_expire(struct rdb_read *r, bool milliseconds)
{
    const unsigned char *p;
    uint64_t time;

    if (milliseconds) {
        if (!rdb_read_u64(r, &time, "an expiry"))
            return false;
        r->key.expire_ms = (int64_t)time;
        return true;
    }
    if ((p = rdb_read_raw(r, 4, "an expiry")) == NULL)
        return false;
    r->key.expire_ms = (int32_t)((uint32_t)p[0] | (uint32_t)p[1] << 8 |
                                 (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24);
    r->key.expire_ms *= 1000;
    return true;
}

/* The job's name and ranges of slots. */
static bool
read_slot_import(struct rdb_read *r)
{
    uint64_t n, size;

    if (!rdb_string_skip(r, &size) || !rdb_read_count(r, &n))
        return false;
    for (; n > 0; n--)
        if (!rdb_read_numbers(r, 2))
            return false;
    return true;
}

/* A server takes the byte behind it for a type, whatever it is. */
static bool
read_key_meta(struct rdb_read *r)
{
    if (!rdb_module_key_meta(r))
        return false;
    if (!rdb_read_want(r, 1))
        return rdb_read_cut(r, source_offset(r->s), "a key");
    if (*r->s->at >= RDB_OPCODE_FIRST)
        return rdb_read_fail(r, "rdb-opcode", source_offset(r->s),
                             "metadata of a key is followed by opcode %u, not "
                             "by the key",
                             (unsigned)*r->s->at);
    return true;
}

/* What waits for the next key. */
static bool
read_pending(struct rdb_read *r, unsigned opcode, uint64_t offset)
{
    if (!r->pending)
        r->key.offset = offset;
    r->pending = true;
    switch (opcode) {
    case EXPIRE_MS:
    case EXPIRE:
        return read_expire(r, opcode == EXPIRE_MS);
    case IDLE:
        return rdb_read_numbers(r, 1);
    case FREQUENCY:
        return rdb_read_raw(r, 1, "a frequency") != NULL;
    default:
        rdb_read_need(r, KEY_META_SINCE);
        return read_key_meta(r);
    }
}

static bool
read_other(struct rdb_read *r, unsigned opcode, uint64_t offset)
{
    switch (opcode) {
    case AUX:
        return read_aux(r);
    case SELECT:
        return read_select(r);
    case RESIZE:
        return rdb_read_numbers(r, 2);
    case SLOT_INFO:
        rdb_read_need(r, SLOT_INFO_SINCE);
        return rdb_read_numbers(r, 3);
    case MODULE_AUX:
        return rdb_module_aux(r);
    default: /* FUNCTION */
        rdb_read_need(r, FUNCTION_SINCE);
        return rdb_function_read(r, offset);
    }
}

bool
rdb_opcode_read(struct rdb_read *r, unsigned opcode, uint64_t offset)
{
    bool valkey = r->result->valkey_magic;

    switch (opcode) {
    case VALKEY_UPDATE:
        if (valkey || r->result->version == RDB_VERSION_MAX)
            return rdb_read_strange(r, "rdb-opcode", offset,
                                    "opcode 242 is newer than this program");
        return rdb_read_fail(r, "rdb-opcode", offset, "there is no opcode 242");
    case FUNCTION_OLD:
        return rdb_read_fail(r, "rdb-opcode", offset,
                             "opcode 246 (a function of a release candidate of "
                             "7.0) is refused by every server");
    case KEY_META:
        return valkey ? read_slot_import(r) : read_pending(r, opcode, offset);
    case EXPIRE_MS:
    case EXPIRE:
    case IDLE:
    case FREQUENCY:
        return read_pending(r, opcode, offset);
    default:
        return read_other(r, opcode, offset);
    }
}
