#include "jobs/counters_rows.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"

enum { BLOCK_BYTES = 262144 };

/* Each row in the file: this and its text. */
struct head {
    uint64_t db_max;
    uint32_t size, key_at, key_size;
};

int
counters_rows_begin(struct counters_rows *r, struct error *e)
{
    *r = (struct counters_rows){.fd = file_scratch(e)};
    if (r->fd < 0)
        return -1;
    r->block = memory_new(BLOCK_BYTES);
    return 0;
}

static int
flush(struct counters_rows *r, struct error *e)
{
    if (file_write(r->fd, r->block, r->used, e) != 0)
        return error_in(e, "the scratch file (TMPDIR)");
    r->used = 0;
    return 0;
}

int
counters_rows_add(struct counters_rows *r, const struct counters_row *row,
                  struct error *e)
{
    const struct head head = {row->db_max, row->size, row->key_at,
                              row->key_size};
    size_t size = sizeof head + row->size;

    if (r->used + size > BLOCK_BYTES && flush(r, e) != 0)
        return -1;
    memcpy(r->block + r->used, &head, sizeof head);
    memcpy(r->block + r->used + sizeof head, row->text, row->size);
    r->used += size;
    r->size_bytes += size;
    r->count++;
    return 0;
}

int
counters_rows_end(struct counters_rows *r, struct error *e)
{
    int rc = flush(r, e);

    free(r->block);
    r->block = NULL;
    return rc;
}

void
counters_rows_clear(struct counters_rows *r)
{
    if (r->fd >= 0)
        close(r->fd);
    free(r->block);
    *r = (struct counters_rows){.fd = -1};
}

/* Cursors share the file but not its position. */
static int
pull(void *context, void *bytes, size_t size, size_t *got, struct error *e)
{
    struct counters_cursor *c = context;

    if (size > BLOCK_BYTES)
        size = BLOCK_BYTES;
    if (file_read_at(c->rows->fd, bytes, size, c->offset, got, e) != 0)
        return error_in(e, "the scratch file (TMPDIR)");
    c->offset += *got;
    return 0;
}

void
counters_cursor_begin(struct counters_cursor *c,
                      const struct counters_rows *rows, uint64_t wanted,
                      uint64_t seed)
{
    *c = (struct counters_cursor){
        .rows = rows,
        .left = rows->count,
        .wanted = wanted < rows->count ? wanted : rows->count,
        .random = seed,
    };
    source_of_pull(&c->source, pull, c, rows->size_bytes);
}

/* SplitMix64 (Steele, Lea, Flood 2014). */
static uint64_t
draw(struct counters_cursor *c)
{
    uint64_t z = c->random += 0x9e3779b97f4a7c15;

    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
}

/* Each row with the chance wanted/left: in the end exactly so many (Knuth,
 * 3.4.2 S). */
static bool
is_chosen(struct counters_cursor *c)
{
    bool chosen = c->wanted == c->left || draw(c) % c->left < c->wanted;

    c->left--;
    c->wanted -= chosen;
    return chosen;
}

bool
counters_cursor_next(struct counters_cursor *c, struct counters_row *row)
{
    struct head head;

    while (c->wanted > 0 && source_want(&c->source, sizeof head)) {
        memcpy(&head, c->source.at, sizeof head);
        if (!source_want(&c->source, sizeof head + head.size))
            break;
        row->db_max = head.db_max;
        row->size = head.size;
        row->key_at = head.key_at;
        row->key_size = head.key_size;
        row->text = (const char *)c->source.at + sizeof head;
        c->source.at += sizeof head + head.size;
        if (is_chosen(c))
            return true;
    }
    return false;
}

int
counters_cursor_end(struct counters_cursor *c, struct error *e)
{
    int rc = 0;

    if (c->wanted > 0)
        rc = error_set(e, ERROR_FAILED, "the scratch file (TMPDIR) was cut");
    if (c->source.error.kind != ERROR_NONE)
        *e = c->source.error;
    source_close(&c->source);
    return rc;
}
