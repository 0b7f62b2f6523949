#include "formats/rdb_salvage_walk.h"

#include "formats/rdb_deep.h"
#include "formats/rdb_item.h"
#include "formats/rdb_opcode.h"
#include "formats/rdb_resync.h"

enum { CHECKSUM_SIZE = 8 };

/* One key in so many has an opcode that keys of the file have. */
enum { SOME_SHARE = 100 };

static const char *const hole_words[2][3] = {
    {
        [RDB_SALVAGE_NO_CHANGE] = "does not parse",
        [RDB_SALVAGE_MAY_CHANGE] =
            "does not parse; another database may begin in it, then the keys "
            "behind it are in the wrong one",
        [RDB_SALVAGE_CHANGES] =
            "does not parse; another database begins in it, which one is not "
            "known: the keys behind it are put into the next one",
    },
    {
        [RDB_SALVAGE_NO_CHANGE] =
            "does not parse; the key behind it may have lost its expiry",
        [RDB_SALVAGE_MAY_CHANGE] =
            "does not parse; the key behind it may have lost its expiry, and "
            "another database may begin in it, then the keys behind it are in "
            "the wrong one",
        [RDB_SALVAGE_CHANGES] =
            "does not parse; another database begins in it, which one is not "
            "known: the keys behind it are put into the next one, the first "
            "may have lost its expiry",
    },
};

/* Whether a key stands right behind the hole, that may have had an expiry. */
static bool
may_have_expired(const struct rdb_salvage *v, uint64_t offset)
{
    unsigned char next = 0;
    struct error ignored = {0};
    size_t got;

    if (source_read_at(v->s, &next, 1, offset, &got, &ignored) != 0)
        return false;
    return next < RDB_OPCODE_FIRST &&
           v->opcodes[RDB_ITEM_EXPIRE_MS] + v->opcodes[RDB_ITEM_EXPIRE] > 0;
}

/* Selects the database behind d->db, which a hole has swallowed. */
static bool
select_next(struct rdb_salvage *v)
{
    unsigned char select[6] = {RDB_ITEM_SELECT, 0x80};
    uint64_t db = ++v->r.key.db;

    v->resync.chain.db = db;
    for (unsigned i = 0; i < 4; i++)
        select[2 + i] = (unsigned char)(db >> (8 * (3 - i)));
    if (v->pass == RDB_SALVAGE_WRITE &&
        mend_put(v->m, select, sizeof select, v->e) != 0)
        return rdb_salvage_keep_fail(v);
    return true;
}

/* The good key right before a hole: the damage may have begun in it. */
static void
doubt_last(struct rdb_salvage *v, uint64_t hole)
{
    struct held *last = &v->last;

    if (last->held && last->strange && last->key.end_offset == hole) {
        last->held = false;
        rdb_salvage_keep_lose(
            v, last->key.offset, hole, 1, last->name,
            "its name is like no other, and what follows it is damaged");
    } else if (last->held && rdb_salvage_keep_is_odd(v, hole)) {
        rdb_salvage_keep_lose(
            v, hole, hole, 0, last->name,
            "kept, but what follows it is damaged: the end of its value may "
            "be, too");
    }
}

/* Damage from begin on; goes on behind it, or ends. name as for lose. */
static bool
jump(struct rdb_salvage *v, uint64_t begin, uint64_t from, uint64_t name)
{
    enum rdb_salvage_change change = RDB_SALVAGE_NO_CHANGE;
    enum rdb_resync_found found;
    uint64_t offset;
    int64_t keys;

    v->r.pending = false;
    v->after_bad = false;
    v->resync.chain.db = v->r.key.db;
    found = rdb_resync_find(&v->resync, from, &offset);
    keys =
        rdb_salvage_sizes_hole(&v->sizes, v->r.key.db, offset - begin, &change);
    /* What ends the file may have held other databases, too. */
    if (found != RDB_RESYNC_ITEM)
        keys = -1;
    doubt_last(v, begin);
    if (!rdb_salvage_keep_settle(v))
        return false;
    if (found == RDB_RESYNC_ITEM) {
        rdb_salvage_keep_lose(v, begin, offset, keys, name,
                              hole_words[may_have_expired(v, offset)][change]);
        if (change == RDB_SALVAGE_CHANGES && !select_next(v))
            return false;
    } else {
        rdb_salvage_keep_lose(
            v, begin, offset, keys, name,
            v->resync.gave_up ? "does not parse, and what follows looks too "
                                "much like keys everywhere"
                              : hole_words[0][RDB_SALVAGE_NO_CHANGE]);
    }
    rdb_salvage_keep_move(v, offset);
    v->end_offset = offset;
    return found == RDB_RESYNC_ITEM || found == RDB_RESYNC_END;
}

