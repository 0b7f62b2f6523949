/*
 * The file is walked three times by the same code: to learn what the names of
 * its keys look like and how many there are, to find keys that come twice
 * among those that are good, and to write. So nothing is held in memory but
 * what was learned, however large the file.
 */
#include "formats/rdb_salvage.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "formats/rdb.h"
#include "formats/rdb_deep.h"
#include "formats/rdb_item.h"
#include "formats/rdb_lzf.h"
#include "formats/rdb_opcode.h"
#include "formats/rdb_resync.h"
#include "formats/rdb_salvage_head.h"
#include "formats/rdb_salvage_sizes.h"

enum { CHECKSUM_SIZE = 8, NAME_SHOWN = 200 };

/* Places of keys that come twice: 32 MiB. */
enum { TWICE_MAX = 4 << 20 };

/* One key in so many has an opcode that keys of the file have. */
enum { SOME_SHARE = 100 };

/* A value that ends like this is hardly text: bytes looked at, odd ones. */
enum { TAIL_BYTES = 16, TAIL_ODD = 5 };

enum pass { LEARN, COMPARE, WRITE };

struct salvage {
    enum pass pass;
    struct source *s;
    struct mend *m;
    struct error *e; /* of what is written */
    bool failed;     /* *e is set */
    struct rdb_salvage_head head;
    struct rdb_result whole; /* of rdb_walk */
    struct rdb_result result;
    struct rdb_read r;
    struct rdb_resync resync;
    struct rdb_names names;
    struct rdb_salvage_sizes sizes;
    uint64_t *twice;
    size_t twice_count, twice_capacity, twice_at;
    uint64_t keys;    /* good ones */
    uint64_t learned; /* the same, of LEARN */
    struct held {     /* the good key before, not kept yet */
        struct rdb_key key;
        uint64_t name; /* its offset */
        bool held, strange;
    } last;
    struct {
        uint64_t begin, end, before; /* db before */
    } select;                        /* not kept yet, if end is not 0 */
    bool after_bad;                  /* the value before was bad */
    uint64_t end_offset;             /* behind the RDB */
    uint64_t opcodes[256];           /* that LEARN saw in front of keys */
};

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

static bool
fail(struct salvage *v)
{
    v->failed = true;
    return false;
}

static bool
keep(struct salvage *v, uint64_t begin, uint64_t end)
{
    if (v->pass == WRITE && mend_keep(v->m, begin, end - begin, v->e) != 0)
        return fail(v);
    return true;
}

/* The name at an offset, for people; NULL: it cannot be read. */
static char *
name_at(struct salvage *v, uint64_t offset)
{
    struct rdb_result result = {.version = v->result.version};
    uint64_t here = source_offset(v->s);
    char shown[NAME_SHOWN];
    struct rdb_read r;
    struct rdb_blob b;
    char *name = NULL;

    source_seek(v->s, offset);
    rdb_read_begin(&r, v->s, NULL, &result);
    r.unsummed = true;
    rdb_read_moved(&r);
    if (rdb_blob_read(&r, &b) && b.bytes != NULL)
        name = memory_dup(text_quote(shown, sizeof shown, b.bytes, b.size));
    free(r.buffer);
    rdb_lzf_free(&r);
    source_seek(v->s, here);
    rdb_read_moved(&v->r);
    return name;
}

/* name: offset of the name; 0: none. keys -1: not known. */
static void
lose(struct salvage *v, uint64_t begin, uint64_t end, int64_t keys,
     uint64_t name, const char *why)
{
    if (v->pass != WRITE)
        return;
    mend_lose(v->m, (struct mend_loss){
                        .offset = begin,
                        .size_bytes = end - begin,
                        .keys = keys,
                        .name = name == 0 ? NULL : name_at(v, name),
                        .why = why,
                        .after_s = -1,
                        .before_s = -1,
                    });
}

static void
note_twice(void *context, uint64_t offset)
{
    struct salvage *v = context;

    if (v->twice_count == TWICE_MAX)
        return;
    v->twice = memory_grow(v->twice, v->twice_count, &v->twice_capacity,
                           sizeof *v->twice);
    v->twice[v->twice_count++] = offset;
}

static int
compare_offsets(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

    return x < y ? -1 : x > y;
}

