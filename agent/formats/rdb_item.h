/*
 * rdb_item.h - one opcode or key of an RDB after the other, judged as by
 * --deep, for those who begin in the middle of one.
 */
#ifndef FORMATS_RDB_ITEM_H
#define FORMATS_RDB_ITEM_H

#include <stdbool.h>
#include <stdint.h>

#include "formats/rdb_blob.h"
#include "formats/rdb_read.h"

enum rdb_item_kind {
    RDB_ITEM_BROKEN, /* does not parse: nobody knows where it ends */
    RDB_ITEM_OPCODE, /* whole; if r->spoiled is set, it is bad, but no key
                        belongs to it */
    RDB_ITEM_KEY,    /* its head: type and name */
    RDB_ITEM_END,    /* the end mark's byte */
};

struct rdb_item {
    enum rdb_item_kind kind;
    uint8_t byte;      /* the opcode or type */
    uint64_t offset;   /* of it; r->key.offset is where the key begins */
    uint64_t sizes[2]; /* of RDB_ITEM_RESIZE */
    struct rdb_blob name;
};

/* Opcodes that are looked at one by one. */
enum {
    RDB_ITEM_META = 243,
    RDB_ITEM_SLOT_INFO = 244,
    RDB_ITEM_FUNCTION = 245,
    RDB_ITEM_MODULE_AUX = 247,
    RDB_ITEM_IDLE = 248,
    RDB_ITEM_FREQUENCY = 249,
    RDB_ITEM_AUX = 250,
    RDB_ITEM_RESIZE = 251, /* keys in the database, and those that expire */
    RDB_ITEM_EXPIRE_MS = 252,
    RDB_ITEM_EXPIRE = 253,
    RDB_ITEM_SELECT = 254,
};

/*
 * Reads an opcode, or type and name of a key. What waits for a key (expiry)
 * may only be followed by more of that and the key. r is deep.
 */
enum rdb_item_kind rdb_item_read(struct rdb_read *r, struct rdb_item *item);

/*
 * The value of the key that was just begun. False: its end is not known. Then,
 * or when r->spoiled is set, it is bad.
 */
bool rdb_item_read_value(struct rdb_read *r, const struct rdb_item *item);

/* Whether only lengths hold such a value together, and no content proves it. */
bool rdb_item_is_weak(uint8_t type);

#endif