/* A mark that is not the last thing may be a damaged byte. False: the end. */
static bool
pass_mark(struct rdb_salvage *v, uint64_t mark)
{
    uint64_t behind = mark + 1, offset;
    uint64_t size = v->s->size_bytes;
    enum rdb_resync_found found;

    if (v->head.version >= RDB_CHECKSUM_SINCE)
        behind += CHECKSUM_SIZE;
    v->end_offset = behind < size ? behind : size;
    if (behind > size)
        rdb_salvage_keep_lose(v, mark + 1, size, 0, 0,
                              "the checksum is cut off");
    if (rdb_chain_is_end(&v->resync.chain, mark) || behind >= size ||
        (v->whole.end_offset == behind &&
         v->whole.checksum != RDB_CHECKSUM_BAD))
        return false;
    v->resync.chain.db = v->r.key.db;
    found = rdb_resync_find(&v->resync, mark + 1, &offset);
    if (found != RDB_RESYNC_ITEM && found != RDB_RESYNC_END)
        return false;
    return jump(v, mark, mark + 1, 0);
}

/* What stands in front of at least some keys may begin one behind a hole. */
void
rdb_salvage_walk_allow(struct rdb_salvage *v)
{
    static const uint8_t some[] = {RDB_ITEM_IDLE, RDB_ITEM_FREQUENCY,
                                   RDB_ITEM_META};

    for (size_t i = 0; i < sizeof some; i++)
        if (v->opcodes[some[i]] > 0 &&
            v->opcodes[some[i]] * SOME_SHARE >= v->learned)
            rdb_resync_allow(&v->resync, some[i]);
}

/* RESIZE. Behind a SELECT that was there before, both are left out. */
static bool
take_sizes(struct rdb_salvage *v, const struct rdb_item *item)
{
    struct rdb_read *r = &v->r;
    uint64_t end = source_offset(v->s);

    if (rdb_salvage_sizes_select(&v->sizes, r->key.db, item->sizes[0]) ||
        v->select.end != item->offset)
        return rdb_salvage_keep_settle(v) &&
               rdb_salvage_keep_range(v, item->offset, end);
    rdb_salvage_keep_lose(
        v, v->select.begin, end, 0, 0,
        "selects a database once more: a copy of an earlier part of the file");
    r->key.db = v->select.before;
    v->select.end = 0;
    return true;
}

static bool
take_opcode(struct rdb_salvage *v, const struct rdb_item *item, uint64_t db)
{
    struct rdb_read *r = &v->r;
    uint64_t end = source_offset(v->s);

    if (r->pending) {
        v->opcodes[item->byte] += v->pass == RDB_SALVAGE_LEARN;
        if (v->pass == RDB_SALVAGE_LEARN)
            rdb_salvage_walk_allow(v);
        return true;
    }
    if (item->byte == RDB_ITEM_RESIZE && !r->spoiled)
        return take_sizes(v, item);
    if (!rdb_salvage_keep_settle(v))
        return false;
    if (r->spoiled) {
        rdb_salvage_keep_lose(v, item->offset, end, 0, 0,
                              item->byte == RDB_ITEM_FUNCTION
                                  ? "a library of functions is damaged"
                                  : "does not parse, but belongs to no key");
        return true;
    }
    rdb_salvage_head_need(&v->head, false, item->byte);
    if (item->byte != RDB_ITEM_SELECT)
        return rdb_salvage_keep_range(v, item->offset, end);
    v->select.begin = item->offset;
    v->select.end = end;
    v->select.before = db;
    return true;
}

