#include "formats/rdb_salvage_keep.h"

#include <stdlib.h>

#include "base/memory.h"
#include "base/text.h"
#include "formats/rdb_deep.h"
#include "formats/rdb_lzf.h"

enum { NAME_SHOWN = 200 };

/* A value that ends like this is hardly text: bytes looked at, odd ones. */
enum { TAIL_BYTES = 16, TAIL_ODD = 5 };

bool
rdb_salvage_keep_fail(struct rdb_salvage *v)
{
    v->failed = true;
    return false;
}

bool
rdb_salvage_keep_range(struct rdb_salvage *v, uint64_t begin, uint64_t end)
{
    if (v->pass == RDB_SALVAGE_WRITE &&
        mend_keep(v->m, begin, end - begin, v->e) != 0)
        return rdb_salvage_keep_fail(v);
    return true;
}

void
rdb_salvage_keep_move(struct rdb_salvage *v, uint64_t offset)
{
    source_seek(v->s, offset);
    rdb_read_moved(&v->r);
    v->r.pending = false;
    v->r.inside = NULL;
}

/* The name at an offset, for people; NULL: it cannot be read. */
static char *
name_at(struct rdb_salvage *v, uint64_t offset)
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

void
rdb_salvage_keep_lose(struct rdb_salvage *v, uint64_t begin, uint64_t end,
                      int64_t keys, uint64_t name, const char *why)
{
    if (v->pass != RDB_SALVAGE_WRITE)
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

bool
rdb_salvage_keep_hold(struct rdb_salvage *v, const struct rdb_item *item,
                      bool strange)
{
    if (v->pass == RDB_SALVAGE_COMPARE)
        rdb_deep_key(&v->r);
    v->after_bad = false;
    v->last = (struct held){v->r.key, item->name.start, true, strange};
    return true;
}

bool
rdb_salvage_keep_settle(struct rdb_salvage *v)
{
    uint64_t end;

    if (v->last.held) {
        v->last.held = false;
        v->keys++;
        if (v->pass == RDB_SALVAGE_WRITE)
            v->m->keys++;
        rdb_salvage_head_need(&v->head, true, v->last.key.type);
        if (!rdb_salvage_keep_range(v, v->last.key.offset,
                                    v->last.key.end_offset))
            return false;
    }
    if (v->select.end == 0)
        return true;
    end = v->select.end;
    v->select.end = 0;
    return rdb_salvage_keep_range(v, v->select.begin, end);
}

bool
rdb_salvage_keep_is_odd(const struct rdb_salvage *v, uint64_t end)
{
    unsigned char tail[TAIL_BYTES];
    uint64_t size = v->last.key.end_offset - v->last.key.value_offset;
    struct error ignored = {0};
    size_t got = 0;

    if (v->last.key.end_offset != end || !rdb_item_is_weak(v->last.key.type) ||
        v->last.key.type == 3 || v->last.key.type == 5)
        return false;
    size = size < TAIL_BYTES ? size : TAIL_BYTES;
    /* A compressed string that can be unpacked ends where it should. */
    if (v->r.packed_end <= end && end - v->r.packed_end < size)
        size = end - v->r.packed_end;
    return source_read_at(v->s, tail, size, end - size, &got, &ignored) == 0 &&
           rdb_names_odd_bytes(tail, got) > TAIL_ODD;
}

void
rdb_salvage_keep_note_twice(void *context, uint64_t offset)
{
    struct rdb_salvage *v = context;

    if (v->twice_count == RDB_SALVAGE_TWICE_MAX)
        return;
    v->twice = memory_grow(v->twice, v->twice_count, &v->twice_capacity,
                           sizeof *v->twice);
    v->twice[v->twice_count++] = offset;
}

bool
rdb_salvage_keep_is_twice(struct rdb_salvage *v)
{
    if (v->pass != RDB_SALVAGE_WRITE)
        return false;
    while (v->twice_at < v->twice_count &&
           v->twice[v->twice_at] < v->r.key.offset)
        v->twice_at++;
    return v->twice_at < v->twice_count &&
           v->twice[v->twice_at] < v->r.key.end_offset;
}