/* Whether a key, or a member in it, was there before. */
static bool
is_twice(struct salvage *v)
{
    if (v->pass != WRITE)
        return false;
    while (v->twice_at < v->twice_count &&
           v->twice[v->twice_at] < v->r.key.offset)
        v->twice_at++;
    return v->twice_at < v->twice_count &&
           v->twice[v->twice_at] < v->r.key.end_offset;
}

/* Keeps what was held back until it was seen what follows it. */
static bool
settle(struct salvage *v)
{
    uint64_t end;

    if (v->last.held) {
        v->last.held = false;
        v->keys++;
        if (v->pass == WRITE)
            v->m->keys++;
        rdb_salvage_head_need(&v->head, true, v->last.key.type);
        if (!keep(v, v->last.key.offset, v->last.key.end_offset))
            return false;
    }
    if (v->select.end == 0)
        return true;
    end = v->select.end;
    v->select.end = 0;
    return keep(v, v->select.begin, end);
}

static bool
hold_key(struct salvage *v, const struct rdb_item *item, bool strange)
{
    if (v->pass == COMPARE)
        rdb_deep_key(&v->r);
    v->after_bad = false;
    v->last = (struct held){v->r.key, item->name.start, true, strange};
    return true;
}

/* Goes on at an offset. */
static void
move_to(struct salvage *v, uint64_t offset)
{
    source_seek(v->s, offset);
    rdb_read_moved(&v->r);
    v->r.pending = false;
    v->r.inside = NULL;
}

/* Whether the good key that ends there may have been hurt at its end. */
static bool
is_last_odd(const struct salvage *v, uint64_t end)
{
    unsigned char tail[TAIL_BYTES];
    uint64_t size = v->last.key.end_offset - v->last.key.value_offset;
    struct error ignored = {0};
    size_t got = 0;

    if (v->last.key.end_offset != end || !rdb_item_is_weak(v->last.key.type) ||
        v->last.key.type == 3 || v->last.key.type == 5)
        return false;
    size = size < TAIL_BYTES ? size : TAIL_BYTES;
    return source_read_at(v->s, tail, size, end - size, &got, &ignored) == 0 &&
           rdb_names_odd_bytes(tail, got) > TAIL_ODD;
}

/* Whether a key stands right behind the hole, that may have had an expiry. */
static bool
may_have_expired(const struct salvage *v, uint64_t offset)
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
select_next(struct salvage *v)
{
    unsigned char select[6] = {RDB_ITEM_SELECT, 0x80};
    uint64_t db = ++v->r.key.db;

    v->resync.db = db;
    for (unsigned i = 0; i < 4; i++)
        select[2 + i] = (unsigned char)(db >> (8 * (3 - i)));
    if (v->pass == WRITE && mend_put(v->m, select, sizeof select, v->e) != 0)
        return fail(v);
    return true;
}

/* Damage from begin on; goes on behind it, or ends. name as for lose. */
static bool
jump(struct salvage *v, uint64_t begin, uint64_t from, uint64_t name)
{
    enum rdb_salvage_change change = RDB_SALVAGE_NO_CHANGE;
    enum rdb_resync_found found;
    uint64_t offset;
    int64_t keys;

    v->r.pending = false;
    v->after_bad = false;
    v->resync.db = v->r.key.db;
    found = rdb_resync_find(&v->resync, from, &offset);
    keys =
        rdb_salvage_sizes_hole(&v->sizes, v->r.key.db, offset - begin, &change);
    if (v->last.held && v->last.strange && v->last.key.end_offset == begin) {
        v->last.held = false;
        lose(v, v->last.key.offset, begin, 1, v->last.name,
             "its name is like no other, and what follows it is damaged");
    } else if (is_last_odd(v, begin))
        lose(v, begin, begin, 0, v->last.name,
             "kept, but what follows it is damaged: the end of its value may "
             "be, too");
    if (!settle(v))
        return false;
    if (found == RDB_RESYNC_ITEM) {
        lose(v, begin, offset, keys, name,
             hole_words[may_have_expired(v, offset)][change]);
        if (change == RDB_SALVAGE_CHANGES && !select_next(v))
            return false;
    } else {
        lose(v, begin, offset, keys, name,
             v->resync.gave_up ? "does not parse, and what follows looks too "
                                 "much like keys everywhere"
                               : hole_words[0][RDB_SALVAGE_NO_CHANGE]);
    }
    move_to(v, offset);
    v->end_offset = offset;
    return found == RDB_RESYNC_ITEM || found == RDB_RESYNC_END;
}