/* Whether the key is of those that damage makes: no name and no value. */
static bool
is_nothing(const struct rdb_read *r, const struct rdb_item *item)
{
    return item->byte == 0 && item->name.size == 0 &&
           r->key.end_offset - r->key.value_offset == 1;
}

/*
 * Whether a length was damaged, of its name or value, so that it runs into
 * keys; goes on there.
 */
static bool
is_swallower(struct rdb_salvage *v, const struct rdb_item *item, bool odd_name)
{
    struct rdb_read *r = &v->r;
    uint64_t end = r->key.end_offset, inner;
    uint64_t from = odd_name ? item->name.start + 1 : r->key.value_offset;
    bool found;

    if (v->whole.checksum == RDB_CHECKSUM_OK ||
        (!odd_name && !r->spoiled && !rdb_item_is_weak(item->byte)))
        return false;
    found = rdb_resync_find_swallowed(&v->resync, from, end, &inner);
    if (found)
        rdb_salvage_keep_lose(v, r->key.offset, inner, 1, item->name.start,
                              "runs into the keys behind it");
    source_seek(v->s, found ? inner : end);
    rdb_read_moved(r);
    return found;
}

/* A key whose value came to an end. */
static bool
take_value(struct rdb_salvage *v, const struct rdb_item *item, bool strange,
           bool odd_name)
{
    struct rdb_read *r = &v->r;
    uint64_t end = r->key.end_offset;

    if (strange && is_nothing(r, item))
        return jump(v, r->key.offset, r->key.offset + 1, 0);
    if (!rdb_salvage_keep_settle(v))
        return false;
    rdb_salvage_sizes_key(&v->sizes, r->key.db);
    if (is_swallower(v, item, odd_name))
        return true;
    if (!r->spoiled && !rdb_salvage_keep_is_twice(v))
        return rdb_salvage_keep_hold(v, item, strange);
    rdb_salvage_keep_lose(
        v, r->key.offset, end, 1, item->name.start,
        r->spoiled ? "its value is bad"
                   : "comes twice, or one of its members does; the first "
                     "stays");
    v->after_bad = r->spoiled;
    /* What follows is seen as it was when this key was compared. */
    if (!r->spoiled)
        v->last = (struct held){r->key, item->name.start, false, strange};
    return true;
}

static bool
take_key(struct rdb_salvage *v, struct rdb_item *item)
{
    struct rdb_read *r = &v->r;
    const struct rdb_blob *name = &item->name;
    bool strange, odd_name;

    if (name->bytes == NULL && name->size > 0)
        r->spoiled = true;
    odd_name = r->spoiled || !rdb_names_is_text(name->bytes, name->size);
    strange = !r->spoiled && v->whole.checksum != RDB_CHECKSUM_OK &&
              !rdb_names_is_like(&v->names, name->bytes, name->size);
    rdb_deep_name_read(r, name);
    /* Damage began in the value before, and goes on in what parses as a key. */
    if (strange && (v->after_bad || rdb_salvage_keep_is_odd(v, r->key.offset)))
        return jump(v, r->key.offset, r->key.offset + 1, 0);
    if (v->pass == RDB_SALVAGE_LEARN && !r->spoiled)
        rdb_names_learn(&v->names, name->bytes, name->size);
    if (!rdb_item_read_value(r, item))
        return jump(v, r->key.offset, r->key.offset + 1, name->start);
    return take_value(v, item, strange, strange || odd_name);
}

void
rdb_salvage_walk(struct rdb_salvage *v)
{
    struct rdb_item item;
    bool on = true;

    while (on && v->s->error.kind == ERROR_NONE) {
        uint64_t db = v->r.key.db;

        switch (rdb_item_read(&v->r, &item)) {
        case RDB_ITEM_OPCODE:
            on = take_opcode(v, &item, db);
            break;
        case RDB_ITEM_KEY:
            on = take_key(v, &item);
            break;
        case RDB_ITEM_END:
            on = rdb_salvage_keep_settle(v) && pass_mark(v, item.offset);
            break;
        case RDB_ITEM_BROKEN:
            v->r.key.db = db;
            on = jump(v, v->r.key.offset, v->r.key.offset + 1, 0);
        }
    }
}
