#include "formats/rdb_item.h"

#include "formats/rdb_lzf.h"
#include "formats/rdb_opcode.h"
#include "formats/rdb_types.h"

/* Valkey 8 wrote the first with version 11. */
enum { SLOT_INFO_SINCE = 11, META_SINCE = 13 };

static bool
waits_for_key(const struct rdb_read *r, unsigned opcode)
{
    return opcode == RDB_ITEM_EXPIRE_MS || opcode == RDB_ITEM_EXPIRE ||
           opcode == RDB_ITEM_IDLE || opcode == RDB_ITEM_FREQUENCY ||
           (opcode == RDB_ITEM_META && !r->result->valkey_magic);
}

/* Keys would not be what they were without it. */
static bool
binds_keys(const struct rdb_read *r, unsigned opcode)
{
    return opcode == RDB_ITEM_SELECT || waits_for_key(r, opcode);
}

/* No server has such a version and knows the opcode: it would end a load. */
static bool
is_too_new(const struct rdb_read *r, unsigned opcode)
{
    int version = r->result->version;

    return (opcode == RDB_ITEM_SLOT_INFO && version < SLOT_INFO_SINCE) ||
           (opcode == RDB_ITEM_META && version < META_SINCE);
}

static bool
read_opcode(struct rdb_read *r, struct rdb_item *item)
{
    if (is_too_new(r, item->byte))
        return false;
    if (r->pending && !waits_for_key(r, item->byte))
        return false;
    if (item->byte == RDB_ITEM_RESIZE)
        return rdb_read_number(r, &item->sizes[0]) &&
               rdb_read_number(r, &item->sizes[1]);
    return rdb_opcode_read(r, item->byte, item->offset);
}

static bool
read_head(struct rdb_read *r, struct rdb_item *item)
{
    const struct rdb_types_entry *entry =
        rdb_types_find(r->result->valkey_magic, item->byte);

    if (entry == NULL || entry->walk == NULL)
        return false;
    r->inside = entry->name;
    return rdb_blob_read(r, &item->name);
}

enum rdb_item_kind
rdb_item_read(struct rdb_read *r, struct rdb_item *item)
{
    bool good;

    *item = (struct rdb_item){.offset = source_offset(r->s)};
    r->inside = NULL;
    r->spoiled = r->key.empty = false;
    if (!r->pending) {
        r->key.offset = item->offset;
        r->key.expire_ms = -1;
    }
    if (!rdb_read_want(r, 1)) {
        rdb_read_cut(r, item->offset, NULL);
        return item->kind = RDB_ITEM_BROKEN;
    }
    item->byte = *r->s->at++;
    if (item->byte == RDB_OPCODE_END && !r->pending)
        return item->kind = RDB_ITEM_END;
    item->kind = item->byte >= RDB_OPCODE_FIRST ? RDB_ITEM_OPCODE
                                                : RDB_ITEM_KEY;
    good = item->kind == RDB_ITEM_OPCODE ? read_opcode(r, item)
                                         : read_head(r, item);
    if (item->kind == RDB_ITEM_OPCODE) {
        rdb_lzf_flush(r);
        good = good && !(r->spoiled && binds_keys(r, item->byte));
    }
    return good ? item->kind : (item->kind = RDB_ITEM_BROKEN);
}

bool
rdb_item_read_value(struct rdb_read *r, const struct rdb_item *item)
{
    const struct rdb_types_entry *entry =
        rdb_types_find(r->result->valkey_magic, item->byte);
    bool good;

    r->key.type = item->byte;
    r->key.value_offset = source_offset(r->s);
    good = entry->walk(r, entry->detail);
    rdb_lzf_flush(r);
    r->key.end_offset = source_offset(r->s);
    r->inside = NULL;
    r->pending = false;
    return good;
}

bool
rdb_item_is_weak(uint8_t type)
{
    return type <= 5 || type == 7 || type == 22 || type == 24;
}