/* A mark that is not the last thing may be a damaged byte. False: the end. */
static bool
pass_mark(struct salvage *v, uint64_t mark)
{
    uint64_t behind = mark + 1, offset;
    uint64_t size = v->s->size_bytes;

    if (v->head.version >= RDB_CHECKSUM_SINCE)
        behind += CHECKSUM_SIZE;
    v->end_offset = behind < size ? behind : size;
    if (behind > size)
        lose(v, mark + 1, size, 0, 0, "the checksum is cut off");
    if (rdb_resync_is_end(&v->resync, mark) || behind >= size ||
        (v->whole.end_offset == behind &&
         v->whole.checksum != RDB_CHECKSUM_BAD))
        return false;
    v->resync.db = v->r.key.db;
    if (rdb_resync_find(&v->resync, mark + 1, &offset) != RDB_RESYNC_ITEM)
        return false;
    return jump(v, mark, mark + 1, 0);
}

/* What stands in front of at least some keys may begin one behind a hole. */
static void
allow_opcodes(struct salvage *v)
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
take_sizes(struct salvage *v, const struct rdb_item *item)
{
    struct rdb_read *r = &v->r;
    uint64_t end = source_offset(v->s);

    if (rdb_salvage_sizes_select(&v->sizes, r->key.db, item->sizes[0]) ||
        v->select.end != item->offset)
        return settle(v) && keep(v, item->offset, end);
    lose(v, v->select.begin, end, 0, 0,
         "selects a database once more: a copy of an earlier part of the file");
    r->key.db = v->select.before;
    v->select.end = 0;
    return true;
}

static bool
take_opcode(struct salvage *v, const struct rdb_item *item, uint64_t db)
{
    struct rdb_read *r = &v->r;
    uint64_t end = source_offset(v->s);

    if (r->pending) {
        v->opcodes[item->byte] += v->pass == LEARN;
        if (v->pass == LEARN)
            allow_opcodes(v);
        return true;
    }
    if (item->byte == RDB_ITEM_RESIZE)
        return take_sizes(v, item);
    if (!settle(v))
        return false;
    if (r->spoiled) {
        lose(v, item->offset, end, 0, 0, "a library of functions is damaged");
        return true;
    }
    rdb_salvage_head_need(&v->head, false, item->byte);
    if (item->byte != RDB_ITEM_SELECT)
        return keep(v, item->offset, end);
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

/* Whether its length was damaged, so that it runs into keys; goes on there. */
static bool
is_swallower(struct salvage *v, const struct rdb_item *item, bool strange)
{
    struct rdb_read *r = &v->r;
    uint64_t end = r->key.end_offset, inner;
    bool found;

    if (v->whole.checksum == RDB_CHECKSUM_OK ||
        (!strange && !r->spoiled && !rdb_item_is_weak(item->byte)))
        return false;
    found = rdb_resync_find_swallowed(
        &v->resync, strange ? r->key.offset + 1 : r->key.value_offset, end,
        &inner);
    if (found)
        lose(v, r->key.offset, inner, 1, item->name.start,
             "its value runs into the keys behind it");
    source_seek(v->s, found ? inner : end);
    rdb_read_moved(r);
    return found;
}

/* A key whose value came to an end. */
static bool
take_value(struct salvage *v, const struct rdb_item *item, bool strange)
{
    struct rdb_read *r = &v->r;
    uint64_t end = r->key.end_offset;

    if (strange && is_nothing(r, item))
        return jump(v, r->key.offset, r->key.offset + 1, 0);
    if (!settle(v))
        return false;
    rdb_salvage_sizes_key(&v->sizes, r->key.db);
    if (is_swallower(v, item, strange))
        return true;
    if (!r->spoiled && !is_twice(v))
        return hold_key(v, item, strange);
    lose(v, r->key.offset, end, 1, item->name.start,
         r->spoiled ? "its value is bad"
                    : "comes twice, or one of its members does; the first "
                      "stays");
    v->after_bad = r->spoiled;
    return true;
}

static bool
take_key(struct salvage *v, struct rdb_item *item)
{
    struct rdb_read *r = &v->r;
    const struct rdb_blob *name = &item->name;
    bool strange;

    if (name->bytes == NULL && name->size > 0)
        r->spoiled = true;
    strange = !r->spoiled && v->whole.checksum != RDB_CHECKSUM_OK &&
              !rdb_names_is_like(&v->names, name->bytes, name->size);
    rdb_deep_name_read(r, name);
    /* Damage began in the value before, and goes on in what parses as a key. */
    if (strange && (v->after_bad || is_last_odd(v, r->key.offset)))
        return jump(v, r->key.offset, r->key.offset + 1, 0);
    if (v->pass == LEARN && !r->spoiled)
        rdb_names_learn(&v->names, name->bytes, name->size);
    if (!rdb_item_read_value(r, item))
        return jump(v, r->key.offset, r->key.offset + 1, name->start);
    return take_value(v, item, strange);
}

static void
walk(struct salvage *v)
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
            on = settle(v) && pass_mark(v, item.offset);
            break;
        case RDB_ITEM_BROKEN:
            on = jump(v, v->r.key.offset, v->r.key.offset + 1, 0);
        }
    }
}

/* The new file's first and last bytes are made by WRITE alone. */
static int
run(struct salvage *v, enum pass pass)
{
    int rc = 0;

    v->pass = pass;
    v->keys = 0;
    v->result = (struct rdb_result){
        .version = v->head.version,
        .valkey_magic = v->head.valkey,
    };
    rdb_salvage_sizes_begin(&v->sizes);
    rdb_read_begin(&v->r, v->s, NULL, &v->result);
    v->r.unsummed = true;
    rdb_deep_begin(&v->r);
    if (pass == COMPARE)
        rdb_deep_tell_twice(&v->r, note_twice, v);
    rdb_resync_begin(&v->resync, v->s, &v->names, &v->result);
    allow_opcodes(v);
    v->last = (struct held){0};
    v->select.end = 0;
    v->after_bad = false;
    move_to(v, v->head.end_offset);
    walk(v);
    if (!v->failed)
        settle(v);
    if (pass == COMPARE && !v->failed)
        rc = rdb_deep_end(&v->r, v->e);
    rdb_resync_end(&v->resync);
    rdb_deep_free(&v->r);
    rdb_lzf_free(&v->r);
    free(v->r.buffer);
    if (rc == 0 && v->s->error.kind != ERROR_NONE) {
        *v->e = v->s->error;
        rc = -1;
    }
    return v->failed ? -1 : rc;
}

/* What was kept all the same although the checksum is wrong. */
static void
tell_doubt(struct salvage *v)
{
    if (v->whole.checksum == RDB_CHECKSUM_BAD && v->m->count == 0)
        lose(v, v->head.begin, v->head.begin, 0, 0,
             "the checksum is wrong though all can be read: some value may "
             "have changed, and nobody can say which");
}

static int
write_new(struct salvage *v)
{
    if (rdb_salvage_head_write(&v->head, v->m, v->e) != 0 || run(v, WRITE) != 0)
        return -1;
    tell_doubt(v);
    if (mend_put_rdb_end(v->m, v->head.new_version, v->e) != 0)
        return -1;
    source_seek(v->s, v->end_offset);
    return 0;
}

static int
mend(struct salvage *v)
{
    if (run(v, LEARN) != 0)
        return -1;
    rdb_salvage_sizes_freeze(&v->sizes);
    v->learned = v->keys;
    if (!v->head.intact && v->keys == 0)
        return error_set(v->e, ERROR_REFUSED,
                         "neither the head of an RDB nor any key can be found "
                         "in it");
    if (run(v, COMPARE) != 0)
        return -1;
    if (v->twice_count == TWICE_MAX)
        return error_set(v->e, ERROR_REFUSED,
                         "more than %d keys come twice: this is no RDB that a "
                         "server wrote",
                         (int)TWICE_MAX);
    if (v->twice_count > 0)
        qsort(v->twice, v->twice_count, sizeof *v->twice, compare_offsets);
    return write_new(v);
}

int
rdb_salvage(struct source *s, struct mend *m, struct error *e)
{
    struct rdb_options deep = {.deep = true};
    uint64_t begin = source_offset(s);
    struct salvage *v;
    int rc = -1;

    v = memory_new(sizeof *v);
    v->s = s;
    v->m = m;
    v->e = e;
    if (rdb_walk(s, &deep, NULL, &v->whole, e) != 0 ||
        rdb_salvage_head_read(&v->head, s, begin, &v->whole, e) != 0)
        goto out;
    if (v->whole.verdict == VERDICT_SOUND) {
        m->keys += v->whole.keys;
        source_seek(s, v->whole.end_offset);
        rc = mend_keep(m, begin, v->whole.end_offset - begin, e);
        goto out;
    }
    rc = mend(v);

out:
    free(v->twice);
    free(v);
    return rc;
}
